"""PDF files with text: lines joined to paragraphs, running heads and page numbers left out.

A PDF knows letters and places, not paragraphs. A paragraph ends where a line stays short, where the
next one is indented, or where the distance of lines grows.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ditar_studio.documents.structure import (
    Document,
    Gathering,
    Paragraph,
    ReadOptions,
    is_scene_break,
    one_line,
)
from ditar_studio.errors import StudioError

_MOST_PAGES: Final = 20_000
_EDGE: Final = 0.12  # of a page's height: where running heads and page numbers are
_LEAST_REPEATS: Final = 3
_DIGITS: Final = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_BARE_NUMBER: Final = re.compile(
    r"[\s\[(–—-]*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,7})[\s\])–—-]*", re.I
)
_BROKEN_WORD: Final = "\ufffe"
"""What PDFium puts for the hyphen and the end of a line within a word."""
_LINE: Final = re.compile(r"([^\r\n\ufffe]+)(\r\n|\ufffe|\Z)")
_HYPHEN: Final = re.compile(r"(?<=[a-zäöüß])[-\u2010\u00ad\ufffe\x02]$")


@dataclass(frozen=True)
class Line:
    """A line of text on a page, in points; `bottom` and `top` from the page's lower edge."""

    text: str
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Page:
    """A page's lines from top to bottom, and its height."""

    lines: tuple[Line, ...]
    height: float


def read(content: bytes, name: str, options: ReadOptions) -> Document:
    """Read the text of a PDF; its bookmarks begin chapters.

    Raises:
        StudioError: it is damaged or locked, or is made of pictures.
    """
    import pypdfium2

    try:
        file = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise StudioError(
                f"“{name}” is locked.", "Choose one without copy protection or password."
            ) from error
        raise StudioError(
            f"“{name}” is damaged, or not what its name says.",
            "Open it in the program that made it, and save it again.",
        ) from error
    try:
        if len(file) > _MOST_PAGES:
            raise StudioError(
                f"“{name}” has more than {_MOST_PAGES} pages.", "Choose another file."
            )
        pages = [_page(file[number]) for number in range(len(file))]
        bookmarks = _bookmarks(file)
        facts = {key: str(value) for key, value in file.get_metadata_dict().items()}
    finally:
        file.close()
    if not any(page.lines for page in pages):
        raise StudioError(
            f"There is no text in “{name}”: its pages are pictures.",
            "Run a text recognition (OCR) over it first.",
        )
    gathering = Gathering(options)
    gathering.remark("pages_without_text", sum(not page.lines for page in pages))
    _gather(without_edges(pages, gathering), bookmarks, gathering)
    return gathering.document(
        facts.get("Title", "") or name.rpartition(".")[0], facts.get("Author", "")
    )


def _page(page: Any) -> Page:
    text_page = page.get_textpage()
    try:
        return Page(tuple(_lines(text_page)), float(page.get_height()))
    finally:
        text_page.close()
        page.close()


def _lines(text_page: Any) -> Iterator[Line]:
    """Return the lines as PDFium finds them, with the places of their first and last letters."""
    from pypdfium2.raw import FPDFText_GetCharIndexFromTextIndex as place_of

    for match in _LINE.finditer(text_page.get_text_range()):
        text, end = match.groups()
        inner = text.strip()
        if inner:
            first = match.start() + text.index(inner)
            boxes = [
                text_page.get_charbox(max(0, place_of(text_page, place)), loose=True)
                for place in (first, first + len(inner) - 1)
            ]
            (left, bottom, _, top), (_, other_bottom, right, other_top) = boxes
            text += "\u00ad" if end == _BROKEN_WORD else ""
            yield Line(text, left, right, min(bottom, other_bottom), max(top, other_top))


def without_edges(pages: Sequence[Page], gathering: Gathering) -> list[Page]:
    """Return the pages without what repeats at their edges: running heads, page numbers."""
    shapes: Counter[str] = Counter()
    for page in pages:
        shapes.update({_shape(line) for line in page.lines if _at_edge(line, page)})
    kept = []
    for page in pages:
        lines = tuple(
            line
            for line in page.lines
            if not (
                _at_edge(line, page)
                and (shapes[_shape(line)] >= _LEAST_REPEATS or _BARE_NUMBER.fullmatch(line.text))
            )
        )
        gathering.remark("page_marks", int(len(lines) < len(page.lines)))
        kept.append(Page(lines, page.height))
    return kept


def _at_edge(line: Line, page: Page) -> bool:
    first_or_last = line in (*page.lines[:2], *page.lines[-2:])
    near = line.bottom > (1 - _EDGE) * page.height or line.top < _EDGE * page.height
    return first_or_last and near


def _shape(line: Line) -> str:
    return _DIGITS.sub("#", one_line(line.text).casefold())


def _bookmarks(file: Any) -> dict[int, list[str]]:
    """Return titles of the bookmarks of the first level (of the second where there is but one), by
    the number of their page.
    """
    found = []
    for mark in file.get_toc(max_depth=2):
        destination = mark.get_dest()
        index = destination.get_index() if destination is not None else None
        title = one_line(mark.get_title())
        if index is not None and title:
            found.append((mark.level, int(index), title))
    top = [each for each in found if each[0] == 0]
    chosen = top if len(top) > 1 else found
    titles: dict[int, list[str]] = {}
    for _, index, title in chosen:
        titles.setdefault(index, []).append(title)
    return titles


def _gather(pages: Iterable[Page], bookmarks: dict[int, list[str]], gathering: Gathering) -> None:
    pages = list(pages)
    flow = _Flow(gathering, pages)
    for number, page in enumerate(pages):
        titles = bookmarks.get(number, [])
        waiting = [t for t in titles if any(_begins(line.text, t) for line in page.lines)]
        for title in titles:
            if title not in waiting:  # it stands nowhere as it is called
                flow.open_chapter(title)
        for line in page.lines:
            if waiting and _begins(line.text, waiting[0]):
                flow.open_chapter(waiting.pop(0))
            flow.add(line)
        flow.end_page()
    flow.flush()


def _begins(text: str, title: str) -> bool:
    """Return whether a line is (the beginning of) a heading."""
    line, heading = (re.sub(r"[\W_]+", "", each.casefold()) for each in (text, title))
    return len(line) > 2 and (heading.startswith(line) or line.startswith(heading))


class _Flow:
    """Lines to paragraphs."""

    def __init__(self, gathering: Gathering, pages: Sequence[Page]) -> None:
        lines = [line for page in pages for line in page.lines]
        heights = [line.top - line.bottom for line in lines]
        self._gathering = gathering
        self._height = statistics.median(heights) if heights else 10.0
        self._right = _usual([line.right for line in lines], largest=True)
        self._left = _usual([line.left for line in lines], largest=False)
        steps = [
            above.bottom - below.bottom
            for page in pages
            for above, below in zip(page.lines, page.lines[1:], strict=False)
            if 0 < above.bottom - below.bottom < 4 * self._height
        ]
        self._step = statistics.median(steps) if steps else 1.3 * self._height
        self._lines: list[str] = []
        self._hyphened = False
        self._last: Line | None = None

    def add(self, line: Line) -> None:
        last = self._last
        if last is not None and self._is_new(last, line):
            self.flush()
        text = one_line(line.text)
        if self._lines and self._hyphened and text[:1].islower():
            self._lines[-1] = self._lines[-1].rstrip("-\u2010") + text
        elif text:
            self._lines.append(text)
        self._hyphened = _HYPHEN.search(line.text.rstrip(" ")) is not None
        self._last = line

    def end_page(self) -> None:
        """End a page, over whose end a paragraph may go on, if its last line is full."""
        last = self._last
        if last is not None and not self._goes_on(last):
            self.flush()
        elif last is not None:
            self._last = Line(last.text, last.left, last.right, 0.0, 0.0)

    def open_chapter(self, title: str) -> None:
        self.flush()
        self._gathering.open_chapter(title)

    def flush(self) -> None:
        text = one_line(" ".join(self._lines))
        self._lines, self._last = [], None
        if is_scene_break(text):
            self._gathering.pause()
        else:
            self._gathering.add(Paragraph(text))

    def _goes_on(self, line: Line) -> bool:
        full = line.right > self._right - 0.12 * (self._right - self._left)
        return full and line.text.rstrip()[-1:] not in '.!?:”"'

    def _is_new(self, last: Line, line: Line) -> bool:
        if last.top == last.bottom:  # over a page
            return line.left > self._left + 0.8 * self._height and line.text[:1].isupper()
        step = last.bottom - line.bottom
        taller = (line.top - line.bottom) / max(1.0, last.top - last.bottom)
        if step > 1.45 * self._step or step < -self._step or not 0.75 < taller < 1.35:
            return True
        short = last.right < self._right - 0.12 * (self._right - self._left)
        ended = last.text.rstrip()[-1:] in '.!?:”"»'
        indented = line.left > last.left + 0.8 * self._height
        return (short and ended) or (indented and ended)


def _usual(values: Sequence[float], *, largest: bool) -> float:
    """Return the margin: what a tenth of all lines reach or pass."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[round((0.9 if largest else 0.1) * (len(ordered) - 1))]
