"""Blocks and sections of a script, and settings inherited from project to voice, block and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_fixtures import Clock, recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Take
from ditar_studio.store.voices import NewSample


def _script(library: Library, shape: str) -> list[Line]:
    """A script of one letter a line; "|" opens a block before it, "#" a section of that name."""
    project = library.projects.create().value
    lines: list[NewLine] = []
    opens, section = False, ""
    for sign in shape:
        if sign in "|#":
            opens, section = True, "#" if sign == "#" else section
        else:
            title = sign.upper() if section else ""
            lines.append(NewLine(sign, opens_block=opens, section=title))
            opens, section = False, ""
    return library.lines.add(project.id, lines).value


def _shape(library: Library, project_id: str) -> str:
    return "".join(
        (f"#{line.section}" if line.section else "|" if line.opens_block else "") + line.text
        for line in library.lines.of_project(project_id)
    )


def _ids(lines: list[Line], letters: str) -> list[str]:
    return [line.id for line in lines if line.text in letters]


@pytest.mark.parametrize(
    ("shape", "lost", "left"),
    [
        ("|abc|de", "a", "|bc|de"),
        ("|abc|de", "b", "|ac|de"),
        ("|abc|de", "abc", "|de"),
        ("|abc|de", "cd", "|ab|e"),
        ("#ab|cd#ef", "a", "#Ab|cd#Eef"),
        ("#ab|cd#ef", "ab", "#Acd#Eef"),
        ("#ab#cd", "ab", "#Ccd"),
    ],
)
def test_what_is_left_of_a_block_is_still_one(
    library: Library, shape: str, lost: str, left: str
) -> None:
    lines = _script(library, shape)
    project_id = lines[0].project_id
    library.lines.delete(_ids(lines, lost))
    assert _shape(library, project_id) == left
    library.undo()
    assert [line.opens_block for line in library.lines.of_project(project_id)] == [
        line.opens_block for line in lines
    ]


@pytest.mark.parametrize(
    ("shape", "moved", "to", "then"),
    [
        ("|abc|de", "a", 1, "|bac|de"),
        ("|abc|de", "b", 0, "|bac|de"),
        ("|abc|de", "de", 0, "|de|abc"),
        ("|abc|de", "c", 3, "|ab|dce"),
        ("|a|b|c", "a", 1, "|b|a|c"),
        ("#a|b|c", "a", 1, "#Ab|a|c"),
    ],
)
def test_a_line_that_is_moved_joins_the_block_where_it_lands(
    library: Library, shape: str, moved: str, to: int, then: str
) -> None:
    lines = _script(library, shape)
    library.lines.move(_ids(lines, moved), to)
    assert _shape(library, lines[0].project_id) == then


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_title_is_lost_by_moving_lines(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shape = "".join(
        data.draw(st.sampled_from(["", "|", "#"]), label="opening") + letter for letter in "abcdefg"
    )
    with Library(tmp_path_factory.mktemp("library")) as library:
        lines = _script(library, shape)
        project_id = lines[0].project_id
        moved = data.draw(st.sets(st.sampled_from("abcdefg"), min_size=1), label="moved")
        to = data.draw(st.integers(0, 7 - len(moved)), label="to")
        before = _shape(library, project_id)
        library.lines.move(_ids(lines, "".join(moved)), to)
        after = library.lines.of_project(project_id)
        assert sorted(line.section for line in after) == sorted(line.section for line in lines)
        assert after[0].opens_block
        if after != lines:
            library.undo()
        assert _shape(library, project_id) == before


def test_paragraphs_are_joined_and_begun(library: Library) -> None:
    lines = _script(library, "|ab#cd")
    project_id = lines[0].project_id
    library.blocks.set_opens(_ids(lines, "c"), opens=False)
    assert _shape(library, project_id) == "|abcd"
    library.blocks.set_section(_ids(lines, "b")[0], "  Two\n words ")
    assert _shape(library, project_id) == "|a#Two wordsbcd"
    library.blocks.set_section(_ids(lines, "b")[0], "")
    assert _shape(library, project_id) == "|a|bcd"
    library.undo()
    library.undo()
    library.undo()
    assert _shape(library, project_id) == "|ab#Ccd"


@pytest.mark.parametrize("way", ["split", "open", "section"])
def test_what_begins_within_a_paragraph_keeps_its_settings(library: Library, way: str) -> None:
    lines = _script(library, "|abc")
    project_id, second = lines[0].project_id, _ids(lines, "b")[0]
    library.blocks.change_block_settings([second], {"temperature": 0.9})
    library.lines.set_text(second, "Two words")
    if way == "split":
        library.lines.split(second, 3)
    elif way == "open":
        library.blocks.set_opens([second], opens=True)
    else:
        library.blocks.set_section(second, "Chapter")
    after = library.lines.of_project(project_id)
    assert [line.opens_block for line in after].count(True) == 2
    assert {line.generation["temperature"] for line in after} == {0.9}


def test_a_copy_of_a_project_has_its_blocks_and_settings(library: Library) -> None:
    lines = _script(library, "#ab|c")
    library.blocks.change_block_settings(_ids(lines, "b"), {"steps": 20})
    library.blocks.change_line_settings(_ids(lines, "b"), {"temperature": 0.1})
    before = library.lines.of_project(lines[0].project_id)
    copy = library.lines.of_project(library.projects.duplicate(lines[0].project_id).value.id)
    assert [(x.section, x.opens_block, dict(x.generation)) for x in copy] == [
        (x.section, x.opens_block, dict(x.generation)) for x in before
    ]


def test_settings_are_inherited_from_project_to_voice_to_block_to_line(
    library: Library, tmp_path: Path
) -> None:
    write_tone(tmp_path / "a.wav", 2.0)
    voice = library.voices.create("Anna", [NewSample(tmp_path / "a.wav", "Hi.")]).value
    lines = _script(library, "|ab|c")
    project_id = lines[0].project_id
    a, b, c = (line.id for line in lines)
    library.lines.set_voice([a, b], voice.id)
    library.projects.change_settings(project_id, generation={"temperature": 0.1, "steps": 5})

    def temperatures() -> list[float]:
        return [line.generation["temperature"] for line in library.lines.of_project(project_id)]

    assert temperatures() == [0.1, 0.1, 0.1]
    library.blocks.change_voice_settings(voice.id, {"temperature": 0.2})
    assert temperatures() == [0.2, 0.2, 0.1]
    assert library.voices.get(voice.id).settings == {"temperature": 0.2}
    library.blocks.change_block_settings([b], {"temperature": 0.3})
    assert temperatures() == [0.3, 0.3, 0.1]
    library.blocks.change_line_settings([b, c], {"temperature": 0.4})
    assert temperatures() == [0.3, 0.4, 0.4]
    library.blocks.change_line_settings([b, c], {"temperature": None})
    assert temperatures() == [0.3, 0.3, 0.1]
    assert [line.generation["steps"] for line in library.lines.of_project(project_id)] == [5, 5, 5]
    library.undo()
    assert temperatures() == [0.3, 0.4, 0.4]


def test_only_what_a_setting_touches_becomes_stale(
    library: Library, make_take: Callable[..., Take]
) -> None:
    lines = _script(library, "|ab|c")

    def states() -> list[str]:
        return [line.state for line in library.lines.of_project(lines[0].project_id)]

    for line in lines:
        begun = library.takes.begin(line.project_id, line.id, recipe(), line.fingerprint).value
        write_tone(begun.path, 0.2)
        library.takes.finish(begun.id)
    assert states() == ["rendered"] * 3
    library.blocks.change_line_settings([lines[1].id], {"steps": 30})
    assert states() == ["rendered", "stale", "rendered"]
    library.blocks.change_block_settings([lines[2].id], {"steps": 30})
    assert states() == ["rendered", "stale", "stale"]
    library.blocks.change_line_settings([lines[1].id], {"steps": None})
    assert states() == ["rendered", "rendered", "stale"]


def test_pauses_of_several_lines_are_one_step(library: Library) -> None:
    lines = _script(library, "|ab|c")
    library.lines.set_pauses([line.id for line in lines], 1.5)
    assert {line.pause_seconds for line in library.lines.of_project(lines[0].project_id)} == {1.5}
    library.undo()
    assert {line.pause_seconds for line in library.lines.of_project(lines[0].project_id)} == {0.25}
    with pytest.raises(StudioError):
        library.lines.set_pauses([lines[0].id], 61)


def test_the_queue_outlives_a_restart_without_lines_that_are_gone(
    tmp_path: Path,
) -> None:
    with Library(tmp_path / "library") as library:
        lines = _script(library, "|ab|c")
        project_id = lines[0].project_id
        library.projects.set_queue(project_id, [lines[2].id, lines[0].id, lines[1].id])
        library.lines.delete([lines[0].id])
    with Library(tmp_path / "library") as library:
        assert library.projects.queue(project_id) == (lines[2].id, lines[1].id)


def test_a_takes_number_stays_whatever_is_deleted_and_purged(
    library: Library, clock: Clock, make_take: Callable[..., Take]
) -> None:
    (line,) = _script(library, "a")
    first, second = make_take(line.id), make_take(line.id)
    assert (first.number, second.number) == (1, 2)
    library.takes.delete(first.id)
    clock.now += 40 * 86400
    library.bin.purge()
    assert library.takes.get(second.id).number == 2
    library.takes.delete(second.id)
    clock.now += 40 * 86400
    library.bin.purge()
    assert make_take(line.id).number == 3


def test_a_take_keeps_when_its_words_are_heard(library: Library) -> None:
    (line,) = _script(library, "a")
    begun = library.takes.begin(line.project_id, line.id, recipe()).value
    write_tone(begun.path, 1.0)
    words = (SpokenWord(0, 5, 0.1, 0.4), SpokenWord(6, 11, 0.4, 0.9))
    library.takes.finish(begun.id, words=words)
    assert library.takes.get(begun.id).words == words
