"""Text of marked-up documents, element by element, gathered into paragraphs and chapters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ditar_studio.documents.structure import Gathering, Paragraph, is_scene_break, one_line
from ditar_studio.documents.xml import attribute, local

if TYPE_CHECKING:
    from lxml import etree

_BLOCKS: Final = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
        ),
        *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "html"),
        *("legend", "li", "main", "menu", "ol", "p", "pre", "section", "summary"),
        *("title", "ul"),
    )
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_UNREAD: Final = frozenset(
    (
        *("script", "style", "head", "template", "noscript", "svg", "audio", "video", "canvas"),
        *("iframe", "object", "embed", "map", "select", "textarea", "button", "input", "datalist"),
        *("nav", "math", "rt", "rp", "picture"),
    )
)
_PAGE_TYPES: Final = frozenset(("pagebreak", "doc-pagebreak"))
_UNREAD_TYPES: Final = frozenset(
    (
        *(
            "toc",
            "landmarks",
            "loi",
            "lot",
            "page-list",
            "index",
            "doc-toc",
            "doc-index",
            "doc-pagelist",
        ),
        *("doc-backlink",),
    )
)
_NOTE_TYPES: Final = frozenset(
    (
        *(
            "footnote",
            "endnote",
            "rearnote",
            "footnotes",
            "endnotes",
            "rearnotes",
            "note",
            "doc-footnote",
            "doc-endnote",
        ),
        *("doc-endnotes",),
    )
)
_REFERENCE_TYPES: Final = frozenset(("noteref", "doc-noteref"))
_PAGE_CLASSES: Final = re.compile(r"(?:^|\s)(?:page-?num(?:ber)?|pagebreak|pb|folio)(?:\s|$)", re.I)
_NOTE_WORDS: Final = re.compile(r"note|fn|ref", re.IGNORECASE)
_REFERENCE_TEXT: Final = re.compile(r"[\[(]?\s*(?:\d{1,4}|[*†‡§¶]{1,3}|[ivx]{1,5}|[a-z])\s*[\])]?")
_LEADING_MARK: Final = re.compile(r"\A[\[(]?(?:\d{1,4}|[*†‡§¶]{1,3})[\]).:]?\s+|[↑↩⤴︎^]\s*\Z")

Key = tuple[str, str]
"""The file and the id of a place."""


@dataclass(frozen=True)
class Places:
    """The targets of a document's links.

    Attributes:
        notes: the places of the bodies of footnotes.
        chapters: titles of the chapters that begin at places; an empty id is a file's beginning.
    """

    notes: frozenset[Key] = frozenset()
    chapters: Mapping[Key, str] = field(default_factory=dict)


def note_places(root: etree._Element, resolve: Callable[[str], Key], found: set[Key]) -> None:
    """Add to `found` the places that references to footnotes in a file lead to.

    A link within a footnote leads back, and is none. Files are to come in the order of reading.
    """
    for link in root.iter():
        if local(link) != "a" or not _is_reference(link):
            continue
        own = {
            resolve(f"#{name}") for each in (link, *link.iterancestors()) for name in _names(each)
        }
        if not own & found:
            found.add(resolve(attribute(link, "href")))


def _names(element: etree._Element) -> list[str]:
    """Return the names by which links find an element."""
    name = attribute(element, "id"), attribute(element, "name") if local(element) == "a" else ""
    return [each for each in name if each]


def _types(element: etree._Element) -> set[str]:
    return {*attribute(element, "type").split(), *attribute(element, "role").split()}


def _is_reference(link: etree._Element) -> bool:
    """Return whether a link is the raised number of a footnote."""
    target = attribute(link, "href")
    if "#" not in target:
        return False
    if _types(link) & _REFERENCE_TYPES:
        return True
    text = "".join(str(part) for part in link.itertext()).strip()
    if not _REFERENCE_TEXT.fullmatch(text):
        return False
    around = {local(each) for each in (link.getparent(), *link) if each is not None}
    if "sup" in around:
        return True
    words = f"{attribute(link, 'class')} {attribute(link, 'id')} {target}"
    return not text.isalpha() and _NOTE_WORDS.search(words) is not None


class Flow:
    """Walks through elements and hands their text on, paragraph by paragraph.

    Args:
        gathering: takes the paragraphs.
        places: what links lead to.
        heading_level: headings up to this level begin chapters, where `places` has none.
    """

    def __init__(self, gathering: Gathering, places: Places, heading_level: int = 0) -> None:
        self._gathering = gathering
        self._places = places
        self._level = 0 if places.chapters else heading_level
        self._file = ""
        self._resolve: Callable[[str], Key] = lambda target: ("", target)
        self._text: list[str] = []
        self._references: list[Key] = []
        self._notes: list[tuple[etree._Element, Key]] = []
        self._paragraph_note: Key | None = None
        self._heading: etree._Element | None = None

    def walk(self, root: etree._Element, file: str, resolve: Callable[[str], Key]) -> None:
        """Read one file of the document."""
        from lxml import etree

        self._file, self._resolve = file, resolve
        self._notes, self._heading = [], None
        if (title := self._places.chapters.get((file, ""))) is not None:
            self._gathering.open_chapter(title)
        skipped: etree._Element | None = None
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if event == "start":
                if skipped is None and not self._begin(element):
                    skipped = element
            elif skipped is None:
                self._end(element)
            elif element is skipped:
                skipped = None
                self._text.append(str(element.tail or ""))
        self._flush()

    # --- elements

    def _begin(self, element: etree._Element) -> bool:
        """Return whether what is in an element is to be read."""
        name = local(element)
        if name in _BLOCKS or name == "table":
            self._flush()
        self._arrive(element, name)
        if not name or name in _UNREAD:
            self._pass_over(element, name)
            return False
        if name == "a" and _is_reference(element):
            if self._note is None:
                self._references.append(self._resolve(attribute(element, "href")))
            return False
        if self._is_hidden(element, name):
            return False
        if name == "table":
            self._table(element)
            return False
        if name == "br":
            self._text.append("\n")
        elif name == "hr":
            self._flush()
            self._gathering.pause()
        elif name == "img":
            self._gathering.remark("pictures")
        elif name in _HEADINGS and self._heading is None:
            self._heading = element
        self._text.append(str(element.text or ""))
        return True

    def _end(self, element: etree._Element) -> None:
        if element is self._heading:
            self._end_heading(_HEADINGS[local(element)])
        elif local(element) in _BLOCKS:
            self._flush()
        if self._notes and self._notes[-1][0] is element:
            self._notes.pop()
        self._text.append(str(element.tail or ""))

    def _arrive(self, element: etree._Element, name: str) -> None:
        """Begin the chapter or the footnote that begins with an element."""
        block = name in _BLOCKS
        if block and _types(element) & _NOTE_TYPES:
            self._notes.append((element, (self._file, attribute(element, "id"))))
        for each in _names(element):
            key = (self._file, each)
            if (title := self._places.chapters.get(key)) is not None:
                self._flush()
                self._gathering.open_chapter(title)
            if key in self._places.notes:
                if block:
                    self._notes.append((element, key))
                else:
                    self._paragraph_note = key

    def _pass_over(self, element: etree._Element, name: str) -> None:
        if name == "math":
            self._text.append(f" {attribute(element, 'alttext')} ")
            self._gathering.remark("formulas")
        elif name in ("svg", "picture"):
            self._gathering.remark("pictures")

    def _is_hidden(self, element: etree._Element, name: str) -> bool:
        types = _types(element)
        if types & _PAGE_TYPES or _PAGE_CLASSES.search(attribute(element, "class")):
            self._gathering.remark("page_marks")
            return True
        if name not in ("html", "body") and types & _UNREAD_TYPES:
            return True
        style = attribute(element, "style").replace(" ", "").lower()
        hidden = "hidden" in element.attrib or attribute(element, "aria-hidden") == "true"
        return hidden or "display:none" in style

    def _table(self, table: etree._Element) -> None:
        found = (
            [cell for cell in row if local(cell) in ("td", "th")]
            for row in table.iter()
            if local(row) == "tr"
        )
        rows = [row for row in found if row]
        if not rows:
            return
        texts = [[one_line(" ".join(map(str, c.itertext()))) for c in row] for row in rows]
        if max(map(len, rows)) == 1 or attribute(table, "role") == "presentation":
            for row in texts:
                for text in row:
                    self._gathering.add(Paragraph(text))
        else:
            self._gathering.add_table(texts, all(local(cell) == "th" for cell in rows[0]))

    # --- paragraphs

    @property
    def _note(self) -> Key | None:
        """The footnote that is being read."""
        return self._paragraph_note or (self._notes[-1][1] if self._notes else None)

    def _taken(self) -> str:
        text, self._text = one_line("".join(self._text)), []
        return text

    def _flush(self) -> None:
        """Hand on the paragraph that ends here."""
        text = self._taken()
        if not text:
            return
        note, self._paragraph_note = self._note, None
        references, self._references = self._references, []
        if note is not None:
            self._gathering.add_note(note, _LEADING_MARK.sub("", text))
        elif is_scene_break(text):
            self._gathering.pause()
        else:
            self._gathering.add(Paragraph(text), references)

    def _end_heading(self, level: int) -> None:
        self._heading = None
        text = self._taken()
        if text and self._note is None:
            if level <= self._level:
                self._gathering.open_chapter(text)
            self._gathering.add_heading(text, self._references)
        self._paragraph_note, self._references = None, []


def chapter_level(root: etree._Element) -> int:
    """Return the level of headings that begin chapters: the first that a document has several of.

    One heading alone is the title of the whole.
    """
    counts = dict.fromkeys(_HEADINGS.values(), 0)
    for element in root.iter():
        level = _HEADINGS.get(local(element))
        if level is not None:
            counts[level] += 1
    several = [level for level, count in counts.items() if count > 1]
    return min(several[0], 3) if several else 1
