"""The result of every reader of documents: chapters of paragraphs, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

Notes = Literal["leave_out", "after_paragraph"]
Tables = Literal["by_row", "leave_out"]

SCENE_BREAK_SECONDS: Final = 2.0
"""Silence where a text has a line of asterisks or the like."""

_NOT_READ_OUT: Final = re.compile(
    r"(table of )?contents|copyright.*|(back )?cover( page)?|title ?page|index|bibliography"
    r"|(foot|end)?notes|references|works cited|list of (figures|tables|illustrations)|colophon"
    r"|imprint|also by .*|inhalt(sverzeichnis)?|impressum|literatur(verzeichnis)?|register"
    r"|anmerkungen|fußnoten|endnoten",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading a document.

    Attributes:
        notes: footnotes and endnotes are left out, or read after the paragraph that refers to them.
        tables: are read row by row, or left out.
        headings: whether the headings of chapters are among the paragraphs.
    """

    notes: Notes = "leave_out"
    tables: Tables = "by_row"
    headings: bool = True


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text without any marks of its format.

    Attributes:
        text: never blank; single spaces.
        speaker: who says it, where the document tells.
        pause_seconds: silence after it; None for the usual pause.
        start, end: when it is to be spoken, in seconds, where the document tells.
    """

    text: str
    speaker: str | None = None
    pause_seconds: float | None = None
    start: float | None = None
    end: float | None = None

    @property
    def words(self) -> int:
        """Number of words."""
        return len(self.text.split())


@dataclass(frozen=True)
class Chapter:
    """A chapter.

    Attributes:
        title: empty in a document without chapters.
        paragraphs: in order.
    """

    title: str
    paragraphs: tuple[Paragraph, ...]

    @cached_property
    def words(self) -> int:
        """Number of words."""
        return sum(paragraph.words for paragraph in self.paragraphs)

    @property
    def read_out(self) -> bool:
        """Whether a narrator would read it: not a table of contents, an index or the like."""
        return _NOT_READ_OUT.fullmatch(self.title.strip(" .:")) is None


RemarkKind = Literal[
    "notes_left_out",
    "notes_read",
    "tables_by_row",
    "tables_left_out",
    "page_marks",
    "pictures",
    "formulas",
    "licence",
    "directions",
    "code",
    "pages_without_text",
]


@dataclass(frozen=True)
class Remark:
    """Something that is not as in the document, and how often."""

    kind: RemarkKind
    count: int


@dataclass(frozen=True)
class Document:
    """A document to speak.

    Attributes:
        title, author, language: as the document tells; may be empty.
        chapters: at least one, each with a paragraph at least.
        remarks: what is not as in the document.
        cover: a picture as JPEG or PNG; empty without one.
    """

    title: str
    chapters: tuple[Chapter, ...]
    author: str = ""
    language: str = ""
    remarks: tuple[Remark, ...] = ()
    cover: bytes = field(default=b"", repr=False)

    @property
    def words(self) -> int:
        """Number of words."""
        return sum(chapter.words for chapter in self.chapters)

    @property
    def timed(self) -> bool:
        """Whether it tells when its paragraphs are to be spoken."""
        return any(p.start is not None for c in self.chapters for p in c.paragraphs)


class Gathering:
    """Puts a document together while it is read.

    Args:
        options: how it is read.
    """

    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self._counts: dict[RemarkKind, int] = {}
        self._chapters: list[tuple[str, list[tuple[Paragraph, tuple[Hashable, ...]]]]] = [("", [])]
        self._notes: dict[Hashable, list[str]] = {}

    def remark(self, kind: RemarkKind, count: int = 1) -> None:
        """Count something that is not as in the document."""
        if count:
            self._counts[kind] = self._counts.get(kind, 0) + count

    def open_chapter(self, title: str) -> None:
        """Begin a chapter, to which belongs what follows."""
        self._chapters.append((one_line(title), []))

    def add(self, paragraph: Paragraph, notes: Sequence[Hashable] = ()) -> None:
        """Put a paragraph to the open chapter; a blank one is passed over.

        Args:
            notes: names of the footnotes that it refers to.
        """
        if paragraph.text.strip():
            self._chapters[-1][1].append((paragraph, tuple(notes)))

    def add_heading(self, text: str, notes: Sequence[Hashable] = ()) -> None:
        """Put a heading to the open chapter, if headings are read."""
        if self.options.headings:
            self.add(Paragraph(one_line(text)), notes)

    def add_note(self, name: Hashable, text: str) -> None:
        """Put a paragraph to a footnote."""
        if text.strip():
            self._notes.setdefault(name, []).append(text)

    def add_table(
        self, rows: Sequence[Sequence[str]], headed: bool, notes: Sequence[Hashable] = ()
    ) -> None:
        """Put the rows of a table to the open chapter, as sentences; its footnotes follow it."""
        if self.options.tables == "leave_out":
            self.remark("tables_left_out")
            return
        self.remark("tables_by_row")
        told = list(_as_sentences(rows, headed))
        for number, text in enumerate(told, start=1):
            self.add(Paragraph(text), notes if number == len(told) else ())

    def pause(self, seconds: float = SCENE_BREAK_SECONDS) -> None:
        """Let silence follow the last paragraph."""
        paragraphs = self._chapters[-1][1]
        if paragraphs:
            last, notes = paragraphs[-1]
            paragraphs[-1] = (replace(last, pause_seconds=seconds), notes)

    @property
    def title(self) -> str:
        """Title of the open chapter."""
        return self._chapters[-1][0]

    @property
    def empty(self) -> bool:
        """Whether the open chapter has no paragraph yet."""
        return not self._chapters[-1][1]

    def document(
        self, title: str, author: str = "", language: str = "", cover: bytes = b""
    ) -> Document:
        """Return the whole; chapters without text are left out."""
        reads_notes = self.options.notes == "after_paragraph"
        read: set[Hashable] = set()
        chapters = []
        for name, paragraphs in self._chapters:
            told: list[Paragraph] = []
            for paragraph, notes in paragraphs:
                said = [text for note in notes for text in self._notes.get(note, ())]
                if not said or not reads_notes:
                    told.append(paragraph)
                    continue
                read.update(notes)
                told.append(replace(paragraph, pause_seconds=None))
                told += map(Paragraph, said)
                told[-1] = replace(told[-1], pause_seconds=paragraph.pause_seconds)
            if told:
                chapters.append(Chapter(name, tuple(told)))
        self.remark("notes_read", len(self._notes.keys() & read))
        self.remark("notes_left_out", len(self._notes.keys() - read))
        remarks = tuple(Remark(kind, count) for kind, count in self._counts.items())
        return Document(
            one_line(title), tuple(chapters), one_line(author), language, remarks, cover
        )


def _as_sentences(rows: Sequence[Sequence[str]], headed: bool) -> Iterator[str]:
    """Return the rows of a table: "Name: value; name: value."."""
    head = rows[0] if headed and len(rows) > 1 else ()
    for row in rows[1:] if head else rows:
        cells = []
        for number, cell in enumerate(row):
            name = head[number] if number < len(head) else ""
            if cell:
                cells.append(f"{name}: {cell}" if name and name != cell else cell)
        if cells:
            yield "; ".join(cell.rstrip(".;") for cell in cells) + "."


def one_line(text: str) -> str:
    """Return the text with single spaces, without what nobody sees."""
    return " ".join(visible(text).split())


_UNSEEN: Final = {
    ord(character): None for character in "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffc\ufffe"
} | dict.fromkeys((*range(9), 11, *range(14, 32), 127), " ")
_LIGATURES: Final = {
    ord("ﬀ"): "ff",
    ord("ﬁ"): "fi",
    ord("ﬂ"): "fl",
    ord("ﬃ"): "ffi",
    ord("ﬄ"): "ffl",
    ord("ﬅ"): "st",
    ord("ﬆ"): "st",
}
_TRANSLATED: Final = {**_UNSEEN, **_LIGATURES}


def visible(text: str) -> str:
    """Return the text without soft hyphens, zero-width and control characters; ligatures in
    letters.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_TRANSLATED)


def is_scene_break(text: str) -> bool:
    """Return whether a line only separates what is above it from what is below."""
    return bool(text) and _SCENE_BREAK.fullmatch(text) is not None


_SCENE_BREAK: Final = re.compile(r"(?:[*•·⁂~#_=—–-]\s*){1,12}|\*{1,12}|❦|❧|◆|◇")


def chosen(document: Document, numbers: Iterable[int]) -> Document:
    """Return the document with the chapters of these numbers (from 0) only."""
    kept = set(numbers)
    chapters = tuple(c for n, c in enumerate(document.chapters) if n in kept)
    return replace(document, chapters=chapters)
