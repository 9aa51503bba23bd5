"""Pronunciations: the lists, and one word that is heard and chosen."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.services.speech_events import Failed
from ditar_studio.text import lexicon, lexicon_files
from ditar_studio.text.lexicon import Lexicon
from ditar_studio.ui.features.pronunciations.lexicon_dialog import PronunciationsDialog
from ditar_studio.ui.features.pronunciations.word_dialog import WordDialog
from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.services.voice_library import Voice
    from ditar_studio.ui.features.player.playback import Playback
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.features.script.panel import ScriptPanel
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.features.speaking.engine import Engine
    from ditar_studio.ui.kit.host import Host

_WORD = re.compile(r"[\w'’-]+")


class PronunciationCommands:
    """Handles the actions of pronunciations."""

    def __init__(
        self,
        host: Host,
        document: Document,
        script: Script,
        panel: ScriptPanel,
        engine: Engine,
        playback: Playback,
    ) -> None:
        self._host = host
        self._document = document
        self._script = script
        self._panel = panel
        self._engine = engine
        self._playback = playback
        self._toasts = host.toasts
        self._trying = False
        host.actions.handle("script.words", self.edit_lists)
        host.actions.handle("script.word", self.choose_word)

    def edit_lists(self) -> None:
        """Open the project's pronunciation list, and that of all projects."""
        self._document.submit(
            self._document.library.projects.general_lexicon, done=self._show_lists
        )

    def choose_word(self) -> None:
        """Open the readings of the word at the cursor, or of what is selected."""
        word = self._word_at_cursor()
        self._document.submit(
            self._document.library.projects.general_lexicon,
            done=lambda general: self._show_word(word, general),
        )

    # --- lists

    def _show_lists(self, general: str) -> None:
        if self._document.snapshot is None:
            return
        dialog = PronunciationsDialog(self._document.snapshot.project.settings.lexicon, general)
        dialog.changed.connect(self._keep)
        dialog.general_changed.connect(self._keep_general)
        self._host.show_dialog(dialog)

    def _keep(self, text: str) -> None:
        self._document.submit(
            self._document.library.projects.change_settings,
            self._document.project_id,
            label=tr("Change pronunciations"),
            lexicon=text,
        )

    def _keep_general(self, text: str) -> None:
        self._document.submit(self._document.library.projects.set_general_lexicon, text)

    # --- one word

    def _word_at_cursor(self) -> str:
        shown = self._panel.rows.get(self._script.selected)
        if shown is None:
            return ""
        cursor = shown.text.textCursor()
        if cursor.hasSelection():
            return " ".join(cursor.selectedText().split()).strip('.,;:!?“”"()')
        place = shown.text.place
        for match in _WORD.finditer(shown.text.toPlainText()):
            if match.start() <= place <= match.end():
                return match[0].strip("'’-")
        return ""

    def _show_word(self, word: str, general: str) -> None:
        snapshot = self._document.snapshot
        if snapshot is None:
            return
        own = snapshot.project.settings.lexicon
        try:
            known = Lexicon({**lexicon.parse(general).entries, **lexicon.parse(own).entries})
        except StudioError:
            known = Lexicon()
        dialog = WordDialog(word, known)
        dialog.play_asked.connect(self.speak)
        dialog.chosen.connect(
            lambda spelled, said, for_all: self._add(spelled, said, for_all, general)
        )
        self._host.show_dialog(dialog)

    def _add(self, word: str, said: str, for_all: bool, general: str) -> None:
        snapshot = self._document.snapshot
        if snapshot is None:
            return
        own = snapshot.project.settings.lexicon
        try:
            text = lexicon_files.merged(general if for_all else own, {word: said})
        except StudioError as error:
            self._toasts.notify(error.message, "danger", error.remedy)
            return
        (self._keep_general if for_all else self._keep)(text)

    def speak(self, word: str, said: str) -> None:
        """Speak a word as it would be said, in the voice of the selected line."""
        engine, playback = self._engine, self._playback
        if engine.speaking or self._trying or engine.state is not ModelState.READY:
            self._toasts.notify(tr("It can be heard when nothing else is spoken."), "info")
            return
        voice = self._voice()
        still_wanted = playback.claim()
        self._trying = True

        def work(cancel: threading.Event) -> Iterator[Clip]:
            from ditar_studio.services.voice_probe import speak_word

            model, voices = engine.in_memory()
            yield speak_word(model, voices, voice, word, said, cancel)

        def report(event: Clip | Failed) -> None:
            self._trying = False
            if isinstance(event, Failed):
                self._toasts.notify(event.message, "danger", event.remedy)
            elif still_wanted():
                playback.load(event, word, "word")

        self._host.bridge.generate(work, report, owner=self._document)

    def _voice(self) -> Voice | None:
        snapshot = self._document.snapshot
        line = self._script.line(self._script.selected)
        if snapshot is None:
            return None
        if line is not None:
            return snapshot.voice_of(line)
        return snapshot.voice(snapshot.project.settings.voice_id)
