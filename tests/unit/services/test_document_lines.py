from __future__ import annotations

from ditar_studio.documents import Chapter, Document, Paragraph, read_content
from ditar_studio.services.document_lines import (
    CHAPTER_SECONDS,
    HEADING_SECONDS,
    PARAGRAPH_SECONDS,
    script_lines,
    speech_seconds,
)
from ditar_studio.text.script import ScriptLine


def test_chapters_become_sections_and_paragraphs_blocks() -> None:
    text = "# One\n\nFirst. Second.\n\nThird.\n\n# Two\n\nEnd."
    assert script_lines(read_content(text.encode(), "a.md")) == [
        ScriptLine(None, "One", HEADING_SECONDS, True, "One"),
        ScriptLine(None, "First.", None, True),
        ScriptLine(None, "Second.", PARAGRAPH_SECONDS, False),
        ScriptLine(None, "Third.", CHAPTER_SECONDS, True),
        ScriptLine(None, "Two", HEADING_SECONDS, True, "Two"),
        ScriptLine(None, "End.", CHAPTER_SECONDS, True),
    ]


def test_a_scene_break_is_a_longer_silence() -> None:
    lines = script_lines(read_content(b"Before it.\n\n* * *\n\nAfter it.", "a.txt"))
    assert [line.pause_seconds for line in lines] == [2.0, PARAGRAPH_SECONDS]


def test_subtitles_keep_their_times_as_silences_and_their_speakers() -> None:
    srt = (
        b"1\n00:00:01,000 --> 00:00:02,000\nANNA: One. Two.\n\n"
        b"2\n00:00:03,500 --> 00:00:04,000\nThree.\n"
    )
    assert script_lines(read_content(srt, "a.srt")) == [
        ScriptLine("ANNA", "One.", None, True, starts=1.0, ends=1.5),
        ScriptLine("ANNA", "Two.", 1.5, False, starts=1.5, ends=2.0),
        ScriptLine(None, "Three.", None, True, starts=3.5, ends=4.0),
    ]


def test_long_sentences_are_divided_and_all_words_kept() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    document = Document("", (Chapter("", (Paragraph(words),)),))
    lines = script_lines(document, 100)
    assert " ".join(line.text for line in lines) == words
    assert max(len(line.text) for line in lines) <= 100
    assert [line.opens_block for line in lines] == [True] + [False] * (len(lines) - 1)


def test_an_hour_is_as_many_words_as_a_narrator_says() -> None:
    assert speech_seconds(9300) == 3600


def test_subtitles_tell_when_each_sentence_is_to_be_spoken() -> None:
    srt = "1\n00:00:02,000 --> 00:00:04,000\nOne. Four.\n\n2\n00:00:05,000 --> 00:00:06,500\nEnd.\n"
    lines = script_lines(read_content(srt.encode(), "a.srt"))
    assert [(line.text, line.starts, line.ends) for line in lines] == [
        ("One.", 2.0, 2.889),
        ("Four.", 2.889, 4.0),
        ("End.", 5.0, 6.5),
    ]
    plain = script_lines(read_content(b"One. Two.", "a.txt"))
    assert {(line.starts, line.ends) for line in plain} == {(None, None)}
