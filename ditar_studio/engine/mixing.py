"""A voice between voices: their speaker embeddings mixed, and speech of it as its reference.

The model speaks from the prompt of the nearest voice, with the mixed embedding; what it says is the
prompt of a second round, so that little is left of whose prompt was first. Measured between a woman
at 187 Hz and a man at 97 Hz: at 25, 50 and 75 % the voice is at 179, 127 and 102 Hz, and its
likeness to the one falls from 0.94 to -0.24 while that to the other rises from -0.22 to 0.91.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch.nn import functional

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from ditar_studio.engine.native_utterance import NativeVoice
    from ditar_studio.engine.speech_model import SpeechModel

TEXTS = (
    "The evening light lay softly on the water, and nobody on the shore said a word.",
    "Why would they?",
    "Tomorrow the boats go out again, and the whole village will be up before the sun.",
)
"""What is said in the reference of a mixed voice; the first alone where it is only tried."""

_TRIES = 2
_GAP_SECONDS = 0.3


@dataclass(frozen=True, eq=False)
class MixedVoice:
    """Speech of a mixed voice.

    Attributes:
        clip: what it says.
        transcript: the words that are said.
    """

    clip: Clip
    transcript: str


def mix(
    model: SpeechModel,
    parts: Sequence[tuple[Reference, float]],
    cancel: threading.Event,
    voices: VoiceCache | None = None,
    *,
    whole: bool = True,
) -> MixedVoice | None:
    """Let a voice between voices speak; None if it was cancelled.

    Args:
        parts: what the voices speak from, and their shares; two at least with a share above 0.
        voices: keeps encoded voices.
        whole: whether all of the reference is wanted; else a sentence to listen to.

    Raises:
        StudioError: the model can't mix voices, a reference can't be used, or there is only one.
    """
    if not model.info.mixes_voices:
        raise StudioError(f"{model.info.name} can't mix voices.", "Choose the built-in model.")
    assert isinstance(model, NativeModel), "a model that says so"
    shares = [(replace(reference, adapter=None), share) for reference, share in parts if share > 0]
    if len(shares) < 2:
        raise StudioError("A mixture needs two voices.", "Give two voices a share above 0.")
    cache = voices or VoiceCache(model)
    encoded = [(cast("NativeVoice", cache.get(each)), share) for each, share in shares]
    return _Mixing(model, encoded, cancel).speak(TEXTS if whole else TEXTS[:1])


class _Mixing:
    def __init__(
        self,
        model: NativeModel,
        encoded: Sequence[tuple[NativeVoice, float]],
        cancel: threading.Event,
    ) -> None:
        self._model = model
        self._cancel = cancel
        self._nearest = max(encoded, key=lambda each: each[1])[0]
        total = sum(share for _, share in encoded)
        mixed = [share / total * _embedding(voice) for voice, share in encoded]
        self._speaker = functional.normalize(torch.stack(mixed).sum(0), dim=0)
        pace = sum(share / total * voice.pace for voice, share in encoded)
        self._pace = pace

    def speak(self, texts: Sequence[str]) -> MixedVoice | None:
        """Let the mixed voice speak."""
        first = self._best_attempt(self._between(self._nearest), TEXTS[0])
        if first is None:
            return None
        rate = self._model.info.sample_rate
        own = self._between(self._model.encode(Clip(first, rate), TEXTS[0]).voice)
        gap = np.zeros(round(_GAP_SECONDS * rate), np.float32)
        pieces: list[NDArray[np.float32]] = []
        for text in texts:
            said = self._best_attempt(own, text)
            if said is None:
                return None
            pieces += [said, gap]
        return MixedVoice(Clip(np.concatenate(pieces[:-1]), rate), " ".join(texts))

    def _between(self, voice: NativeVoice) -> NativeVoice:
        """Return a voice that goes on from a prompt with the mixed embedding."""
        prompt = replace(voice.prompt, voice=self._speaker)
        return replace(
            voice, prompt=prompt, speaker=self._speaker, timbre=None, tuned=None, pace=self._pace
        )

    def _best_attempt(self, voice: NativeVoice, text: str) -> NDArray[np.float32] | None:
        """Return a sentence, the best of a few attempts by what the model hears itself say."""
        settings = self._model.info.default_settings
        found: list[tuple[float, NDArray[np.float32]]] = []
        for seed in range(_TRIES):
            generator = torch.Generator().manual_seed(seed)
            utterance = self._model.begin(text, voice, settings, generator)
            pieces = []
            for _ in range(utterance.max_patches):
                if self._cancel.is_set():
                    return None
                patch = utterance.step()
                pieces.append(patch.samples)
                if patch.stop_probability >= settings.stop_threshold:
                    break
            samples = np.concatenate([*pieces, utterance.finish()])
            check = utterance.verify(samples)
            found.append((check.score if check is not None else 0.0, samples))
        return max(found, key=lambda each: each[0])[1]


def _embedding(voice: NativeVoice) -> torch.Tensor:
    embedding = voice.speaker if voice.speaker is not None else voice.prompt.voice
    assert embedding is not None, "the model has a speaker encoder"
    return embedding
