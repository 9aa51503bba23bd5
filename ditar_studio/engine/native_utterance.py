"""A sentence on its way through DiTAR: patch by patch, with the text pointer watched over."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ditar_studio.engine.guards import SilenceGuard
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.sounds import misheard
from ditar_studio.engine.speech_model import PatchOutput, PreparedVoice, Verification
from ditar_studio.engine.word_check import differing_words
from ditar_studio.engine.word_times import WordClock, WordTime
from ditar_studio.inference.ditar import DiTARRequest, DiTARRuntime, Prompt
from ditar_studio.inference.patch_sampler import TunedSampler
from ditar_studio.model.sampling import Sampling
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import Reading
from ditar_studio.text.word_spans import Span, spans_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OVER = 1.8
_LINGER = 0.6
_LONGEST_PAUSE = 6  # silent patches within a sentence


@dataclass(frozen=True, eq=False)
class NativeVoice(PreparedVoice):
    """An encoded reference.

    Attributes:
        prompt: the reference as the model's input; its embedding may be a corrected one.
        pace: seconds a sound in it.
        speaker: [SIZE] the reference's own embedding, for models with one.
        timbre: [bands] correction of the model's rendering of it; see `model.timbre`.
        tuned: what draws its patches, where it is fine-tuned.
    """

    prompt: Prompt
    pace: float
    speaker: torch.Tensor | None = None
    timbre: torch.Tensor | None = None
    tuned: TunedSampler | None = None


class NativeUtterance:
    """A sentence being spoken; implements `Utterance`."""

    def __init__(
        self,
        runtime: DiTARRuntime,
        sounds: list[str],
        voice: NativeVoice | None,
        settings: GenerationSettings,
        generator: torch.Generator | None,
        expected_patches: int,
    ) -> None:
        self.expected_patches = expected_patches
        self.max_patches = math.ceil(_OVER * expected_patches) + 8
        self._runtime, self._config = runtime, runtime.model.config
        self._sounds = sounds
        indices = torch.tensor(symbols.encode(sounds))
        self._speaker = None if voice is None else voice.speaker
        request = DiTARRequest(indices)
        if voice is not None:
            request = DiTARRequest(indices, voice.prompt, voice.tuned, voice.timbre)
        sampling = Sampling(settings.temperature, settings.guidance, settings.steps)
        self._state = runtime.prefill(request, sampling, generator)
        self._lingered = 0
        self._silence = SilenceGuard(self._config.vae.sample_rate)
        # Sound comes a patch after what it is the sound of.
        self._units: deque[int] = deque(maxlen=_LONGEST_PAUSE + 2)
        self._first_unit = 0 if self._state.pointer is None else self._state.pointer.unit + 1
        self._clock: WordClock | None = None
        self._text: tuple[str, Reading] | None = None

    @property
    def word_times(self) -> list[WordTime]:
        """The words that have been said; see `Utterance.word_times`."""
        return [] if self._clock is None else self._clock.done

    def follow(self, text: str, reading: Reading) -> None:
        """Tell when and whether the words of a text are said, of which the sounds are."""
        self._text = text, reading
        if self._state.pointer is not None:
            self._clock = WordClock(text, reading, 1 / self._config.vae.latent_rate)

    def step(self) -> PatchOutput:
        """Make the next patch.

        A model with a pointer into the text is not at its end before the pointer is, and not long
        after it either. Nor does it fall silent before.
        """
        patch = self._runtime.step(self._state)
        stop = patch.stop_probability
        sound: NDArray[np.float32] = self._runtime.decode(self._state, patch).numpy()
        pointer = self._state.pointer
        if pointer is not None:
            self._silence.feed(sound)
            self._units.append(pointer.unit)
            if self._clock is not None:
                for unit in pointer.recent:
                    self._clock.move(unit - self._first_unit)
            self._lingered = self._lingered + 1 if pointer.at_end else 0
            if not pointer.at_end:
                stop = 0.0
                self._end_long_pause()
            elif self._lingered >= _LINGER * self._config.patch_rate:
                stop = 1.0
        return PatchOutput(sound, stop)

    def _end_long_pause(self) -> None:
        """Begin the next sound where a pause grows longer than speech has pauses.

        Within a pause the model may come to believe that the text is at its end, and never move the
        pointer again. Sounds that passed in silence are spoken now.
        """
        silent = round(self._silence.silent_seconds * self._config.patch_rate)
        if self._silence.has_speech and silent >= _LONGEST_PAUSE:
            self._state.move_pointer(self._units[0])
            self._units.clear()
            self._silence.resume()

    def finish(self) -> NDArray[np.float32]:
        """Return what the decoder's look-ahead still holds."""
        if self._clock is not None:
            self._clock.finish()
        tail: NDArray[np.float32] = self._runtime.flush(self._state).numpy()
        return tail

    def verify(self, samples: NDArray[np.float32]) -> Verification | None:
        """Recognise samples by the model's reader and speaker encoder; see `Utterance.verify`."""
        model = self._runtime.model
        if model.reader is None or model.speaker is None:
            return None
        size = self._config.patch_samples
        rest = max(size, -(-len(samples) // size) * size) - len(samples)
        wave = torch.from_numpy(np.pad(samples, (0, rest)))
        log_probs = self._runtime.read(wave)[0]
        count, errors = misheard(log_probs, self._sounds)
        likeness = None
        if self._speaker is not None:
            likeness = float(self._runtime.embed_speaker(wave) @ self._speaker)
        return Verification(count, errors, likeness, self._differing(log_probs))

    def _differing(self, log_probs: torch.Tensor) -> tuple[Span, ...]:
        """Return the words of the text that are not heard as they are written."""
        if self._text is None:
            return ()
        text, reading = self._text
        spans = spans_of(text, reading.words)
        found = (spans[word] for word in differing_words(log_probs, reading))
        return tuple(dict.fromkeys(found))
