"""Scripts and takes are read anew only where they changed, and are what a fresh reading gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from library_fixtures import recipe, write_tone

from ditar_studio.store.library import Library
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.script_cache import ScriptCache, StoredScript
from ditar_studio.store.take_cache import TakeCache
from ditar_studio.store.voices import NewSample


def fresh(library: Library, project_id: str) -> list[object]:
    """The script as a library that was just opened reads it."""

    def read() -> list[object]:
        row = library.database.row("SELECT * FROM projects WHERE id = ?", project_id)
        assert row is not None
        return list(ScriptCache(library.database).read(row).lines)

    return library.submit(read).result()


def fresh_takes(library: Library, project_id: str) -> list[object]:
    def read() -> list[object]:
        return list(TakeCache(library.database, library.takes._from_row).of_project(project_id))

    return library.submit(read).result()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_change_the_script_is_what_a_fresh_reading_gives(
    library: Library, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    project = library.projects.create().value
    other = library.projects.create("Other").value
    sample = NewSample(write_tone(tmp_path / "a.wav", 1.0), "Words.")
    voice = library.voices.create("Voice", [sample]).value
    new = [NewLine(f"Line {n} says tomato.", opens_block=n % 3 == 0) for n in range(12)]
    library.lines.add(project.id, new)

    def some(count: int = 1) -> list[str]:
        ids = [line.id for line in library.lines.of_project(project.id)]
        return chance.sample(ids, min(count, len(ids)))

    def speak() -> None:
        line = library.lines.get(some()[0])
        take = library.takes.begin(project.id, line.id, recipe(), line.fingerprint).value
        write_tone(take.path, 0.1)
        library.takes.finish(take.id, chance.choice(["complete", "partial"]))

    def with_take(act: Callable[[str], object]) -> None:
        takes = library.takes.of_project(project.id)
        if takes:
            act(chance.choice(takes).id)

    blocks, projects, lines = library.blocks, library.projects, library.lines
    changes: list[Callable[[], object]] = [
        lambda: lines.set_text(some()[0], f"Now {chance.random()} or tomato"),
        lambda: lines.add(project.id, [NewLine("New")], chance.randrange(5)),
        lambda: lines.add(other.id, [NewLine("New")]),
        lambda: lines.set_voice(some(2), chance.choice([voice.id, None])),
        lambda: lines.set_locked(some(), chance.random() < 0.5),
        lambda: lines.move(some(2), chance.randrange(6)),
        lambda: lines.delete(some()) if len(lines.of_project(project.id)) > 6 else None,
        lambda: lines.join(some(2)) if len(lines.of_project(project.id)) > 6 else None,
        lambda: lines.split(some()[0], 4),
        lambda: lines.mark_failed(some()[0], chance.choice(["", "It failed."])),
        lambda: projects.set_model_hash(project.id, chance.choice("abc")),
        lambda: projects.set_general_lexicon(chance.choice(["", "tomato = tomahto"])),
        lambda: projects.change_settings(project.id, generation={"steps": chance.randrange(9)}),
        lambda: blocks.set_opens(some(2), chance.random() < 0.5),
        lambda: blocks.set_section(some()[0], chance.choice(["", "Title"])),
        lambda: lines.set_pauses(some(2), chance.random()),
        lambda: blocks.change_line_settings(some(), {"steps": chance.choice([None, 4])}),
        lambda: blocks.change_block_settings(some(), {"steps": chance.choice([None, 5])}),
        lambda: blocks.change_voice_settings(voice.id, {"steps": chance.choice([None, 6])}),
        speak,
        speak,
        lambda: with_take(library.takes.star),
        lambda: with_take(library.takes.delete),
        lambda: with_take(lambda take_id: library.takes.set_note(take_id, "A note")),
        lambda: with_take(lambda t: lines.choose_take(library.takes.get(t).line_id or "", t)),
        library.undo,
        library.undo,
        library.redo,
        lambda: library.bin.purge(0.0) if chance.random() < 0.1 else None,
        lambda: lines.of_project(other.id),
    ]
    for _step in range(60):
        chance.choice(changes)()
        assert lines.of_project(project.id) == fresh(library, project.id)
        assert library.takes.of_project(project.id) == fresh_takes(library, project.id)


def test_lines_that_nothing_happened_to_are_not_made_anew(library: Library) -> None:
    project = library.projects.create().value
    library.lines.add(project.id, [NewLine(f"{n}") for n in range(5)])
    before = library.lines.of_project(project.id)
    library.lines.set_text(before[2].id, "Other")
    after = library.lines.of_project(project.id)
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, True, False, True, True]


def test_a_line_depends_on_the_voices_that_its_marks_name(library: Library, tmp_path: Path) -> None:
    project = library.projects.create().value
    text = "He said: [voice Ben]no[/voice]."
    marked, plain = library.lines.add(project.id, [NewLine(text), NewLine("No.")]).value
    sample = NewSample(write_tone(tmp_path / "a.wav", 1.0), "Words.")
    ben = library.voices.create("BEN", [sample]).value
    with_ben = library.lines.get(marked.id).fingerprint
    assert with_ben != marked.fingerprint
    assert library.lines.get(plain.id).fingerprint == plain.fingerprint
    library.voices.rename(ben.id, "Other")
    assert "[voice Other]" in library.lines.get(marked.id).text
    assert library.lines.get(marked.id).fingerprint == with_ben
    library.undo()
    library.voices.delete(ben.id)
    assert library.lines.get(marked.id).fingerprint == marked.fingerprint


def test_lines_far_from_a_change_are_not_made_anew(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = library.projects.create().value.id
    new = [NewLine(f"Line {n} is here.", opens_block=n % 4 == 0) for n in range(400)]
    library.lines.add(project, new)
    made: list[str] = []
    make = ScriptCache._line

    def count(self: ScriptCache, script: StoredScript, line_id: str, before: Line | None) -> Line:
        made.append(line_id)
        return make(self, script, line_id, before)

    monkeypatch.setattr(ScriptCache, "_line", count)

    def ids() -> list[str]:
        return [line.id for line in library.lines.of_project(project)]

    changes: tuple[Callable[[], object], ...] = (
        lambda: library.lines.add(project, [NewLine("New.")], at=200),
        lambda: library.lines.move([ids()[200]], to=203),
        lambda: library.lines.split(ids()[210], 6),
        lambda: library.lines.delete([ids()[220]]),
        library.undo,
        lambda: library.lines.join(ids()[230:232]),
    )
    for change in changes:
        made.clear()
        change()
        there = library.lines.of_project(project)
        assert len(made) <= 16
        assert there == fresh(library, project)
