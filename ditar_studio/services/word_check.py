"""Listening to takes: which of their words were heard otherwise than they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.services.take_sound import read_sound
from ditar_studio.store.take import WordCheck
from ditar_studio.text import lexicon
from ditar_studio.text.comparing import words_that_differ
from ditar_studio.text.markup import without_marks
from ditar_studio.text.phonemes import unreadable
from ditar_studio.text.word_spans import words_in

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.transcribe import Transcriber
    from ditar_studio.engine.listening import ReaderListener
    from ditar_studio.store.take import Listener, Take

_FOREIGN = 0.5
"""Where more of the words differ, the text is in another language than the listener's."""


def whisper_is_installed() -> bool:
    """Return whether Whisper can listen."""
    from ditar_studio.audio.analysis.transcribe import TRANSCRIPTION

    return TRANSCRIPTION.installed


class InstalledListeners:
    """Listens to takes by what is installed; each is loaded when it is first needed."""

    def __init__(self) -> None:
        self._reader: ReaderListener | None = None
        self._whisper: Transcriber | None = None

    def __call__(self, take: Take, by: Listener) -> WordCheck | None:
        """Return what is heard of a take; None where its text is not English. Takes seconds."""
        text, places = without_marks(take.text)
        if unreadable(text):
            return None
        words = lexicon.parse(take.recipe.pronunciations) if take.recipe.pronunciations else None
        clip = read_sound(take.path, take.edit)
        if by == "reader":
            from ditar_studio.engine.listening import ReaderListener

            self._reader = self._reader or ReaderListener()
            differing = self._reader.differing(clip, text, words)
        else:
            from ditar_studio.audio.analysis.transcribe import Transcriber

            self._whisper = self._whisper or Transcriber(threads=1)
            try:
                heard = self._whisper.transcribe(clip).text
            except StudioError:  # no words were heard
                heard = ""
            differing = words_that_differ(text, heard, words)
        english = take.verification is not None  # the model that spoke it speaks nothing else
        if not english and len(differing) > max(1, _FOREIGN * len(words_in(text))):
            return None
        return WordCheck(by, tuple((places[a], places[b - 1] + 1) for a, b in differing))
