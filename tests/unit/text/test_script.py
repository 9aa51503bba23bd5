from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text.script import ScriptLine, from_long_text, parse, to_text


@pytest.mark.parametrize(
    ("text", "speaker", "said"),
    [
        ("Anna: Hello there.", "Anna", "Hello there."),
        ("OLD MAN:  Who's there?", "OLD MAN", "Who's there?"),
        ("Speaker 2: Yes.", "Speaker 2", "Yes."),
        ("Dr. O'Neill: Sit down: now.", "Dr. O'Neill", "Sit down: now."),
        ("Zoë: Hi", "Zoë", "Hi"),
        ("We leave at 10:30 today.", None, "We leave at 10:30 today."),
        ("Note: this is not a name.", None, "Note: this is not a name."),
        ("Chapter 1: The Storm", None, "Chapter 1: The Storm"),
        ("there are three: one, two", None, "there are three: one, two"),
        ("See https://example.com", None, "See https://example.com"),
        ("Anna:", None, "Anna:"),
        ("7: seven", None, "7: seven"),
    ],
)
def test_a_name_before_a_colon_is_the_speaker(text: str, speaker: str | None, said: str) -> None:
    assert parse(text) == [ScriptLine(speaker, said)]


def test_blank_lines_part_and_pauses_follow_their_line() -> None:
    script = "[pause 3]\nAnna: Hi. [pause 1.5]\n\n\nBye.\n[pause 2 s]\n[Pause 0.5s]\nEnd. [pause 0]"
    assert parse(script) == [
        ScriptLine("Anna", "Hi.", 1.5),
        ScriptLine(None, "Bye.", 2.5),
        ScriptLine(None, "End.", 0.0),
    ]


@pytest.mark.parametrize("seconds", ["x", "-1", "nan", "61", "1e9", "1,5"])
def test_a_pause_that_is_no_number_of_seconds_names_its_line(seconds: str) -> None:
    with pytest.raises(StudioError, match="line 2"):
        parse(f"Hello.\nWorld. [pause {seconds}]")


def test_pasted_prose_becomes_its_sentences_whatever_its_line_breaks() -> None:
    assert [line.text for line in from_long_text("One line\nbroken. Two.\n\nThree")] == [
        "One line broken.",
        "Two.",
        "Three",
    ]


def test_paragraphs_of_prose_are_blocks_whose_sentences_flow() -> None:
    lines = from_long_text("One. Two.\n\n \nThree\nbroken. Four.")
    assert [(line.text, line.opens_block) for line in lines] == [
        ("One.", True),
        ("Two.", False),
        ("Three broken.", True),
        ("Four.", False),
    ]


def test_a_colon_in_prose_makes_no_script() -> None:
    prose = "It rained.\nRemember: they had no umbrella.\nSo they ran."
    assert all(line.speaker is None for line in from_long_text(prose))


def test_a_long_line_of_a_script_keeps_its_speaker_and_ends_with_its_pause() -> None:
    assert from_long_text("Anna: One. Two. [pause 2]\nBen: Three.") == [
        ScriptLine("Anna", "One."),
        ScriptLine("Anna", "Two.", 2.0, opens_block=False),
        ScriptLine("Ben", "Three."),
    ]


def test_a_script_is_read_back_from_its_text() -> None:
    lines = [ScriptLine("Anna", "Hi: you.", 1.5), ScriptLine(None, "so it went.")]
    assert parse(to_text(lines)) == lines


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_without_pauses_is_a_script(text: str) -> None:
    lines = parse(text.replace("[", "("))
    assert all(line.text.strip() for line in lines)


def test_pauses_within_a_line_and_other_marks_stay_in_its_text() -> None:
    (line,) = parse("[pause 1] Ben: Well [pause] [slow]no[/slow]. [pause 0.5]")
    assert line == ScriptLine("Ben", "Well [pause] [slow]no[/slow].", 1.5)


def test_ssml_is_read_as_lines_with_marks() -> None:
    document = "<speak><p>One <emphasis>is</emphasis>.</p><p>Two.</p></speak>"
    lines = from_long_text(document)
    assert [line.text for line in lines] == ["One [emphasis moderate]is[/emphasis].", "Two."]


def test_a_mark_over_several_sentences_holds_in_each_of_their_lines() -> None:
    lines = from_long_text("[slow]One is here. Two is there.[/slow] Three.", 25)
    assert [line.text for line in lines] == [
        "[slow]One is here.[/slow]",
        "[slow]Two is there.[/slow]",
        "Three.",
    ]
