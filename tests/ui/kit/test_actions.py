"""The registry of actions: complete, unambiguous, searchable, and honest about what is enabled."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication

from ditar_studio.ui.kit.action_spec import MENUS
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.shell.action_specs import SPECS


@pytest.fixture
def actions(qapp: QApplication) -> Actions:
    return Actions(SPECS)


def test_every_action_has_its_own_shortcut(qapp: QApplication) -> None:
    keys = Counter(QKeySequence.fromString(spec.shortcut).toString() for spec in SPECS)
    assert "" not in keys
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_is_in_a_menu() -> None:
    assert {spec.menu for spec in SPECS} == set(MENUS)


def test_menu_letters_are_unique() -> None:
    letters = [title[title.index("&") + 1].casefold() for title in MENUS.values()]
    assert len(set(letters)) == len(letters)


def test_enabled_only_with_handler_and_facts(actions: Actions) -> None:
    action = actions.action("takes.star")
    assert not action.isEnabled()
    done: list[str] = []
    actions.handle("takes.star", lambda: done.append("star"))
    assert not action.isEnabled()
    actions.set_facts(take_selected=True)
    assert action.isEnabled()
    action.trigger()
    assert done == ["star"]
    actions.set_facts(take_selected=False)
    assert not action.isEnabled()


def test_forbidding_fact_disables(actions: Actions) -> None:
    actions.handle("voice.record", lambda: None)
    assert actions.action("voice.record").isEnabled()
    actions.set_facts(generating=True)
    assert not actions.action("voice.record").isEnabled()


def test_switch_tells_its_state(actions: Actions) -> None:
    states: list[bool] = []
    actions.handle_switch("speak.loop", states.append)
    actions.action("speak.loop").trigger()
    actions.action("speak.loop").trigger()
    assert states == [True, False]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("undo", "edit.undo"),
        ("generate line", "speak.line"),
        ("mp3", "file.export"),
        ("export take", "takes.export"),
        ("favour", "takes.star"),
    ],
)
def test_search_finds(actions: Actions, query: str, first: str) -> None:
    assert actions.search(query)[0].id == first


def test_search_without_match(actions: Actions) -> None:
    assert actions.search("xyzzy") == []
    assert len(actions.search("")) == len(SPECS)


TAKEN = (
    *(f"Ctrl+Alt+{key}" for key in ("T", "D", "L", "F", "A", "Backspace", "Del", "Esc", "Tab")),
    *(
        f"Ctrl+Alt+{key}"
        for key in ("Up", "Down", "Left", "Right", *(f"F{n}" for n in range(1, 13)))
    ),
    *(f"Ctrl+Alt+{key}" for key in ("E", "M", "Q")),  # AltGr on German keyboards
    *(f"Alt+{key}" for key in ("F2", "F4", "F5", "F7", "F8", "F9", "F10", "Tab", "Space", "Esc")),
    *("Ctrl+Esc", "Ctrl+Shift+Esc", "Print", "Ctrl+Alt+Print"),
)
"""Keys that GNOME, KDE, Xfce or Windows keep for themselves."""


def test_no_key_is_one_that_desktops_take() -> None:
    taken = {QKeySequence(keys) for keys in TAKEN}
    assert [spec.id for spec in SPECS if QKeySequence(spec.shortcut) in taken] == []


def test_usual_keys_do_what_they_do_elsewhere() -> None:
    keys = {spec.shortcut: spec.id for spec in SPECS}
    assert keys["Ctrl+O"] == "file.open"
    assert keys["Ctrl+S"] == "file.save"
    assert keys["Ctrl+Z"] == "edit.undo"
    assert keys["Ctrl+N"] == "file.new"
