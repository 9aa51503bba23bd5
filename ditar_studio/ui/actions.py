"""Every action of the studio, once: menus, shortcut list and command palette are made from here.

An action is enabled when somebody handles it and the facts it needs hold. Panels say which facts
hold (:meth:`Actions.set_facts`) and what happens (:meth:`Actions.handle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence

from ditar_studio.ui import icons
from ditar_studio.ui.translate import mark, tr


class Fact(Enum):
    """What can be true of the studio at a moment."""

    MODEL_READY = auto()
    GENERATING = auto()
    RECORDING = auto()
    CLIP_LOADED = auto()
    CLIP_SELECTION = auto()
    CLIP_USABLE = auto()
    VOICE_SELECTED = auto()
    CAN_FINE_TUNE = auto()
    FINE_TUNED = auto()
    SPEAKS_FINE_TUNED = auto()
    SCRIPT_FILLED = auto()
    LINE_SELECTED = auto()
    LINES_WAIT = auto()
    SOUND_LOADED = auto()
    SCRIPT_SPOKEN = auto()
    PLAYABLE = auto()
    TAKE_SELECTED = auto()
    TWO_TAKES = auto()
    CAN_UNDO = auto()
    CAN_REDO = auto()


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes:
        id: "menu.verb", unique.
        title: English title, marked for translation.
        shortcut: portable key sequence, unique.
        icon: name of an icon, or empty.
        needs: facts that must hold for it to be enabled.
        without: facts that must not hold.
        checkable: whether it is a switch.
        words: further words by which the palette finds it, marked for translation.
        section: whether a separator comes before it in its menu.
    """

    id: str
    title: str
    shortcut: str
    icon: str = ""
    needs: frozenset[Fact] = frozenset()
    without: frozenset[Fact] = frozenset()
    checkable: bool = False
    words: str = ""
    section: bool = False

    @property
    def menu(self) -> str:
        return self.id.partition(".")[0]


def _needs(*facts: Fact) -> frozenset[Fact]:
    return frozenset(facts)


MENUS: dict[str, str] = {
    "file": mark("&File"),
    "edit": mark("&Edit"),
    "view": mark("&View"),
    "voice": mark("V&oice"),
    "script": mark("&Script"),
    "speak": mark("S&peak"),
    "takes": mark("&Takes"),
    "help": mark("&Help"),
}
"""Menus in their order, with titles."""

_S = ActionSpec
_TALKING = _needs(Fact.GENERATING)
SPECS: tuple[ActionSpec, ...] = (
    _S("file.new", mark("New project"), "Ctrl+N", "file"),
    _S("file.open", mark("Open project…"), "Ctrl+O", "folder", words=mark("recent switch")),
    _S("file.rename", mark("Rename project…"), "Ctrl+Shift+F2", "pencil"),
    _S("file.duplicate", mark("Duplicate project"), "Ctrl+Shift+N", "copy"),
    _S("file.delete", mark("Delete project"), "Ctrl+Shift+Del", "trash"),
    _S(
        "file.save",
        mark("Save a version"),
        "Ctrl+S",
        "check",
        words=mark("keep checkpoint"),
        section=True,
    ),
    _S(
        "file.name_version",
        mark("Save a version with a name…"),
        "Shift+F12",
        "bookmark",
        words=mark("keep checkpoint"),
    ),
    _S(
        "file.versions",
        mark("Earlier versions…"),
        "Ctrl+Alt+H",
        "clock",
        words=mark("history restore back"),
    ),
    _S(
        "file.bin",
        mark("Bin…"),
        "Ctrl+Alt+Z",
        "trash",
        words=mark("deleted trash restore recycle"),
    ),
    _S(
        "file.recipe",
        mark("Open recipe from file…"),
        "Ctrl+Shift+I",
        "file-audio",
        words=mark("restore settings metadata"),
        section=True,
    ),
    _S(
        "file.export",
        mark("Export…"),
        "Ctrl+E",
        "export",
        _needs(Fact.SCRIPT_SPOKEN),
        words=mark("save wav mp3 flac opus subtitles srt render"),
    ),
    _S(
        "file.settings",
        mark("Settings…"),
        "Ctrl+,",
        "settings",
        words=mark("preferences options language theme devices"),
        section=True,
    ),
    _S("file.quit", mark("Quit"), "Ctrl+Q", "x", section=True),
    _S("edit.undo", mark("Undo"), "Ctrl+Z", "undo", _needs(Fact.CAN_UNDO)),
    _S("edit.redo", mark("Redo"), "Ctrl+Shift+Z", "redo", _needs(Fact.CAN_REDO)),
    _S("edit.find", mark("Find a voice"), "Ctrl+Shift+F", "search", section=True),
    _S(
        "view.palette",
        mark("Search all actions…"),
        "Ctrl+K",
        "search",
        words=mark("command palette"),
    ),
    _S(
        "view.left",
        mark("Show voices and reference"),
        "Ctrl+B",
        "sidebar-left",
        checkable=True,
        section=True,
    ),
    _S(
        "view.right",
        mark("Show parameters and takes"),
        "Ctrl+Shift+B",
        "sidebar-right",
        checkable=True,
    ),
    _S("view.voices", mark("Go to voices"), "Alt+1", "voice", section=True),
    _S("view.reference", mark("Go to reference"), "Alt+2", "mic"),
    _S("view.script", mark("Go to script"), "Alt+3", "script"),
    _S("view.player", mark("Go to player"), "Alt+4", "wave"),
    _S("view.parameters", mark("Go to parameters"), "Alt+5", "sliders"),
    _S("view.takes", mark("Go to takes"), "Alt+6", "layers"),
    _S("view.next_region", mark("Next part of the window"), "F6", "chevron-right"),
    _S("view.zoom_in", mark("Zoom in on the waveform"), "Ctrl++", "zoom-in", section=True),
    _S("view.zoom_out", mark("Zoom out of the waveform"), "Ctrl+-", "zoom-out"),
    _S("view.zoom_fit", mark("Show the whole waveform"), "Ctrl+0", "zoom-fit"),
    _S(
        "view.spectrogram",
        mark("Show the spectrogram"),
        "Ctrl+Shift+G",
        "spectrogram",
        checkable=True,
    ),
    _S(
        "view.dark",
        mark("Dark theme"),
        "Ctrl+Shift+K",
        "moon",
        checkable=True,
        section=True,
        words=mark("light appearance night"),
    ),
    _S(
        "voice.record",
        mark("Record a reference"),
        "Ctrl+R",
        "record",
        without=_TALKING,
        words=mark("microphone stop recording"),
    ),
    _S(
        "voice.monitor",
        mark("Listen to the microphone level"),
        "Ctrl+M",
        "pulse",
        without=_needs(Fact.RECORDING),
        words=mark("meter monitor"),
    ),
    _S("voice.open_audio", mark("Open an audio file as reference…"), "Ctrl+Alt+W", "file-audio"),
    _S(
        "voice.rescan",
        mark("Look for audio devices again"),
        "Ctrl+Shift+M",
        "refresh",
        words=mark("rescan microphone headphones"),
    ),
    _S(
        "voice.play_reference",
        mark("Play the reference"),
        "Ctrl+Shift+P",
        "play",
        _needs(Fact.CLIP_LOADED),
        section=True,
    ),
    _S(
        "voice.trim",
        mark("Trim the reference to the selection"),
        "Ctrl+T",
        "scissors",
        _needs(Fact.CLIP_LOADED, Fact.CLIP_SELECTION),
    ),
    _S(
        "voice.normalise",
        mark("Bring the reference to the usual loudness"),
        "Ctrl+Shift+T",
        "volume",
        _needs(Fact.CLIP_LOADED),
        words=mark("normalise loudness"),
    ),
    _S(
        "voice.try",
        mark("Hear a test sentence"),
        "Ctrl+Shift+Q",
        "sparkle",
        _needs(Fact.CLIP_USABLE, Fact.MODEL_READY),
        without=_TALKING,
        words=mark("try preview clone"),
    ),
    _S("voice.save", mark("Save as a voice…"), "Ctrl+Shift+S", "check", _needs(Fact.CLIP_USABLE)),
    _S(
        "voice.add_sample",
        mark("Add to the selected voice"),
        "Ctrl+Alt+P",
        "plus",
        _needs(Fact.CLIP_USABLE, Fact.VOICE_SELECTED),
        words=mark("further sample reference"),
    ),
    _S(
        "voice.rename",
        mark("Rename voice…"),
        "Ctrl+Alt+R",
        "pencil",
        _needs(Fact.VOICE_SELECTED),
        section=True,
    ),
    _S(
        "voice.samples",
        mark("Samples of the voice…"),
        "Ctrl+Alt+J",
        "layers",
        _needs(Fact.VOICE_SELECTED),
        words=mark("transcript words reference"),
    ),
    _S("voice.tags", mark("Edit tags…"), "Ctrl+G", "tag", _needs(Fact.VOICE_SELECTED)),
    _S(
        "voice.duplicate",
        mark("Duplicate voice"),
        "Ctrl+Alt+V",
        "copy",
        _needs(Fact.VOICE_SELECTED),
    ),
    _S(
        "voice.delete",
        mark("Delete voice"),
        "Ctrl+Alt+Y",
        "trash",
        _needs(Fact.VOICE_SELECTED),
    ),
    _S(
        "voice.fine_tune",
        mark("Fine-tune the voice…"),
        "Ctrl+Alt+G",
        "sparkle",
        _needs(Fact.CAN_FINE_TUNE),
        words=mark("train adapt closer similar"),
        section=True,
    ),
    _S(
        "voice.compare",
        mark("Compare before and after fine-tuning"),
        "Ctrl+Alt+C",
        "a-b",
        _needs(Fact.SPEAKS_FINE_TUNED),
        words=mark("listen instant"),
    ),
    _S(
        "voice.instant",
        mark("Back to the instant voice"),
        "Ctrl+Alt+U",
        "undo",
        _needs(Fact.FINE_TUNED),
        words=mark("remove fine-tuning"),
    ),
    _S("voice.import", mark("Import a voice bundle…"), "Ctrl+Alt+I", "import", section=True),
    _S(
        "voice.bundle",
        mark("Export the voice as a bundle…"),
        "Ctrl+Alt+X",
        "export",
        _needs(Fact.VOICE_SELECTED),
    ),
    _S("script.add", mark("Add a line"), "Ctrl+Shift+A", "plus"),
    _S(
        "script.paste",
        mark("Paste as lines"),
        "Ctrl+Shift+V",
        "copy",
        words=mark("long text split import"),
    ),
    _S("script.import", mark("Open a text file as script…"), "Ctrl+Alt+O", "file"),
    _S(
        "script.split",
        mark("Split the line at the cursor"),
        "Ctrl+Shift+J",
        "scissors",
        _needs(Fact.LINE_SELECTED),
        section=True,
    ),
    _S(
        "script.join", mark("Join with the next line"), "Ctrl+J", "link", _needs(Fact.LINE_SELECTED)
    ),
    _S(
        "script.all",
        mark("Select all lines"),
        "Ctrl+Shift+O",
        "layers",
        _needs(Fact.LINE_SELECTED),
        section=True,
    ),
    _S(
        "script.more_up",
        mark("Select the line above too"),
        "Alt+Shift+Up",
        "",
        _needs(Fact.LINE_SELECTED),
    ),
    _S(
        "script.more_down",
        mark("Select the line below too"),
        "Alt+Shift+Down",
        "",
        _needs(Fact.LINE_SELECTED),
    ),
    _S("script.up", mark("Move the line up"), "Alt+Up", "chevron-up", _needs(Fact.LINE_SELECTED)),
    _S(
        "script.down",
        mark("Move the line down"),
        "Alt+Down",
        "chevron-down",
        _needs(Fact.LINE_SELECTED),
    ),
    _S(
        "script.lock",
        mark("Lock the line"),
        "Ctrl+L",
        "lock",
        _needs(Fact.LINE_SELECTED),
        words=mark("unlock keep"),
    ),
    _S(
        "script.pause",
        mark("Silence after the line…"),
        "Ctrl+Shift+U",
        "clock",
        _needs(Fact.LINE_SELECTED),
        words=mark("pause seconds"),
    ),
    _S(
        "script.settings",
        mark("Settings of the line"),
        "Ctrl+I",
        "sliders",
        _needs(Fact.LINE_SELECTED),
        words=mark("parameters temperature own inherit"),
    ),
    _S(
        "script.block",
        mark("Begin or join a paragraph"),
        "Ctrl+Shift+X",
        "paragraph",
        _needs(Fact.LINE_SELECTED),
        words=mark("block flow"),
        section=True,
    ),
    _S(
        "script.section",
        mark("Begin a chapter here…"),
        "Ctrl+Shift+H",
        "bookmark",
        _needs(Fact.LINE_SELECTED),
        words=mark("section heading title"),
    ),
    _S(
        "script.delete",
        mark("Delete the line"),
        "Ctrl+Shift+Backspace",
        "trash",
        _needs(Fact.LINE_SELECTED),
    ),
    _S(
        "script.words",
        mark("Pronunciations…"),
        "Ctrl+Shift+W",
        "book",
        section=True,
        words=mark("dictionary lexicon"),
    ),
    _S(
        "speak.line",
        mark("Speak this line"),
        "Ctrl+Return",
        "sparkle",
        _needs(Fact.MODEL_READY, Fact.LINE_SELECTED),
        words=mark("generate synthesise"),
    ),
    _S(
        "speak.stale",
        mark("Speak all lines that changed"),
        "Ctrl+Shift+Return",
        "layers",
        _needs(Fact.MODEL_READY, Fact.SCRIPT_FILLED),
        words=mark("generate all stale"),
    ),
    _S(
        "speak.variations",
        mark("Make variations of this line…"),
        "Ctrl+Alt+Return",
        "dice",
        _needs(Fact.MODEL_READY, Fact.LINE_SELECTED),
    ),
    _S("speak.stop", mark("Stop, keep what was heard"), "Esc", "stop", words=mark("cancel halt")),
    _S(
        "speak.pause",
        mark("Pause speaking, or go on"),
        "Shift+Esc",
        "pause",
        _needs(Fact.LINES_WAIT, Fact.MODEL_READY),
        words=mark("queue resume continue"),
    ),
    _S(
        "speak.queue",
        mark("Lines that wait to be spoken…"),
        "Ctrl+Shift+Y",
        "layers",
        _needs(Fact.LINES_WAIT),
        words=mark("queue order"),
    ),
    _S(
        "speak.play",
        mark("Play or pause"),
        "Ctrl+Space",
        "play",
        _needs(Fact.PLAYABLE),
        section=True,
    ),
    _S(
        "speak.script",
        mark("Play script"),
        "F5",
        "play-script",
        _needs(Fact.SCRIPT_SPOKEN),
        words=mark("listen hear all lines chapter"),
    ),
    _S(
        "speak.here",
        mark("Play from here"),
        "Shift+F5",
        "play-here",
        _needs(Fact.SCRIPT_SPOKEN, Fact.LINE_SELECTED),
        words=mark("listen hear selected line on"),
    ),
    _S(
        "speak.start",
        mark("Play from the start"),
        "Ctrl+Home",
        "skip-back",
        _needs(Fact.PLAYABLE),
        words=mark("replay again"),
    ),
    _S(
        "speak.back",
        mark("Two seconds back"),
        "Alt+Left",
        "chevron-left",
        _needs(Fact.SOUND_LOADED),
    ),
    _S(
        "speak.forward",
        mark("Two seconds forward"),
        "Alt+Right",
        "chevron-right",
        _needs(Fact.SOUND_LOADED),
    ),
    _S("speak.loop", mark("Repeat"), "Ctrl+Shift+L", "loop", checkable=True),
    _S("speak.dice", mark("Roll a new seed"), "Ctrl+D", "dice", section=True),
    _S("speak.pin", mark("Keep the seed"), "Ctrl+Shift+D", "pin", checkable=True),
    _S(
        "speak.defaults",
        mark("All parameters to their defaults"),
        "Ctrl+Shift+0",
        "refresh",
        words=mark("reset"),
    ),
    _S("speak.preset", mark("Save the parameters as a preset…"), "Ctrl+Alt+S", "sliders"),
    _S(
        "takes.play",
        mark("Play the take"),
        "Ctrl+Shift+Space",
        "play",
        _needs(Fact.TAKE_SELECTED),
        words=mark("listen hear pause"),
    ),
    _S("takes.previous", mark("Previous take"), "Ctrl+PgUp", "chevron-up"),
    _S("takes.next", mark("Next take"), "Ctrl+PgDown", "chevron-down"),
    _S(
        "takes.star",
        mark("Star the take"),
        "Ctrl+Alt+K",
        "star",
        _needs(Fact.TAKE_SELECTED),
        words=mark("favourite"),
        section=True,
    ),
    _S("takes.note", mark("Write a note…"), "Ctrl+Alt+N", "pencil", _needs(Fact.TAKE_SELECTED)),
    _S(
        "takes.use",
        mark("Use these settings"),
        "Ctrl+U",
        "sliders",
        _needs(Fact.TAKE_SELECTED),
        words=mark("recipe restore"),
    ),
    _S(
        "takes.compare",
        mark("Compare two takes…"),
        "Ctrl+Alt+B",
        "a-b",
        _needs(Fact.TWO_TAKES),
        words=mark("a/b blind"),
    ),
    _S(
        "takes.export",
        mark("Export the take…"),
        "Ctrl+Shift+E",
        "export",
        _needs(Fact.TAKE_SELECTED),
        section=True,
    ),
    _S(
        "takes.reveal",
        mark("Show the take in its folder"),
        "Ctrl+Shift+R",
        "folder",
        _needs(Fact.TAKE_SELECTED),
    ),
    _S(
        "takes.delete",
        mark("Delete the take"),
        "Ctrl+Backspace",
        "trash",
        _needs(Fact.TAKE_SELECTED),
    ),
    _S("help.shortcuts", mark("Keyboard shortcuts"), "F1", "keyboard"),
    _S("help.welcome", mark("Show the welcome pages"), "Shift+F1", "sparkle"),
    _S(
        "help.diagnostics",
        mark("Save a diagnostics bundle…"),
        "Ctrl+F1",
        "shield",
        words=mark("log bug report"),
        section=True,
    ),
    _S(
        "help.about",
        mark("About DiTAR Studio"),
        "Ctrl+Shift+F1",
        "info",
        words=mark("licences version"),
    ),
)
"""All actions, in menu order."""


class Actions(QObject):
    """The QActions made from the specs, enabled by facts and handlers.

    Signals:
        facts_changed: after any fact changed.
    """

    facts_changed = Signal()

    def __init__(self, parent: QObject | None = None, specs: Iterable[ActionSpec] = SPECS) -> None:
        super().__init__(parent)
        self.specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._handled: set[str] = set()
        self._facts: frozenset[Fact] = frozenset()
        for spec in specs:
            self._make(spec)
        self._refresh()

    def action(self, action_id: str) -> QAction:
        """The QAction with this id.

        Raises:
            KeyError: there is none.
        """
        return self._actions[action_id]

    def handle(self, action_id: str, handler: Callable[[], object]) -> None:
        """Runs `handler` when the action is triggered; only handled actions are enabled."""
        self.action(action_id).triggered.connect(lambda _checked=False: handler())
        self._handled.add(action_id)
        self._refresh()

    def handle_switch(self, action_id: str, handler: Callable[[bool], object]) -> None:
        """Runs `handler` with the new state when a checkable action is switched by the user."""
        self.action(action_id).triggered.connect(lambda checked=False: handler(checked))
        self._handled.add(action_id)
        self._refresh()

    def set_facts(self, **facts: bool) -> None:
        """Says which facts hold from now on, by lower-case name: ``set_facts(recording=True)``."""
        now = set(self._facts)
        for name, holds in facts.items():
            (now.add if holds else now.discard)(Fact[name.upper()])
        if frozenset(now) != self._facts:
            self._facts = frozenset(now)
            self._refresh()
            self.facts_changed.emit()

    def holds(self, fact: Fact) -> bool:
        """Whether `fact` is true now."""
        return fact in self._facts

    def in_menu(self, menu: str) -> list[ActionSpec]:
        """The actions of one menu, in order."""
        return [spec for spec in self.specs.values() if spec.menu == menu]

    def search(self, query: str) -> list[ActionSpec]:
        """Actions whose title or words contain every word of `query`, best first."""
        words = query.casefold().split()
        found: list[tuple[int, int, ActionSpec]] = []
        for place, spec in enumerate(self.specs.values()):
            title = tr(spec.title).casefold()
            menu = tr(MENUS[spec.menu]).replace("&", "").casefold()
            text = f"{title} {tr(spec.words).casefold() if spec.words else ''} {menu}"
            if all(word in text for word in words):
                in_title = sum(word in title for word in words)
                starts = sum(part.startswith(word) for word in words for part in title.split())
                found.append((-(in_title + starts), place, spec))
        return [spec for _score, _place, spec in sorted(found, key=lambda item: item[:2])]

    def _make(self, spec: ActionSpec) -> None:
        action = QAction(tr(spec.title), self)
        action.setObjectName(spec.id)
        action.setShortcut(QKeySequence.fromString(spec.shortcut))
        action.setCheckable(spec.checkable)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tr(spec.title)} ({keys})")
        action.setMenuRole(
            {
                "file.quit": QAction.MenuRole.QuitRole,
                "file.settings": QAction.MenuRole.PreferencesRole,
                "help.about": QAction.MenuRole.AboutRole,
            }.get(spec.id, QAction.MenuRole.NoRole)
        )
        if spec.icon:
            action.setIcon(icons.icon(spec.icon))
        self.specs[spec.id] = spec
        self._actions[spec.id] = action

    def _refresh(self) -> None:
        for action_id, spec in self.specs.items():
            enabled = (
                action_id in self._handled
                and spec.needs <= self._facts
                and not spec.without & self._facts
            )
            self._actions[action_id].setEnabled(enabled)
