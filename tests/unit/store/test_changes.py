"""One undo/redo stack over everything: whatever is done can be undone and redone exactly."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_fixtures import Clock, recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.changes import ChangeSet, Edit, Stack, Step
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine

TABLES = ("voices", "samples", "projects", "lines", "takes", "recordings")


def _state(library: Library) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a user can see, without time stamps that undo leaves alone."""

    def read() -> dict[str, list[tuple[Any, ...]]]:
        state = {}
        for table in TABLES:
            rows = library.database.rows(f"SELECT * FROM {table} WHERE hidden IS NULL ORDER BY id")
            left_out = ("modified", "opened")
            state[table] = [tuple(r[k] for k in r.keys() if k not in left_out) for r in rows]  # noqa: SIM118
        return state

    return library.database.call(read)


class World:
    """A library with one line and one take, and random things to do to it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.project = library.projects.open_last().value.id
        library.lines.add(self.project, [NewLine("first")])
        take = library.takes.begin(self.project, None, recipe()).value
        write_tone(take.path, 0.01)
        library.takes.finish(take.id)
        library.database.stack.clear()

    def act(self, action: str, pick: int) -> None:
        library = self.library
        lines = [line.id for line in library.lines.of_project(self.project)]
        voices = [voice.id for voice in library.voices.all()]
        takes = [take.id for take in library.takes.of_project(self.project)]
        line = lines[pick % len(lines)] if lines else ""
        voice = voices[pick % len(voices)] if voices else ""
        take = takes[pick % len(takes)] if takes else ""
        acts: dict[str, tuple[str, Callable[[], object]]] = {
            "add": (
                "x",
                lambda: library.lines.add(self.project, [NewLine(f"line {pick}")], pick),
            ),
            "type": (line, lambda: library.lines.set_text(line, f"typed {pick}")),
            "delete line": (line, lambda: library.lines.delete([line])),
            "move": (line, lambda: library.lines.move([line], pick)),
            "replace": (
                "x",
                lambda: library.lines.replace_all(self.project, [NewLine("new")]),
            ),
            "lock": (line, lambda: library.lines.set_locked([line], bool(pick % 2))),
            "assign": (line and voice, lambda: library.lines.set_voice([line], voice)),
            "temperature": (
                "x",
                lambda: library.projects.change_settings(
                    self.project, merge="temperature", generation={"temperature": pick / 10}
                ),
            ),
            "voice": ("x", lambda: library.voices.create(f"Voice {pick}")),
            "rename": (voice, lambda: library.voices.rename(voice, f"Named {pick}")),
            "delete voice": (voice, lambda: library.voices.delete(voice)),
            "star": (take, lambda: library.takes.star(take, bool(pick % 2))),
            "delete take": (take, lambda: library.takes.delete(take)),
        }
        possible, work = acts[action]
        if possible:
            work()


ACTIONS = (
    "add", "type", "delete line", "move", "replace", "lock", "assign", "temperature", "voice",
    "rename", "delete voice", "star", "delete take",
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    actions=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9)), max_size=14),
    back=st.integers(0, 14),
)
def test_undo_and_redo_walk_through_exactly_the_states_there_were(
    actions: list[tuple[str, int]], back: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library(Path(folder), clock := Clock()) as library,
    ):
        world = World(library)
        states, labels = [_state(library)], [""]
        for action, pick in actions:
            clock.now += 10
            world.act(action, pick)
            state = _state(library)
            if state != states[-1]:
                states.append(state)
                labels.append(library.database.stack.undo_label)
        back = min(back, len(states) - 1)
        for step in range(back):
            changes = library.undo()
            assert changes
            assert changes.redo == labels[-1 - step]
            assert _state(library) == states[-2 - step]
        for step in range(back, 0, -1):
            assert library.redo()
            assert _state(library) == states[len(states) - step]
        assert not library.redo()
        for _ in states[1:]:
            library.undo()
        assert _state(library) == states[0]
        assert not library.undo()


def test_a_new_step_drops_what_was_undone(library: Library) -> None:
    library.voices.create("Anna")
    library.undo()
    changes = library.voices.create("Bert").changes
    assert (changes.undo, changes.redo) == ("Save voice", "")
    assert not library.redo()
    assert [voice.name for voice in library.voices.all()] == ["Bert"]


def _step(merge: str, at: float, old: int, new: int) -> Step:
    return Step("Drag", (Edit("takes", "t", "starred", old, new),), merge, at)


def test_steps_with_one_key_merge_unless_something_lies_between() -> None:
    stack = Stack()
    written: list[Step] = []
    stack.push(_step("a", 0.0, 0, 1))
    stack.push(_step("a", 1.0, 1, 2))
    stack.push(_step("a", 9.0, 2, 3))
    stack.undo(written.append)
    stack.undo(written.append)
    assert [step.edits[0].new for step in written] == [2, 0]
    stack.redo(written.append)
    stack.push(_step("a", 1.5, 2, 5))
    stack.undo(written.append)
    assert written[-1].edits[0].new == 2


def test_operations_can_be_one_step(library: Library) -> None:
    project = library.projects.create("One").value
    reported: list[ChangeSet] = []
    library.subscribe(reported.append)

    def rename_twice() -> None:
        with library.one_step("Both"):
            library.projects.rename(project.id, "Two")
            library.projects.change_settings(project.id, lexicon="word: werd")
            library.projects.rename(project.id, "Three")

    library.submit(rename_twice).result()
    assert reported[-1].undo == "Both"
    assert library.undo().undo == "New project"
    assert library.projects.get(project.id).name == "One"
    assert library.projects.get(project.id).settings.lexicon == ""
    assert library.redo().undo == "Both"
    assert library.projects.get(project.id).name == "Three"


def test_the_stack_has_a_limit() -> None:
    stack = Stack(limit=3)
    for number in range(10):
        stack.push(_step("", number, number, number + 1))
    written: list[Step] = []
    while stack.undo_label:
        stack.undo(written.append)
    assert [step.edits[0].new for step in written] == [9, 8, 7]


def test_one_step_is_taken_back_whatever_was_done_since(library: Library) -> None:
    project = library.projects.open_last().value.id
    first, second = library.lines.add(project, [NewLine("a"), NewLine("b")]).value
    deleted = library.lines.delete([first.id]).changes
    assert deleted.step
    library.lines.set_pauses([second.id], 2.0)
    reverted = library.revert(deleted.step)
    assert reverted.undone == deleted.step
    assert first.id in reverted.revived
    assert [line.text for line in library.lines.of_project(project)] == ["a", "b"]
    assert library.lines.get(second.id).pause_seconds == 2.0
    assert library.undo().redo == "Restore"
    assert [line.text for line in library.lines.of_project(project)] == ["b"]


def test_the_last_step_taken_back_is_undone(library: Library) -> None:
    project = library.projects.open_last().value.id
    library.lines.add(project, [NewLine("a")])
    deleted = library.lines.delete([library.lines.of_project(project)[0].id]).changes
    assert library.revert(deleted.step).redo == "Delete line"
    with pytest.raises(StudioError, match="undone any more"):
        library.revert(deleted.step)
    assert library.redo().undone == 0
    assert library.undo().undone == deleted.step


def test_what_was_changed_again_is_not_taken_back(library: Library) -> None:
    project = library.projects.open_last().value.id
    (line,) = library.lines.add(project, [NewLine("a")]).value
    slow = library.lines.set_pauses([line.id], 2.0).changes
    library.lines.set_text(line.id, "b")
    library.lines.set_pauses([line.id], 3.0)
    with pytest.raises(StudioError, match="changed again"):
        library.revert(slow.step)
    assert library.lines.get(line.id).pause_seconds == 3.0


def test_large_steps_are_let_go_of_before_they_fill_the_memory() -> None:
    stack = Stack(most_characters=1000)
    for number in range(9):
        edit = Edit("projects", "p", "line_order", "a" * 100, "b" * 100)
        stack.push(Step(f"Step {number}", (edit,)))
    undone: list[str] = []
    while stack.undo_label:
        undone.append(stack.undo_label)
        stack.undo(lambda _step: None)
    assert undone == [f"Step {number}" for number in range(8, 3, -1)]
    huge = Step("Huge", (Edit("projects", "p", "line_order", "", "c" * 5000),))
    stack.push(huge)
    assert stack.undo_label == "Huge"


@pytest.mark.parametrize("change", ["add", "split", "move"])
def test_a_deleted_line_comes_back_to_its_place_whatever_was_done_to_others_since(
    library: Library, change: str
) -> None:
    projects = library.projects
    project = projects.open_last().value.id
    lines = library.lines.add(project, [NewLine(f"Line {n}.") for n in range(4)]).value
    deleted = library.lines.delete([lines[1].id]).changes
    changes: dict[str, Callable[[], object]] = {
        "add": lambda: library.lines.add(project, [NewLine("New.")], at=0),
        "split": lambda: library.lines.split(lines[0].id, 4),
        "move": lambda: library.lines.move([lines[3].id], to=0),
    }
    changes[change]()
    others = [line.text for line in library.lines.of_project(project)]
    library.revert(deleted.step)
    texts = [line.text for line in library.lines.of_project(project)]
    place = texts.index("Line 1.")
    assert texts[:place] + texts[place + 1 :] == others
    assert texts[place + 1] == "Line 2."


def test_the_pronunciations_of_all_projects_are_undone_like_anything_else(library: Library) -> None:
    projects = library.projects
    project = projects.open_last().value.id
    library.lines.add(project, [NewLine("a")])
    projects.set_general_lexicon("tomato = tom ah to")
    changes = projects.set_general_lexicon("tomato = tom ay to").changes
    assert changes.undo == "Change pronunciations"
    library.undo()
    assert projects.general_lexicon() == "tomato = tom ah to"
    library.undo()
    assert projects.general_lexicon() == ""
    assert len(library.lines.of_project(project)) == 1
    library.redo()
    assert projects.general_lexicon() == "tomato = tom ah to"
