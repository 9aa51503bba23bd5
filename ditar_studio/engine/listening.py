"""Listening to sound that is already made, by the phonetic reader of the built-in model alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ditar_studio.engine.load import built_in_folder
from ditar_studio.engine.native import WEIGHTS
from ditar_studio.engine.word_check import differing_words
from ditar_studio.errors import StudioError
from ditar_studio.inference.threads import one_thread
from ditar_studio.model.weights import load_ditar
from ditar_studio.text.phonemes import read
from ditar_studio.text.word_spans import Span, spans_of

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.model.reader import PhoneticReader
    from ditar_studio.text.lexicon import Lexicon


class ReaderListener:
    """Keeps the reader loaded; its first use takes about a second. Not for the GUI thread.

    Raises:
        StudioError: the built-in model's files can't be used, or it has no reader.
    """

    def __init__(self) -> None:
        with one_thread():
            model = load_ditar(built_in_folder() / WEIGHTS)
        if model.reader is None:
            raise StudioError("The built-in model can't listen.", "Install DiTAR Studio again.")
        self._reader: PhoneticReader = model.reader
        self._rate = model.config.vae.sample_rate
        self._hop = model.config.vae.hop

    @torch.inference_mode()
    def differing(self, clip: Clip, text: str, lexicon: Lexicon | None = None) -> list[Span]:
        """The words of an English text that a clip doesn't say as they are written.

        Raises:
            StudioError: there is nothing in `text` that can be read.
        """
        reading = read(text, lexicon)
        samples = clip.resample(self._rate).samples
        whole = -(-max(1, len(samples)) // self._hop) * self._hop
        wave = torch.from_numpy(np.pad(samples, (0, whole - len(samples))))
        with one_thread():
            words = differing_words(self._reader(wave[None])[0], reading)
        spans = spans_of(text, reading.words)
        return list(dict.fromkeys(spans[word] for word in words))
