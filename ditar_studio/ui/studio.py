"""The studio put together: view models, panels in their regions, and what every action does.

Whoever starts the program gives it a window, a bridge and a library; tests give it other players
and models.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ditar_studio.errors import StudioError
from ditar_studio.services.fine_tuning import tune_voice
from ditar_studio.services.models import Models, default_folder, expected_settings
from ditar_studio.services.word_check import InstalledListeners
from ditar_studio.ui.actions import Actions
from ditar_studio.ui.commands.documents import DocumentCommands
from ditar_studio.ui.commands.exports import ExportCommands
from ditar_studio.ui.commands.find import FindCommands
from ditar_studio.ui.commands.fine_tuning import FineTuningCommands
from ditar_studio.ui.commands.help import HelpCommands
from ditar_studio.ui.commands.history import HistoryCommands
from ditar_studio.ui.commands.jobs import JobCommands
from ditar_studio.ui.commands.projects import ProjectCommands
from ditar_studio.ui.commands.pronunciations import PronunciationCommands
from ditar_studio.ui.commands.script import ScriptCommands
from ditar_studio.ui.commands.takes import TakeCommands
from ditar_studio.ui.commands.undo_offers import UndoOffers
from ditar_studio.ui.commands.voices import VoiceCommands
from ditar_studio.ui.commands.word_checks import WordCheckCommands
from ditar_studio.ui.main_window import Place
from ditar_studio.ui.panels.parameters_panel import ParametersPanel
from ditar_studio.ui.panels.player_panel import PlayerPanel
from ditar_studio.ui.panels.reference_panel import ReferencePanel
from ditar_studio.ui.panels.script_panel import ScriptPanel
from ditar_studio.ui.panels.takes_panel import TakesPanel
from ditar_studio.ui.panels.voices_panel import VoicesPanel
from ditar_studio.ui.shell import Shell
from ditar_studio.ui.translate import counted, sentence, tr
from ditar_studio.ui.view_models.devices import Devices, Registry
from ditar_studio.ui.view_models.document import Document
from ditar_studio.ui.view_models.engine import Engine, Flow, ModelState
from ditar_studio.ui.view_models.engine import Registry as ModelRegistry
from ditar_studio.ui.view_models.fine_tuning import FineTuning, Tune
from ditar_studio.ui.view_models.likeness import InstalledJudge, Judge, Likeness
from ditar_studio.ui.view_models.models import ModelManager
from ditar_studio.ui.view_models.parameters import Parameters
from ditar_studio.ui.view_models.playback import Playback, Player
from ditar_studio.ui.view_models.reference import Microphone, ReferenceMaker
from ditar_studio.ui.view_models.script import Script
from ditar_studio.ui.view_models.script_playback import ScriptPlayback
from ditar_studio.ui.view_models.snapshot import Snapshot
from ditar_studio.ui.view_models.takes import Takes, read_take
from ditar_studio.ui.view_models.voices import Voices
from ditar_studio.ui.view_models.waiting import WaitingLines
from ditar_studio.ui.view_models.word_checks import Listen, WordChecks
from ditar_studio.ui.widgets.basics import announce
from ditar_studio.ui.widgets.status_line import EngineState

if TYPE_CHECKING:
    from ditar_studio.audio.player_events import PlayerEvent, PlayerStatus
    from ditar_studio.audio.recorder import RecorderEvent
    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Project
    from ditar_studio.ui.dialogs.settings import Choices
    from ditar_studio.ui.preferences import Preferences


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backends:
    """What the studio speaks, plays and records with.

    Attributes:
        make_registry: gives the registry of models, on the engine's thread.
        make_player: gives a player that sends its events to a function.
        make_microphone: likewise a recorder.
        registry: the list of sound devices.
        judge: measures how like their reference takes sound.
        listen: tells which words of a take are heard otherwise.
        tune: fine-tunes a voice.
        close: closes the sound system, after all that uses it has ended.
    """

    make_registry: Callable[[], ModelRegistry]
    make_player: Callable[[Callable[[PlayerEvent], None]], Player]
    make_microphone: Callable[[Callable[[RecorderEvent], None]], Microphone]
    registry: Registry
    judge: Judge
    listen: Listen
    tune: Tune = tune_voice
    close: Callable[[], object] = lambda: None


def system_backends() -> Backends:
    """The backends of the program."""
    from ditar_studio.audio.control import close_shared_control
    from ditar_studio.audio.devices import DeviceRegistry
    from ditar_studio.audio.player import StreamPlayer
    from ditar_studio.audio.recorder import Recorder

    def make_registry() -> ModelRegistry:
        from ditar_studio.engine import load

        return load.ModelRegistry()

    return Backends(
        make_registry,
        StreamPlayer,
        Recorder,
        DeviceRegistry(),
        InstalledJudge(),
        InstalledListeners(),
        close=close_shared_control,
    )


class Studio(QObject):
    """The window at work upon a library."""

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
        self.script_panel = ScriptPanel(
            self.script, self.engine, self.waiting, self.word_checks, self.actions_
        )
        self.player_panel = PlayerPanel(self.playback, self.devices, self.actions_)
        self.parameters_panel = ParametersPanel(self.parameters, self.actions_)
        self.takes_panel = TakesPanel(self.takes, self.actions_)
        self.voices_panel = VoicesPanel(self.voices, self.fine_tuning, self.actions_)
        self.reference_panel = ReferencePanel(
            self.maker, self.playback, self.devices, self.actions_
        )
        self._place_panels()
        self._listen()
        self._handle()

    def start(self) -> None:
        """Opens the last project, begins to watch the sound devices, and loads the model.

        The model waits until the project shows: to import torch takes the interpreter for itself.
        """
        self.document.ask(first_steps, self.library, done=lambda _done: self.document.start())
        self.devices.watch()

    def close(self) -> None:
        """Ends playing, speaking and watching; the bridge and the library are the starter's."""
        self.script.flush()
        self.parameters.flush()
        self.waiting.close()
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
            (Place.SCRIPT, self.script_panel),
            (Place.PLAYER, self.player_panel),
            (Place.PARAMETERS, self.parameters_panel),
            (Place.TAKES, self.takes_panel),
        ):
            window.region(place).set_content(panel)
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
        self.document.loaded.connect(self._on_loaded)
        self.document.opened.connect(self._on_opened)
        self.engine.state_changed.connect(self._on_model)
        self.engine.started.connect(self._on_speaking)
        self.engine.flowed.connect(self._on_flow)
        self.playback.line_noted.connect(self._on_line_noted)
        self.playback.playing_line_changed.connect(self.script_panel.show_playing_line)
        self.playback.playing_word_changed.connect(self.script_panel.show_playing_word)
        self.playback.loaded.connect(self._show_facts)
        self.engine.warned.connect(lambda _line, words, remedy: self._warn(words, remedy))
        self.engine.line_failed.connect(
            lambda _line, words, remedy: self.report_failure(words, remedy)
        )
        self.engine.stopped.connect(self._on_stopped)
        self.engine.failed.connect(self.report_failure)
        self.playback.moved.connect(self._on_moved)
        self.playback.happened.connect(self._on_sound_event)
        self.playback.loop_changed.connect(self.actions_.action("speak.loop").setChecked)
        self.script.changed.connect(self._show_facts)
        self.waiting.changed.connect(self._show_facts)
        self.takes.selection_changed.connect(self._show_facts)
        self.script_panel.play_asked.connect(self._play_line)
        self.voices.changed.connect(self._show_facts)
        self.maker.notified.connect(self._notify)
        self.models.notified.connect(self._notify)
        self._flow: Flow | None = None

    def _handle(self) -> None:
        handle = self.actions_.handle
        handle("edit.undo", self.undo)
        handle("edit.redo", self.document.redo)
        handle("speak.line", lambda: self.speak(self.script.chosen))
        handle("speak.stale", self.speak_stale)
        handle("speak.stop", self.stop)
        handle("speak.pause", self.pause_speaking)
        handle("speak.play", lambda: self._play_with(self.playback.toggle))
        handle("speak.script", self.play_script)
        handle("speak.here", lambda: self.play_script(self.script.selected))
        handle("speak.start", lambda: self._play_with(self.playback.replay))
        handle("speak.back", lambda: self.playback.skip(-2.0))
        handle("speak.forward", lambda: self.playback.skip(2.0))
        self.actions_.handle_switch("speak.loop", self.playback.set_looping)
        handle("speak.dice", self.parameters.roll)
        self.actions_.handle_switch("speak.pin", self.parameters.pin)
        handle("speak.defaults", self.parameters.reset)
        handle("view.zoom_in", lambda: self.player_panel.wave.zoom(1.5))
        handle("view.zoom_out", lambda: self.player_panel.wave.zoom(1 / 1.5))
        handle("view.zoom_fit", self.player_panel.wave.fit)
        self.actions_.handle_switch("view.spectrogram", self.player_panel.show_spectrogram)
        self.voice_commands = VoiceCommands(self)
        self.fine_tuning_commands = FineTuningCommands(self)
        self.take_commands = TakeCommands(self)
        self.script_commands = ScriptCommands(self)
        self.word_check_commands = WordCheckCommands(self)
        self.document_commands = DocumentCommands(self)
        self.find_commands = FindCommands(self)
        self.pronunciation_commands = PronunciationCommands(self)
        self.project_commands = ProjectCommands(self)
        self.export_commands = ExportCommands(self)
        self.job_commands = JobCommands(self)
        self.history_commands = HistoryCommands(self)
        self.help_commands = HelpCommands(self)
        self.undo_offers = UndoOffers(self)
        self.shell.settings_choices = self._settings_choices

    # --- speaking

    def speak_stale(self) -> None:
        """Speaks every line that is not up to date."""
        self.script.flush()
        stale = self.script.stale()
        if stale:
            self.speak(stale)
        else:
            self.toasts.notify(tr("Every line is up to date."), "success")

    def stop(self) -> None:
        """Stops speaking and playing."""
        if self.engine.speaking:
            self.engine.stop()
        self.playback.pause()

    def play_script(self, first: str = "") -> None:
        """Plays the takes of the script from a line on, or all, and tells what is left out."""
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

    def _play_with(self, act: Callable[[], object]) -> None:
        """Does what the transport was asked for; with nothing there to play, plays the script."""
        if self.playback.peaks is None:
            self.play_script()
        else:
            act()

    def undo(self) -> None:
        """Takes the last change back, typing included."""
        self.script.flush()
        self.parameters.flush()
        self.document.undo()

    def speak(self, line_ids: tuple[str, ...], variations: int = 1, *, redo: bool = False) -> None:
        """Speaks lines that have text, `variations` times each; `redo`: as words of them differ."""
        self.script.flush()
        self.parameters.flush()
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
        """Stops speaking after the line at work, or goes on with what waits."""
        self.script.flush()
        self.parameters.flush()
        self.waiting.pause()

    def _listen_to(self, path: Path) -> None:
        """Plays what a crash left; once more asked for, the same pauses and goes on."""
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

    def _on_loaded(self, snapshot: Snapshot) -> None:
        if self.engine.state is ModelState.NONE:
            value = self.preferences.value
            self.engine.set_compute(value.threads, value.precision)
            self.engine.load(self.preferences.value.model)
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
        )
        self.actions_.action("script.lock").setChecked(line is not None and line.locked)

    # --- following the engine

    def _on_model(self, state: ModelState) -> None:
        engine = self.engine
        words = {
            ModelState.NONE: tr("No model"),
            ModelState.LOADING: tr("Loading the engine…"),
            ModelState.READY: tr("Ready: {model}", model=engine.info.name if engine.info else ""),
            ModelState.FAILED: sentence(engine.failure[0]),
        }[state]
        shown = {ModelState.READY: EngineState.READY, ModelState.FAILED: EngineState.FAILED}
        self.window.status.set_engine(shown.get(state, EngineState.LOADING), words)
        self.actions_.set_facts(model_ready=state is ModelState.READY)
        self.parameters.use_model(engine.info)
        if state is ModelState.FAILED:
            self.report_failure(*engine.failure)

    def _on_speaking(self, _line_ids: tuple[str, ...]) -> None:
        self.actions_.set_facts(generating=True)
        self._flow = None
        self.window.status.set_engine(EngineState.WORKING, tr("Speaking…"))

    def _on_line_noted(self, line_id: str, at: float) -> None:
        self.player_panel.add_mark(at, str(self.script.index(line_id) + 1))

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

    def show_idle(self) -> None:
        """Says in the status line what the engine does while it doesn't speak."""
        engine, tuning = self.engine, self.fine_tuning.at_work
        if engine.speaking or engine.info is None or engine.state is not ModelState.READY:
            return
        voice = self.voices.voice(tuning.voice_id) if tuning and not tuning.paused else None
        state, words = EngineState.READY, tr("Ready: {model}", model=engine.info.name)
        if voice is not None:
            state, words = EngineState.WORKING, tr("Fine-tuning “{name}”…", name=voice.name)
        self.window.status.set_engine(state, words)

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
        from ditar_studio.audio import player_events

        match event:
            case player_events.OutputLost() | player_events.PlayerFailed():
                self._warn(event.message, event.remedy)
            case player_events.OutputChanged() if event.fell_back:
                self.toasts.notify(
                    tr("The sound now comes from “{device}”.", device=event.device.name), "info"
                )
            case _:
                pass

    # --- settings

    def _settings_choices(self) -> Choices:
        """What the settings dialog needs to know."""
        from ditar_studio.services.diagnostics import folder_of
        from ditar_studio.ui.dialogs.settings import Choices

        info = self.engine.info
        model = f"{info.name} {info.version}".strip() if info else tr("No model is loaded.")

        def rescan(then: Callable[[], None]) -> None:
            self.devices.rescan(then)

        return Choices(
            microphones=lambda: [(d.name, d.name) for d in self.devices.inputs],
            loudspeakers=lambda: [(d.name, d.name) for d in self.devices.outputs],
            rescan=rescan,
            library_folder=self.library.root,
            log_folder=folder_of(self.library),
            engine=lambda: tr("{model}, on the processor", model=model),
            models=lambda: [(m.name, str(m.path)) for m in self.models.installed],
            save_bundle=self.shell.save_bundle,
            models_page=self._models_page,
            machine_page=self._machine_page,
        )

    def _machine_page(self) -> QWidget:
        from ditar_studio.ui.dialogs.machine import MachinePage

        return MachinePage(self.bridge, self.preferences, self.engine.measure)

    def _models_page(self) -> QWidget:
        from ditar_studio.ui.dialogs.models import ModelsPage

        engine = self.engine
        page = ModelsPage(
            self.models,
            self.preferences,
            in_memory=lambda: engine.state in (ModelState.READY, ModelState.LOADING),
            unload=engine.unload,
            load=lambda: engine.load(engine.model),
        )
        engine.state_changed.connect(page.fill)
        return page

    def _on_preferences(self, value: Preferences) -> None:
        self.devices.notice_choice()
        self.engine.set_compute(value.threads, value.precision)
        if value.model != self.engine.model and not self.engine.speaking:
            self.engine.load(value.model)

    # --- telling

    def report_failure(self, message: str, remedy: str = "") -> None:
        """Shows what went wrong and what to do about it."""
        self.toasts.notify(message, "danger", remedy, seconds=12.0)

    def _notify(self, message: str, remedy: str, tone: str) -> None:
        self.toasts.notify(message, tone, remedy)

    def _warn(self, message: str, remedy: str) -> None:
        self.toasts.notify(message, "warning", remedy, seconds=9.0)


def first_steps(library: Library) -> None:
    """Puts the sample voices in, and gives a first project a voice and a line to try."""
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.store.project import NewLine

    try:
        library.voices.install_samples(sample_voices())
    except StudioError as error:
        log.warning("sample voices: %s %s", error.message, error.remedy)
    project = library.projects.open_last().value
    voices = library.voices.all()
    if project.settings.voice_id is None and voices:
        first = next((voice for voice in voices if voice.built_in), voices[0])
        library.projects.change_settings(project.id, label="", voice_id=first.id)
        if not library.projects.lines(project.id) and not library.takes.of_project(project.id):
            hello = NewLine(tr("Hello! Type what you want to hear, then let me say it."))
            library.projects.add_lines(project.id, [hello])
