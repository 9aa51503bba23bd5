from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.documents import Document, ReadOptions, is_document, read_content, read_document
from ditar_studio.errors import StudioError

AFTER = ReadOptions(notes="after_paragraph")


def read(text: str, name: str, options: ReadOptions | None = None) -> Document:
    return read_content(text.encode(), name, options)


def texts(document: Document) -> list[str]:
    return [p.text for chapter in document.chapters for p in chapter.paragraphs]


def remarks(document: Document) -> dict[str, int]:
    return {remark.kind: remark.count for remark in document.remarks}


BOOK = """The Project Gutenberg eBook of A Walk

Title: A Walk
Author: Jane Doe

*** START OF THE PROJECT GUTENBERG EBOOK A WALK ***

CHAPTER I. Out of the house

It was a fine morning, and _nobody_ who lived in the house had the faintest
idea of what was about to happen in the garden behind it.

Then it did.

* * *

Later.

CHAPTER II

The end of the story is a short one, and this line of it is long enough to wrap
around.

*** END OF THE PROJECT GUTENBERG EBOOK A WALK ***
License: much text.
"""


def test_a_book_in_plain_text_has_chapters_and_no_licence() -> None:
    document = read(BOOK, "walk.txt")
    assert (document.title, document.author) == ("A Walk", "Jane Doe")
    assert [c.title for c in document.chapters] == ["CHAPTER I. Out of the house", "CHAPTER II"]
    first = document.chapters[0].paragraphs
    assert first[1].text.startswith("It was a fine morning, and nobody who lived")
    assert first[1].text.endswith("garden behind it.")
    assert [p.pause_seconds for p in first] == [None, None, 2.0, None]
    assert remarks(document) == {"licence": 1}
    bare = read(BOOK, "walk.txt", ReadOptions(headings=False))
    assert bare.chapters[0].paragraphs[0].text.startswith("It was")


def test_lines_of_dialogue_have_speakers_and_pauses() -> None:
    document = read("Anna: Did you lock it?\nBen: No. [pause 1.5]\n\nThey ran.", "x.txt")
    (chapter,) = document.chapters
    assert [(p.speaker, p.text, p.pause_seconds) for p in chapter.paragraphs] == [
        ("Anna", "Did you lock it?", None),
        ("Ben", "No.", 1.5),
        (None, "They ran.", None),
    ]


def test_lines_that_are_paragraphs_stay_apart_and_wrapped_ones_join() -> None:
    long = "word " * 60
    assert len(texts(read(f"{long}\nShort.\n{long}\nAlso.\n{long}\nSo.", "a.txt"))) == 6
    wrapped = "\n".join(["This is a line that was broken at some sixty letters or so,"] * 4)
    assert len(texts(read(f"{wrapped}\n\n{wrapped}", "a.txt"))) == 2


def test_page_numbers_in_plain_text_are_left_out() -> None:
    document = read("\n\n".join(f"Text {n}.\n\n{n}" for n in range(1, 7)), "a.txt")
    assert texts(document) == [f"Text {n}." for n in range(1, 7)]
    assert remarks(document) == {"page_marks": 6}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_its_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Käse – “good”.\r\n".encode(encoding))
    assert texts(read_document(path)) == ["Käse – “good”."]


MARKDOWN = """---
title: "My Text"
author: Me
---
# One

Some *emphasis*, `code`, a [link](https://x.y/z) and ![a picture](p.png).[^1]

- first
- second <b>bold</b>

| Name | Age |
| ---- | --- |
| Anna | 5   |

***

## Two {#two}

~~Gone~~ & done.

[^1]: A note
    of two lines.
"""


def test_markdown_is_read_without_its_marks() -> None:
    document = read(MARKDOWN, "a.md")
    assert (document.title, document.author) == ("My Text", "Me")
    assert texts(document) == [
        "One",
        "Some emphasis, code, a link and .",
        "first",
        "second bold",
        "Name: Anna; Age: 5.",
        "Two",
        "Gone & done.",
    ]
    assert remarks(document) == {"pictures": 1, "tables_by_row": 1, "notes_left_out": 1}
    assert document.chapters[0].paragraphs[4].pause_seconds == 2.0
    with_notes = read(MARKDOWN, "a.md", AFTER)
    assert texts(with_notes)[2] == "A note of two lines."
    assert remarks(with_notes)["notes_read"] == 1


def test_code_is_not_read_aloud() -> None:
    document = read("Look:\n\n```python\nprint(1)\n```\n\n    x = 2\n\nDone.\n", "a.md")
    assert texts(document) == ["Look:", "Done."]
    assert remarks(document) == {"code": 2}


def test_headings_that_occur_often_begin_chapters() -> None:
    document = read("# Book\n\nHi.\n\n## A\n\na\n\n## B\n\nb\n\n### b1\n\nc\n", "a.md")
    assert [c.title for c in document.chapters] == ["Book", "A", "B"]
    assert document.title == "Book"


SRT = """1
00:00:01,000 --> 00:00:03,500
<i>ANNA: Hello,</i>
my friend. [door slams]

2
00:00:04,000 --> 00:00:06,000
- Yes.
- No!

3
00:00:07,000 --> 00:00:08,000
♪ music ♪
"""


def test_subtitles_have_times_and_speakers_and_no_sounds() -> None:
    document = read(SRT, "a.srt")
    said = [(p.speaker, p.text, p.start, p.end) for p in document.chapters[0].paragraphs]
    assert said == [
        ("ANNA", "Hello, my friend.", 1.0, 3.5),
        (None, "Yes.", 4.0, 5.143),
        (None, "No!", 5.143, 6.0),
    ]
    assert document.timed
    assert remarks(document) == {"directions": 2}


def test_webvtt_is_read_with_its_voices() -> None:
    text = (
        "WEBVTT\n\nNOTE hidden\n\nSTYLE\n::cue {}\n\nid\n00:01.000 --> 00:02.000 line:0\n"
        "<v Anna>Hi &amp; bye\n<v Ben Li>Well\n\n1:00:03.5 --> 1:00:04.500\nPlain\n"
    )
    document = read(text, "a.vtt")
    said = [(p.speaker, p.text, p.start) for p in document.chapters[0].paragraphs]
    assert said == [("Anna", "Hi & bye", 1.0), ("Ben Li", "Well", 1.667), (None, "Plain", 3603.5)]


def test_an_answer_in_a_cue_is_a_line_of_its_own() -> None:
    cue = "1\n00:00:01,000 --> 00:00:03,000\n<i>Hello there.</i>\n- Who is it?\n\n"
    hyphen = "2\n00:00:04,000 --> 00:00:05,000\nTwenty\n-two of them.\n"
    assert texts(read(cue + hyphen, "a.srt")) == [
        "Hello there.",
        "Who is it?",
        "Twenty -two of them.",
    ]


FOUNTAIN = """Title: The Play
Author: Me

INT. HOUSE - DAY

A _quiet_ room. [[a note]]

ANNA (O.S.)
(softly)
Did you lock
the **door**?

BEN
No.

CUT TO:

EXT. STREET - NIGHT #2#

They run.
"""


@pytest.mark.parametrize("name", ["a.fountain", "a.txt"])
def test_a_screenplay_has_scenes_and_speakers(name: str) -> None:
    document = read(FOUNTAIN, name)
    assert (document.title, document.author) == ("The Play", "Me")
    assert [c.title for c in document.chapters] == ["INT. HOUSE - DAY", "EXT. STREET - NIGHT"]
    said = [(p.speaker, p.text) for p in document.chapters[0].paragraphs]
    assert said == [
        (None, "Interior, house, day"),
        (None, "A quiet room."),
        ("Anna", "Did you lock the door?"),
        ("Ben", "No."),
    ]
    assert remarks(document) == {"directions": 2}


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("INT./EXT. ANN'S CAR – NIGHT", "Interior and exterior, ann's car, night"),
        ("I/E TENT", "Interior and exterior, tent"),
        ("Ext. The Old Bridge - Dawn", "Exterior, The Old Bridge, Dawn"),
        (".THE INTERVAL", "The interval"),
    ],
)
def test_a_scene_heading_is_said_as_one_says_it(heading: str, said: str) -> None:
    document = read(f"{heading}\n\nThey run.\n", "a.fountain")
    assert texts(document) == [said, "They run."]


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "a.txt", "There is no text"),
        (b"\0\1\2", "a.txt", "is not a text file"),
        (b"hi", "a.xyz", "of a kind that can't be read"),
        (b"hello", "a.srt", "There is no subtitle"),
        (b"x", "a.rtf", "Save it as DOCX"),
        (OLE + b"WordDocument", "a.doc", "Save it as DOCX"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "is locked"),
        (b"PK\x03\x04rubbish", "a.epub", "damaged"),
        (b"PK\x03\x04rubbish", "a.docx", "damaged"),
        (b"%PDF-1.4 rubbish", "a.pdf", "damaged"),
        (b"", "a.html", "damaged"),
        (b"<html><body></body></html>", "a.html", "There is no text"),
    ],
)
def test_what_is_no_document_is_refused_in_a_sentence(content: bytes, name: str, says: str) -> None:
    with pytest.raises(StudioError, match=says):
        read_content(content, name)


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="can't be read"):
        read_document(tmp_path / "none.txt")
    assert is_document(Path("A.EPUB"))
    assert not is_document(Path("a.wav"))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.srt", "a.fountain", "a.docx"])
@settings(deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_is_in_a_file_it_is_read_or_refused(name: str, content: bytes) -> None:
    try:
        document = read_content(content, name)
    except StudioError:
        return
    assert all(p.text.strip() for c in document.chapters for p in c.paragraphs)
