"""Actions of speaking, in the order of their menu."""

from __future__ import annotations

from ditar_studio.ui.kit.action_spec import ActionSpec, Fact, facts
from ditar_studio.ui.kit.translate import mark

_S = ActionSpec

SPEAK: tuple[ActionSpec, ...] = (
    _S(
        "speak.line",
        mark("Speak this line"),
        "Ctrl+Return",
        "sparkle",
        facts(Fact.MODEL_READY, Fact.LINE_SELECTED),
        words=mark("generate synthesise"),
    ),
    _S(
        "speak.stale",
        mark("Speak all lines that changed"),
        "Ctrl+Shift+Return",
        "layers",
        facts(Fact.MODEL_READY, Fact.SCRIPT_FILLED),
        words=mark("generate all stale"),
    ),
    _S(
        "speak.variations",
        mark("Make variations of this line…"),
        "Ctrl+Alt+Return",
        "dice",
        facts(Fact.MODEL_READY, Fact.LINE_SELECTED),
    ),
    _S(
        "speak.redo",
        mark("Redo all lines in which words differ"),
        "Ctrl+Alt+Shift+Return",
        "refresh",
        facts(Fact.MODEL_READY, Fact.LINES_DIFFER),
        words=mark("check what was said again wrong missing misread"),
        section=True,
    ),
    _S(
        "speak.redo_line",
        mark("Redo what differs in this line"),
        "F7",
        "refresh",
        facts(Fact.MODEL_READY, Fact.LINE_DIFFERS),
        words=mark("check what was said again wrong missing misread"),
    ),
    _S(
        "speak.next_difference",
        mark("Go to the next line in which words differ"),
        "F8",
        "chevron-down",
        facts(Fact.LINES_DIFFER),
        words=mark("check what was said again wrong missing misread"),
    ),
    _S("speak.stop", mark("Stop, keep what was heard"), "Esc", "stop", words=mark("cancel halt")),
    _S(
        "speak.pause",
        mark("Pause speaking, or go on"),
        "Shift+Esc",
        "pause",
        facts(Fact.LINES_WAIT, Fact.MODEL_READY),
        words=mark("queue resume continue"),
    ),
    _S(
        "speak.queue",
        mark("Lines that wait to be spoken…"),
        "Ctrl+Shift+Y",
        "layers",
        facts(Fact.LINES_WAIT),
        words=mark("queue order"),
    ),
    _S(
        "speak.play",
        mark("Play or pause"),
        "Ctrl+Space",
        "play",
        facts(Fact.PLAYABLE),
        section=True,
    ),
    _S(
        "speak.script",
        mark("Play script"),
        "F5",
        "play-script",
        facts(Fact.SCRIPT_SPOKEN),
        words=mark("listen hear all lines chapter"),
    ),
    _S(
        "speak.here",
        mark("Play from here"),
        "Shift+F5",
        "play-here",
        facts(Fact.SCRIPT_SPOKEN, Fact.LINE_SELECTED),
        words=mark("listen hear selected line on"),
    ),
    _S(
        "speak.start",
        mark("Play from the start"),
        "Ctrl+Home",
        "skip-back",
        facts(Fact.PLAYABLE),
        words=mark("replay again"),
    ),
    _S(
        "speak.back",
        mark("Two seconds back"),
        "Alt+Left",
        "chevron-left",
        facts(Fact.SOUND_LOADED),
    ),
    _S(
        "speak.forward",
        mark("Two seconds forward"),
        "Alt+Right",
        "chevron-right",
        facts(Fact.SOUND_LOADED),
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
)
"""Of the menu Speak."""
