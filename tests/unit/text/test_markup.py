"""Marks in a text: what they mean, where they hold, and what they leave of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text.marked_parts import balanced, split_marked
from ditar_studio.text.markup import marks_in, plain, voices_in, without_marks
from ditar_studio.text.passages import Passage, passages
from ditar_studio.text.phonemes import read
from ditar_studio.text.sentences import split


def styled(passage: Passage) -> list[tuple[str, float, float]]:
    """The styled stretches of a passage: text, speed, gain."""
    return [(passage.text[s.start : s.end], s.speed, s.gain_db) for s in passage.styles]


def source(text: str, passage: Passage) -> str:
    return "".join(text[place] for place in passage.places)


def test_a_text_without_marks_is_one_passage_as_it_stands() -> None:
    text = "He said [softly]: no [1]."
    (only,) = passages(text)
    assert (only.text, only.places) == (text, tuple(range(len(text))))
    assert (only.pause_before, only.voice, only.styles, only.sayings) == (None, "", (), ())


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause]", 0.5),
        ("[pause 1.5]", 1.5),
        ("[pause 2 s]", 2.0),
        ("[pause 250ms]", 0.25),
        ("[PAUSE=0]", 0.0),
        ("[pause 1] [pause 1]", 2.0),
    ],
)
def test_a_pause_divides_a_text(mark: str, seconds: float) -> None:
    first, second = passages(f"Wait {mark} for me.")
    assert (first.text, second.text.strip()) == ("Wait,", "for me.")
    assert (first.pause_before, second.pause_before) == (None, seconds)


def test_pauses_at_either_end_and_signs_alone_stay_where_they_are() -> None:
    first, last = passages("[pause 1] Hello [pause 2].")
    assert (first.text.strip(), first.pause_before) == ("Hello.", 1.0)
    assert (last.text, last.pause_before) == ("", 2.0)
    first, last = passages("Hello [pause 2]")
    assert (first.text.strip(), last.pause_before) == ("Hello", 2.0)


def test_speed_and_loudness_hold_between_their_marks_and_add_up() -> None:
    (only,) = passages("A [slow]very [loud]old[/loud] man[/slow] [speed 1.5]ran[/speed] off.")
    assert styled(only) == [
        ("very ", 0.8, 0.0),
        ("old", 0.8, 4.0),
        (" man", 0.8, 0.0),
        ("ran", 1.5, 0.0),
    ]
    (only,) = passages("[volume -6dB]Hush[/volume], [emphasis strong]now[/emphasis]")
    assert styled(only) == [("Hush", 1.0, -6.0), ("now", 0.82, 4.0)]
    (only,) = passages("Go [emphasis]on[/emphasis] [fast]and on")
    assert styled(only) == [("on", 0.9, 2.5), ("and on", 1.25, 0.0)]
    (only,) = passages("[/slow]No mark begins here.")
    assert only.text == "No mark begins here."


def test_for_models_that_time_no_words_a_style_is_a_passage() -> None:
    found = passages("A [slow]very old[/slow] man.", divided=True)
    assert [p.text.strip() for p in found] == ["A,", "very old,", "man."]
    assert styled(found[1]) == [("very old", 0.8, 0.0)]


def test_another_voice_is_a_passage() -> None:
    found = passages("He said: [voice Ben]No.[/voice] And left.")
    assert [(p.voice, p.text.strip()) for p in found] == [
        ("", "He said:"),
        ("Ben", "No."),
        ("", "And left."),
    ]
    assert voices_in("[voice Ben]a[/voice][voice Ben]b[/voice][voice Ann B]c") == ["Ben", "Ann B"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[spell]NASA[/spell] says", "N A S A says"),
        ("[say-as characters]a1[/say-as] is", "A 1 is"),
        ("In [say-as digits]1984[/say-as].", "In 1 9 8 4."),
        ("[say-as cardinal]1,984[/say-as]", "one thousand nine hundred eighty four"),
        ("The [say-as ordinal]3[/say-as].", "The third."),
        ("In [say-as year]1905[/say-as].", "In nineteen oh five."),
        ("[say-as telephone]555-0199[/say-as]", "5 5 5, 0 1 9 9"),
        ("[say-as date]3/4/2025[/say-as]", "March fourth, twenty twenty five"),
        ("[say-as date dmy]3/4/2025[/say-as]", "April third, twenty twenty five"),
        ("[say-as date]2025-04-03[/say-as]", "April third, twenty twenty five"),
        ("[say-as date]31.12.99[/say-as]", "December thirty first, nineteen ninety nine"),
        ("[say-as date]1 May[/say-as]", "May first"),
        ("[say-as date]Sept. 2, 1905[/say-as]", "September second, nineteen oh five"),
        ("[say-as date my]5/2025[/say-as]", "May twenty twenty five"),
        ("[say-as time]14:05[/say-as]", "fourteen oh five"),
        ("[say-as time]9 am[/say-as]", "nine A M"),
        ("[say-as time]12:30 p.m.[/say-as]", "twelve thirty P M"),
        ("[say-as time]7:00[/say-as]", "seven o'clock"),
        ("[say dee tar]DiTAR[/say] is it.", "dee tar is it."),
    ],
)
def test_what_is_said_instead(text: str, said: str) -> None:
    (only,) = passages(text)
    assert only.text == said
    assert len(only.places) == len(said)
    assert list(only.places) == sorted(only.places)


def test_sounds_are_given_for_one_occurrence_only() -> None:
    text = "I [say /ɹɛd/]read[/say] what you read."
    (only,) = passages(text)
    assert [(only.text[s.start : s.end], s.pronunciation) for s in only.sayings] == [
        ("read", "/ɹɛd/")
    ]
    reading = read(only.text, None, only.sayings)
    assert "".join(reading.sounds[2:5]) == "ɹɛd"
    assert reading.words[1] == "read"
    assert "".join(read("I read what you read.").sounds) != "".join(reading.sounds)


@pytest.mark.parametrize(
    "mark",
    [
        *("[pause soon]", "[pause 61]", "[pause -1]", "[speed 3]", "[speed nan]", "[volume 20]"),
        *("[emphasis loud]", "[say-as song]", "[say /q7/]", "[say 12]"),
    ],
)
def test_a_mark_that_cannot_be_used_is_named(mark: str) -> None:
    with pytest.raises(StudioError) as caught:
        passages(f"Oh {mark} no.")
    assert caught.value.remedy
    assert mark in caught.value.message


def test_a_number_is_needed_to_say_one() -> None:
    with pytest.raises(StudioError, match="ordinal"):
        passages("[say-as ordinal]many[/say-as]")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("date", "13/13/2025"), ("date", "soon"), ("date ymd", "5/2025"), ("time", "25:00")],
)
def test_what_is_no_date_or_time_is_reported(kind: str, text: str) -> None:
    with pytest.raises(StudioError, match="can't be said as"):
        passages(f"[say-as {kind}]{text}[/say-as]")


def test_marks_that_need_a_value_are_text_without_one() -> None:
    assert marks_in("[voice] [say] [speed] [unknown 3] [/unknown]") == []


def test_the_plain_text_has_single_blanks_and_its_places() -> None:
    text = "Wait [pause 1.5] for [slow]me[/slow], [voice Ben]now[/voice] [pause 2]"
    assert plain(text) == "Wait for me, now"
    bare, places = without_marks(text)
    assert [text[place] for place in places] == list(bare)
    assert plain("No marks.") == "No marks."


@given(st.text(alphabet="ab .,[]/pause1slow", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    try:
        found = passages(text)
    except StudioError:
        return
    assert len(plain(text)) <= len(text)
    for passage in found:
        assert len(passage.text) == len(passage.places)
        assert list(passage.places) == sorted(passage.places)
        assert all(0 <= place < len(text) for place in passage.places)


def test_divided_text_keeps_its_marks_whole_and_in_force() -> None:
    text = "[slow]One is here. Two is [pause 1.5] there.[/slow] [say dee. tar]X[/say] is three."
    parts = split_marked(text, lambda t: split(t, 40))
    assert parts == [
        "[slow]One is here.[/slow]",
        "[slow]Two is [pause 1.5] there.[/slow]",
        "[say dee. tar]X[/say] is three.",
    ]
    assert list(balanced(["a [voice Ben]b", "c", "d[/voice] e"])) == [
        "a [voice Ben]b[/voice]",
        "[voice Ben]c[/voice]",
        "[voice Ben]d[/voice] e",
    ]
    assert split_marked("One. Two.", split) == ["One.", "Two."]
