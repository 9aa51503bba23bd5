"""Listening to sound that is already made, by reader and speaker encoder of the built-in model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ditar_studio.engine.load import built_in_folder
from ditar_studio.engine.native import WEIGHTS
from ditar_studio.engine.sounds import misheard, sounds_of
from ditar_studio.engine.speech_model import Verification
from ditar_studio.engine.word_check import differing_words
from ditar_studio.errors import StudioError
from ditar_studio.inference.threads import one_thread
from ditar_studio.model.weights import load_ditar
from ditar_studio.text.phonemes import read
from ditar_studio.text.word_spans import Span, spans_of

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.model.reader import PhoneticReader
    from ditar_studio.model.speaker import SpeakerEncoder
    from ditar_studio.text.lexicon import Lexicon


class ReaderListener:
    """Keeps reader and speaker encoder loaded; their first use takes about a second.

    Not for the GUI thread.

    Raises:
        StudioError: the built-in model's files can't be used, or it can't listen.
    """

    def __init__(self) -> None:
        with one_thread():
            model = load_ditar(built_in_folder() / WEIGHTS)
        if model.reader is None or model.speaker is None:
            raise StudioError("The built-in model can't listen.", "Install DiTAR Studio again.")
        self._reader: PhoneticReader = model.reader
        self._speaker: SpeakerEncoder = model.speaker
        self._rate = model.config.vae.sample_rate
        self._hop = model.config.vae.hop

    @torch.inference_mode()
    def differing(self, clip: Clip, text: str, lexicon: Lexicon | None = None) -> list[Span]:
        """Return the words of an English text that a clip doesn't say as they are written.

        Raises:
            StudioError: there is nothing in `text` that can be read.
        """
        reading = read(text, lexicon)
        wave = self._wave(clip)
        with one_thread():
            words = differing_words(self._reader(wave[None])[0], reading)
        spans = spans_of(text, reading.words)
        return list(dict.fromkeys(spans[word] for word in words))

    @torch.inference_mode()
    def embedding(self, clip: Clip) -> Tensor:
        """Return the speaker embedding [SIZE] of a clip."""
        with one_thread():
            embedding: Tensor = self._speaker(self._wave(clip)[None])[0]
        return embedding

    @torch.inference_mode()
    def verification(self, clip: Clip, text: str, speaker: Tensor) -> Verification:
        """Return how well the words of an English text, and a speaker [SIZE], are recognised in a
        clip.
        """
        wave = self._wave(clip)[None]
        with one_thread():
            log_probs, embedding = self._reader(wave)[0], self._speaker(wave)[0]
        count, errors = misheard(log_probs, sounds_of(text, None))
        return Verification(count, errors, float(embedding @ speaker))

    def _wave(self, clip: Clip) -> Tensor:
        """Return samples [n] of whole hops, at the rate that is listened at."""
        samples = clip.resample(self._rate).samples
        whole = -(-max(self._rate // 10, len(samples)) // self._hop) * self._hop
        return torch.from_numpy(np.pad(samples, (0, whole - len(samples))))
