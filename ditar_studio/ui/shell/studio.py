"""The studio put together: panels in their regions, and what every action does.

Whoever starts the program gives it a window, a bridge and a library; tests give it other players
and models.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from PySide6.QtCore import Qt

from ditar_studio.errors import StudioError
from ditar_studio.ui.features.documents.commands import DocumentCommands
from ditar_studio.ui.features.export.commands import ExportCommands
from ditar_studio.ui.features.find.commands import FindCommands
from ditar_studio.ui.features.parameters.commands import ParameterCommands
from ditar_studio.ui.features.project.commands import ProjectCommands
from ditar_studio.ui.features.project.history_commands import HistoryCommands
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.pronunciations.commands import PronunciationCommands
from ditar_studio.ui.features.reference.commands import ReferenceCommands
from ditar_studio.ui.features.script.commands import ScriptCommands
from ditar_studio.ui.features.script.view_model import GREETING
from ditar_studio.ui.features.script.word_check_commands import WordCheckCommands
from ditar_studio.ui.features.settings.choices import SettingsChoices
from ditar_studio.ui.features.speaking.engine import Flow
from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.features.takes.commands import TakeCommands
from ditar_studio.ui.features.takes.view_model import read_take
from ditar_studio.ui.features.voices.commands import VoiceCommands
from ditar_studio.ui.features.voices.fine_tuning_commands import FineTuningCommands
from ditar_studio.ui.features.voices.mixing_commands import MixingCommands
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import sentence, tr
from ditar_studio.ui.kit.widgets.basics import announce
from ditar_studio.ui.kit.widgets.status_line import EngineState
from ditar_studio.ui.shell.backends import Backends
from ditar_studio.ui.shell.failed_lines import FailedLines
from ditar_studio.ui.shell.help_commands import HelpCommands
from ditar_studio.ui.shell.job_commands import JobCommands
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.undo_offers import UndoOffers
from ditar_studio.ui.shell.workspace import Workspace

if TYPE_CHECKING:
    from ditar_studio.audio.devices.player_events import PlayerEvent, PlayerStatus
    from ditar_studio.services.library import Library
    from ditar_studio.services.projects import Project
    from ditar_studio.ui.kit.preferences import Preferences


log = logging.getLogger(__name__)


class Studio(Workspace):
    """The window at work upon a library."""

    def __init__(self, shell: Shell, library: Library, backends: Backends) -> None:
        super().__init__(shell, library, backends)
        self._place_panels()
        self._listen()
        self._handle()

    def start(self) -> None:
        """Open the last project, begin to watch the sound devices, and load the model.

        The model waits until the project shows: to import torch takes the interpreter for itself.
        """
        self.document.submit(first_steps, self.library, done=lambda _done: self.document.start())
        self.devices.watch()

    def close(self) -> None:
        """End playing, speaking and watching; the bridge and the library are the starter's."""
        self.finish_typing()
        self.waiting.close()
        self.takes.close()
        self.export_commands.close()
        self.engine.stop()
        self.playback.close()
        self.maker.close()
        self.models.close()
        self.devices.close()
        self._backends.close()

    # --- putting together

    def _place_panels(self) -> None:
        window = self.window
        window.short_changed.connect(self.player_panel.set_short)
        for place, panel in (
            (Place.VOICES, self.voices_panel),
            (Place.REFERENCE, self.reference_panel),
            (Place.PLAYER, self.player_panel),
            (Place.PARAMETERS, self.parameters_panel),
            (Place.TAKES, self.takes_panel),
        ):
            window.region(place).set_content(panel)
        window.region(Place.SCRIPT).set_content(self.script_panel, self.script_panel.selected_text)
        window.right.setSizes([390, 330])
        for tool in self.script_panel.tools():
            window.region(Place.SCRIPT).add_tool(tool)
        window.region(Place.TAKES).add_tool(self.takes_panel.scope)
        for tool in self.parameters_panel.tools(self.actions_):
            window.region(Place.PARAMETERS).add_tool(tool)

    def _listen(self) -> None:
        self.shell.closing.connect(self.close)
        self.shell.listen_wanted.connect(self._listen_to)
        self.shell.listen_ended.connect(self.playback.pause)
        self.preferences.listen(self._on_preferences)
        once = Qt.ConnectionType.SingleShotConnection
        self.document.loaded.connect(self._on_first_loaded, once)
        self.document.loaded.connect(self._on_loaded)
        self.document.opened.connect(self._on_opened)
        self.engine.state_changed.connect(self._on_model)
        self.engine.started.connect(self._on_speaking)
        self.engine.flowed.connect(self._on_flow)
        self.playback.line_noted.connect(self._on_line_noted)
        self.playback.playing_line_changed.connect(self.script_panel.show_playing_line)
        self.playback.playing_word_changed.connect(self.script_panel.show_playing_word)
        self.playback.loaded.connect(self._show_facts)
        self.engine.warned.connect(lambda _line, words, remedy: self.warn(words, remedy))
        self.engine.stopped.connect(self._on_stopped)
        self.engine.failed.connect(self.shell.show_failure)
        self.playback.moved.connect(self._on_moved)
        self.playback.happened.connect(self._on_sound_event)
        self.playback.loop_changed.connect(self.actions_.action("speak.loop").setChecked)
        self.script.changed.connect(self._show_facts)
        self.waiting.changed.connect(self._show_facts)
        self.takes.selection_changed.connect(self._show_facts)
        self.script_panel.play_asked.connect(self._play_line)
        self.voices.changed.connect(self._show_facts)
        self.voices.changed.connect(self.show_idle)
        self.fine_tuning.changed.connect(self.show_idle)
        self.maker.notified.connect(self.notify)
        self.models.notified.connect(self.notify)
        self._flow: Flow | None = None

    def _handle(self) -> None:
        handle = self.actions_.handle
        handle("edit.undo", self.undo)
        handle("edit.redo", self.document.redo)
        handle("speak.line", lambda: self.speak(self.script.chosen))
        handle("speak.stale", self.speak_stale)
        handle("speak.stop", self.stop)
        handle("speak.pause", self.pause_speaking)
        handle("speak.play", lambda: self.play_with(self.playback.toggle))
        handle("speak.script", self.play_script)
        handle("speak.here", lambda: self.play_script(self.script.selected))
        handle("speak.start", lambda: self.play_with(self.playback.replay))
        handle("speak.back", lambda: self.playback.skip(-2.0))
        handle("speak.forward", lambda: self.playback.skip(2.0))
        self.actions_.handle_switch("speak.loop", self.playback.set_looping)
        handle("view.zoom_in", lambda: self.player_panel.wave.zoom(1.5))
        handle("view.zoom_out", lambda: self.player_panel.wave.zoom(1 / 1.5))
        handle("view.zoom_fit", self.player_panel.wave.fit)
        self.actions_.handle_switch("view.spectrogram", self.player_panel.show_spectrogram)
        self._make_commands()

    def _make_commands(self) -> None:
        shell, document, script, voices = self.shell, self.document, self.script, self.voices
        playback, engine, takes = self.playback, self.engine, self.takes
        self.voice_commands = VoiceCommands(
            shell, document, voices, self.voices_panel, self.fine_tuning
        )
        self.reference_commands = ReferenceCommands(
            shell, self.maker, self.reference_panel, voices, engine, playback, self.devices
        )
        self.voices_panel.audio_dropped.connect(self.reference_commands.open_dropped)
        shell.recordings_kept.connect(self.reference_commands.offer_recordings)
        self.fine_tuning_commands = FineTuningCommands(shell, voices, self.fine_tuning, playback)
        self.maker.saved.connect(self.fine_tuning_commands.on_saved)
        self.take_commands = TakeCommands(
            shell, document, takes, self.take_editing, playback, self.undo
        )
        self.script_commands = ScriptCommands(shell, script, self.script_panel, self.speak)
        self.parameter_commands = ParameterCommands(shell, self.parameters, self.parameters_panel)
        self.mixing_commands = MixingCommands(shell, document, voices, engine, playback)
        self.word_check_commands = WordCheckCommands(
            shell, script, self.word_checks, lambda line_ids: self.speak(line_ids, redo=True)
        )
        self.document_commands = DocumentCommands(shell, document, script)
        self.script_panel.text_dropped.connect(self.document_commands.open_dropped)
        self.find_commands = FindCommands(shell, script, self.script_panel)
        self.shell.closing.connect(self.find_commands.finder.stop)
        self.pronunciation_commands = PronunciationCommands(
            shell, document, script, self.script_panel, engine, playback
        )
        self.project_commands = ProjectCommands(
            shell, document, self.window.project_menu, self.finish_typing
        )
        self.export_commands = ExportCommands(shell, document, script, takes)
        self.job_commands = JobCommands(self, self.export_commands)
        self.failed_lines = FailedLines(self)
        self.history_commands = HistoryCommands(shell, document, self.finish_typing)
        self.help_commands = HelpCommands(self)
        self.undo_offers = UndoOffers(self)
        self.settings_choices = SettingsChoices(
            shell, self.library, engine, self.devices, self.models, shell.save_bundle
        )
        shell.settings_choices = self.settings_choices.choices

    def _listen_to(self, path: Path) -> None:
        """Play what a crash left; once more asked for, pause and go on."""
        if self.playback.source == str(path):
            self.playback.toggle()
            return
        self.playback.load_later(lambda: read_take(path, 1.0), tr("Recovered sound"), str(path))

    def _play_line(self, line_id: str) -> None:
        line = self.script.line(line_id)
        if line is not None and line.take_id is not None:
            self.takes.play(line.take_id)

    # --- following the library

    def _on_opened(self, project: Project) -> None:
        self.window.set_project(project.name)
        self.script_playback.stop()
        self.playback.unload()

    def _on_first_loaded(self, _snapshot: Snapshot) -> None:
        """Load the model, once: who lets go of it later wants its memory."""
        value = self.preferences.value
        self.engine.set_compute(value.threads, value.precision)
        self.engine.load(value.model)
        self.script_panel.focus_line(self.script.selected)

    def _on_loaded(self, snapshot: Snapshot) -> None:
        self.window.set_project(snapshot.project.name)
        for action_id, words, label in (
            ("edit.undo", tr("Undo"), snapshot.undo),
            ("edit.redo", tr("Redo"), snapshot.redo),
        ):
            action = self.actions_.action(action_id)
            action.setText(f"{words}: {sentence(tr(label))}" if label else words)
            keys = action.shortcut().toString()
            action.setToolTip(f"{action.text()} ({keys})")
        self.engine.note_model()
        self._show_facts()

    def _show_facts(self) -> None:
        snapshot = self.document.snapshot
        if snapshot is None:
            return
        script, takes = self.script, self.takes
        line = script.line(script.selected)
        spoken = bool(snapshot.standing)
        self.actions_.set_facts(
            script_spoken=spoken,
            playable=spoken or self.playback.peaks is not None,
            can_undo=bool(snapshot.undo),
            can_redo=bool(snapshot.redo),
            script_filled=any(script.text(each.id).strip() for each in snapshot.lines),
            line_selected=line is not None,
            lines_wait=bool(self.waiting.line_ids),
            voice_selected=self.voices.current is not None,
            take_selected=bool(takes.selected),
            two_takes=len(takes.selected) == 2,
            several_takes=len(takes.selected) > 1,
            take_edited=takes.current is not None and takes.current.edit is not None,
        )
        self.actions_.action("script.lock").setChecked(line is not None and line.locked)

    # --- following the engine

    def _on_model(self, state: ModelState) -> None:
        engine = self.engine
        name = tr(engine.info.name) if engine.info else ""
        words = {
            ModelState.NONE: tr("No model"),
            ModelState.LOADING: tr("Loading the engine…"),
            ModelState.READY: tr("Ready: {model}", model=name),
            ModelState.FAILED: sentence(engine.failure[0]),
        }[state]
        shown = {ModelState.READY: EngineState.READY, ModelState.FAILED: EngineState.FAILED}
        self.window.status.set_engine(shown.get(state, EngineState.LOADING), words)
        self.actions_.set_facts(model_ready=state is ModelState.READY)
        self.parameters.use_model(engine.info)
        if state is ModelState.FAILED:
            self.shell.show_failure(*engine.failure)

    def _on_speaking(self, _line_ids: tuple[str, ...]) -> None:
        self.actions_.set_facts(generating=True)
        self._flow = None
        self.window.status.set_engine(EngineState.WORKING, tr("Speaking…"))

    def _on_line_noted(self, line_id: str, at: float) -> None:
        number = self.script.index(line_id) + 1
        if number:  # else it is of another project
            self.player_panel.add_mark(at, str(number))

    def _on_stopped(self, take_ids: tuple[str, ...], cancelled: bool) -> None:
        self.actions_.set_facts(generating=False)
        self.show_idle()
        if take_ids:
            self.takes.select((take_ids[-1],))
        if cancelled:
            words = tr("Stopped; what was made is kept as a take.") if take_ids else tr("Stopped.")
            self.toasts.notify(words, "info")
        elif take_ids:
            announce(self.window, tr("Spoken."))

    def _on_moved(self, _status: PlayerStatus) -> None:
        self._show_flow()

    def _on_flow(self, flow: Flow) -> None:
        self._flow = flow
        self._show_flow()

    def _show_flow(self) -> None:
        status = self.playback.player.status()
        if status.state == "empty" or self.playback.peaks is None:
            self.window.status.set_flow()
            return
        speaking = self.engine.speaking
        self.window.status.set_flow(
            generated=status.generated,
            played=status.position,
            made_in=self._flow.seconds if self._flow is not None else None,
            rtf=self._flow.rtf if self._flow is not None else None,
            buffered=status.buffered if speaking else None,
            underruns=status.underruns if speaking or status.underruns else None,
        )

    def _on_sound_event(self, event: PlayerEvent) -> None:
        from ditar_studio.audio.devices import player_events

        match event:
            case player_events.OutputLost() | player_events.PlayerFailed():
                self.warn(event.message, event.remedy)
            case player_events.OutputChanged():
                if event.fell_back:
                    self.toasts.notify(
                        tr("The sound now comes from “{device}”.", device=event.device.name), "info"
                    )
            case (
                player_events.PlaybackStarted()
                | player_events.PlaybackPaused()
                | player_events.PlaybackEnded()
                | player_events.Underrun()
            ):
                pass
            case _:
                assert_never(event)

    def _on_preferences(self, value: Preferences) -> None:
        self.devices.notice_choice()
        self.engine.set_compute(value.threads, value.precision)
        if value.model != self.engine.model and not self.engine.speaking:
            self.engine.load(value.model)


def first_steps(library: Library) -> None:
    """Put the sample voices in, and give a first project a voice and a line to try."""
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.services.projects import NewLine

    try:
        library.voices.install_samples(sample_voices(), tr("sample"))
    except StudioError as error:
        log.warning("sample voices: %s %s", error.message, error.remedy)
    project = library.projects.open_last(tr("Untitled")).value
    voices = library.voices.all()
    if project.settings.voice_id is None and voices:
        first = next((voice for voice in voices if voice.built_in), voices[0])
        library.projects.change_settings(project.id, label="", voice_id=first.id)
        if not library.lines.of_project(project.id) and not library.takes.of_project(project.id):
            hello = NewLine(tr(GREETING))
            library.lines.add(project.id, [hello], undoable=False)
