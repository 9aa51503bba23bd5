"""Actions of takes, in the order of their menu."""

from __future__ import annotations

from ditar_studio.ui.kit.action_spec import ActionSpec, Fact, facts
from ditar_studio.ui.kit.translate import mark

_S = ActionSpec

TAKES: tuple[ActionSpec, ...] = (
    _S(
        "takes.play",
        mark("Play the take"),
        "Ctrl+Shift+Space",
        "play",
        facts(Fact.TAKE_SELECTED),
        words=mark("listen hear pause"),
    ),
    _S("takes.previous", mark("Previous take"), "Ctrl+PgUp", "chevron-up"),
    _S("takes.next", mark("Next take"), "Ctrl+PgDown", "chevron-down"),
    _S(
        "takes.star",
        mark("Star the take"),
        "Ctrl+Alt+K",
        "star",
        facts(Fact.TAKE_SELECTED),
        words=mark("favourite"),
        section=True,
    ),
    _S("takes.note", mark("Write a note…"), "Ctrl+Alt+N", "pencil", facts(Fact.TAKE_SELECTED)),
    _S(
        "takes.use",
        mark("Use these settings"),
        "Ctrl+U",
        "sliders",
        facts(Fact.TAKE_SELECTED),
        words=mark("recipe restore"),
    ),
    _S(
        "takes.compare",
        mark("Compare two takes…"),
        "Ctrl+Alt+B",
        "a-b",
        facts(Fact.TWO_TAKES),
        words=mark("a/b blind"),
    ),
    _S(
        "takes.edit",
        mark("Edit the take…"),
        "F9",
        "scissors",
        facts(Fact.TAKE_SELECTED),
        words=mark("trim cut fade gain silence split marker comp"),
        section=True,
    ),
    _S(
        "takes.join",
        mark("Join the takes"),
        "Shift+F9",
        "link",
        facts(Fact.SEVERAL_TAKES),
        words=mark("comp together"),
    ),
    _S(
        "takes.unedit",
        mark("Hear the take as it was made"),
        "Ctrl+Alt+Shift+E",
        "undo",
        facts(Fact.TAKE_EDITED),
    ),
    _S(
        "takes.export",
        mark("Export the take…"),
        "Ctrl+Shift+E",
        "export",
        facts(Fact.TAKE_SELECTED),
        section=True,
    ),
    _S(
        "takes.reveal",
        mark("Show the take in its folder"),
        "Ctrl+Shift+R",
        "folder",
        facts(Fact.TAKE_SELECTED),
    ),
    _S(
        "takes.delete",
        mark("Delete the take"),
        "Ctrl+Backspace",
        "trash",
        facts(Fact.TAKE_SELECTED),
    ),
)
"""Of the menu Takes."""
