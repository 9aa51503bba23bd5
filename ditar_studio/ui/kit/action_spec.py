"""Specifications of actions, the facts they depend on, and the menus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ditar_studio.ui.kit.translate import mark


class Fact(Enum):
    """A fact that can be true of the studio at a moment."""

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
    LINES_DIFFER = auto()
    LINE_DIFFERS = auto()
    SOUND_LOADED = auto()
    SCRIPT_SPOKEN = auto()
    PLAYABLE = auto()
    TAKE_SELECTED = auto()
    TWO_TAKES = auto()
    SEVERAL_TAKES = auto()
    TAKE_EDITED = auto()
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


def facts(*names: Fact) -> frozenset[Fact]:
    """Return the facts that an action needs."""
    return frozenset(names)


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
