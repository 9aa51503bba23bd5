"""Names that every system takes, and cues that can be read."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.services import naming, subtitles


@given(st.text(max_size=400))
def test_any_text_becomes_a_safe_name(text: str) -> None:
    name = naming.safe(text)
    assert name
    assert len(name.encode()) <= 160
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
    assert name == name.strip(" .")
    assert naming.safe(name) == name


def test_reserved_names_and_empty_ones_are_avoided() -> None:
    assert naming.safe("CON") == "_CON"
    assert naming.safe("com1.txt") == "_com1.txt"
    assert naming.safe("..") == "Untitled"
    assert naming.safe("a/b:c") == "a b c"


def test_unknown_fields_are_reported() -> None:
    with pytest.raises(StudioError, match="voice_name"):
        naming.fill("{voice_name}", {})
    assert naming.fill("{project} {speaker}", {"project": "P"}) == "P"


def test_numbers_make_names_free() -> None:
    assert naming.free("A", {"a", "a 2"}) == "A 3"


def test_long_lines_become_several_cues_that_share_the_time() -> None:
    text = "word " * 60
    shown = subtitles.cues(10.0, 20.0, text)
    assert shown[0].start == 10.0
    assert shown[-1].end == pytest.approx(30.0)
    assert all(a.end == b.start for a, b in itertools.pairwise(shown))
    assert all(len(row) <= 42 for cue in shown for row in cue.text.split("\n"))
    assert all(cue.text.count("\n") <= 1 for cue in shown)
    assert " ".join(cue.text.replace("\n", " ") for cue in shown) == text.strip()


def test_times_and_speakers_are_written_as_the_formats_want_them() -> None:
    shown = [
        *subtitles.cues(3661.0005, 1.0, "Five < six & more", "Anna"),
        *subtitles.cues(3663.0, 1.0, "Yes"),
    ]
    assert subtitles.srt(shown).startswith(
        "1\n01:01:01,000 --> 01:01:02,000\nAnna: Five < six & more\n\n2\n"
    )
    assert "01:01:01.000 --> 01:01:02.000\n<v Anna>Five &lt; six &amp; more\n" in subtitles.vtt(
        shown
    )
