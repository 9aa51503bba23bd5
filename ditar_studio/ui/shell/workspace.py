"""The workspace: view models, panels, and the speaking and messages that all parts share.

`studio` places the panels, connects them, and makes the commands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from PySide6.QtCore import QObject

from ditar_studio.services.models import Models, default_folder, expected_settings
from ditar_studio.ui.features.models.view_model import ModelManager
from ditar_studio.ui.features.parameters.panel import ParametersPanel
from ditar_studio.ui.features.parameters.view_model import Parameters
from ditar_studio.ui.features.player.devices import Devices
from ditar_studio.ui.features.player.panel import PlayerPanel
from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.reference.panel import ReferencePanel
from ditar_studio.ui.features.reference.view_model import ReferenceMaker
from ditar_studio.ui.features.script.panel import ScriptPanel
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.script.word_checks import WordChecks
from ditar_studio.ui.features.speaking.engine import Engine
from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.features.speaking.waiting import WaitingLines
from ditar_studio.ui.features.takes.editing import TakeEditing
from ditar_studio.ui.features.takes.likeness import Likeness
from ditar_studio.ui.features.takes.panel import TakesPanel
from ditar_studio.ui.features.takes.script_playback import ScriptPlayback
from ditar_studio.ui.features.takes.view_model import Takes
from ditar_studio.ui.features.voices.fine_tuning import FineTuning
from ditar_studio.ui.features.voices.panel import VoicesPanel
from ditar_studio.ui.features.voices.view_model import Voices
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.status_line import EngineState
from ditar_studio.ui.shell.backends import Backends
from ditar_studio.ui.shell.shell import Shell

if TYPE_CHECKING:
    from ditar_studio.services.library import Library


class Workspace(QObject):
    """A library at work: its view models and panels, and what all commands share."""

    def __init__(self, shell: Shell, library: Library, backends: Backends) -> None:
        super().__init__(shell)
        self.shell = shell
        self.window = shell.window
        self.bridge = bridge = shell.bridge
        self.library = library
        self._backends = backends
        self.preferences = preferences = shell.preferences
        self.actions_: Actions = shell.actions
        self.toasts = shell.toasts
        self.document = Document(bridge, library, self)
        self.playback = Playback(bridge, backends.make_player, self)
        self.devices = Devices(bridge, backends.registry, preferences, self)
        self.script = Script(self.document, self)
        self.engine = Engine(self.document, self.playback, backends.make_registry, self)
        self.waiting = WaitingLines(self.document, self.engine, self)
        self.parameters = Parameters(
            self.document, self.script, preferences.path.parent / "presets.json", self
        )
        self.takes = Takes(
            self.document,
            self.script,
            self.playback,
            self.parameters,
            Path(platformdirs.user_cache_dir("ditar-studio", appauthor=False)) / "drag",
            lambda: preferences.value.watermark,
            self,
        )
        self.take_editing = TakeEditing(self.document, self.takes, self)
        self.script_playback = ScriptPlayback(self.document, self.script, self.playback, self)
        self.parameters.expect(expected_settings(preferences.value.model))
        self.voices = Voices(self.document, self.playback, self)
        self.likeness = Likeness(self.document, self.engine, backends.judge, self)
        self.fine_tuning = FineTuning(self.document, self.engine, backends.tune, self)
        self.models = ModelManager(bridge, Models(default_folder()), self)
        self.maker = ReferenceMaker(self.document, backends.make_microphone, self)
        self.devices.serve(self.playback.player.set_device, self.maker.microphone.set_device)
        self.word_checks = WordChecks(
            self.document,
            self.script,
            self.engine,
            backends.listen,
            lambda: preferences.value.listener,
            self,
        )
        self._make_panels()

    def _make_panels(self) -> None:
        """Make each panel in its region: Qt styles all that is in a panel anew when it moves."""
        actions, region = self.actions_, self.window.region
        self.script_panel = ScriptPanel(
            self.script,
            self.engine,
            self.waiting,
            self.word_checks,
            actions,
            region(Place.SCRIPT),
        )
        self.player_panel = PlayerPanel(self.playback, self.devices, actions, region(Place.PLAYER))
        self.parameters_panel = ParametersPanel(self.parameters, actions, region(Place.PARAMETERS))
        self.takes_panel = TakesPanel(self.takes, actions, region(Place.TAKES))
        self.voices_panel = VoicesPanel(
            self.voices, self.fine_tuning, actions, region(Place.VOICES)
        )
        self.reference_panel = ReferencePanel(
            self.maker, self.playback, self.devices, actions, region(Place.REFERENCE)
        )

    # --- speaking

    def finish_typing(self) -> None:
        """Give the project what was typed, and what sliders say, just now."""
        self.script.flush()
        self.parameters.flush()

    def speak_stale(self) -> None:
        """Speak every line that is not up to date."""
        self.script.flush()
        stale = self.script.stale()
        if stale:
            self.speak(stale)
        else:
            self.toasts.notify(tr("Every line is up to date."), "success")

    def stop(self) -> None:
        """Stop speaking and playing."""
        if self.engine.speaking:
            self.engine.stop()
        self.playback.pause()

    def play_script(self, first: str = "") -> None:
        """Play the takes of the script from a line on, or all, and say what is left out."""
        played, missing = self.script_playback.play(first)
        if not played:
            self.toasts.notify(
                tr("No line from here on is spoken yet."), "info", tr("Speak a line first.")
            )
        elif missing:
            self.toasts.notify(
                counted(
                    "{count} line isn't spoken yet and will be missing.",
                    "{count} lines aren't spoken yet and will be missing.",
                    missing,
                ),
                "info",
            )

    def play_with(self, act: Callable[[], object]) -> None:
        """Do what the transport was asked for; with nothing there to play, play the script."""
        if self.playback.peaks is None:
            self.play_script()
        else:
            act()

    def undo(self) -> None:
        """Take the last change back, typing included."""
        self.finish_typing()
        self.document.undo()

    def speak(self, line_ids: tuple[str, ...], variations: int = 1, *, redo: bool = False) -> None:
        """Speak lines that have text, `variations` times each; `redo`: as words of them differ."""
        self.finish_typing()
        texts = [self.script.text(line_id) for line_id in line_ids]
        spoken = tuple(i for i, text in zip(line_ids, texts, strict=True) if text.strip())
        if not spoken:
            self.toasts.notify(tr("This line is empty."), "info", tr("Type what is to be said."))
            return
        at_work = self.engine.speaking
        if not self.engine.speak(spoken, variations, redo=redo):
            if at_work:
                self.toasts.notify(
                    tr("Another project is still being spoken."),
                    "info",
                    tr("Wait for it, or stop it."),
                )
        elif at_work:
            words = tr("It is spoken next.") if len(spoken) == 1 else tr("They wait to be spoken.")
            self.toasts.notify(words, "info")

    def pause_speaking(self) -> None:
        """Stop speaking after the line at work, or go on with what waits."""
        self.finish_typing()
        self.waiting.pause()

    # --- telling

    def show_idle(self) -> None:
        """Show in the status line what the engine does while it doesn't speak."""
        engine, tuning = self.engine, self.fine_tuning.at_work
        if engine.speaking or engine.info is None or engine.state is not ModelState.READY:
            return
        voice = self.voices.voice(tuning.voice_id) if tuning and not tuning.paused else None
        state, words = EngineState.READY, tr("Ready: {model}", model=tr(engine.info.name))
        if voice is not None:
            state, words = EngineState.WORKING, tr("Fine-tuning “{name}”…", name=voice.name)
        self.window.status.set_engine(state, words)

    def notify(self, message: str, remedy: str, tone: str) -> None:
        """Show a message that passes."""
        self.toasts.notify(message, tone, remedy)

    def warn(self, message: str, remedy: str) -> None:
        """Show a warning for nine seconds."""
        self.toasts.notify(message, "warning", remedy, seconds=9.0)
