"""Word documents (Office Open XML): paragraphs, headings by their style, footnotes, tables.

Deleted text of tracked changes is left out, inserted text is in.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ditar_studio.documents.archive import Archive, beside
from ditar_studio.documents.structure import (
    Document,
    Gathering,
    Paragraph,
    ReadOptions,
    is_scene_break,
    one_line,
)
from ditar_studio.documents.xml import attribute, local, parse_xml

if TYPE_CHECKING:
    from lxml import etree

_TEXT, _STYLES = "word/document.xml", "word/styles.xml"
_ON: Final = ("1", "true", "on")
_REFERENCES: Final = ("footnotereference", "endnotereference")
_UNREAD: Final = frozenset(
    (
        *("del", "movefrom", "fallback", "instrtext", "deltext", "ppr", "rpr", "sectpr", "tblpr"),
        *("trpr", "tcpr"),
    )
)
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "nobreakhyphen": "-"}
_PICTURES: Final = frozenset(("drawing", "pict", "object"))
_HEADING_NAME: Final = re.compile(r"(?:heading|überschrift|titre|título|rubrik|kop)\s*(\d)", re.I)


def read(content: bytes, name: str, options: ReadOptions) -> Document:
    """Read the document's text in chapters.

    Raises:
        StudioError: it is damaged or locked.
    """
    archive = Archive(content, name)
    text = _parts(archive, "", name).get("officedocument", _TEXT)
    root = parse_xml(archive.read(text), name)
    parts = _parts(archive, text, name)
    gathering = Gathering(options)
    for kind in ("footnotes", "endnotes"):
        part = parts.get(kind, f"word/{kind}.xml")
        if part in archive:
            _gather_notes(parse_xml(archive.read(part), name), gathering)
    facts = _facts(archive, name)
    reader = _Reader(gathering, _levels(archive, parts.get("styles", _STYLES), name))
    title = reader.read(root)
    return gathering.document(
        facts.get("title", "") or title or name.rpartition(".")[0],
        facts.get("creator", ""),
        facts.get("language", ""),
    )


def _facts(archive: Archive, name: str) -> dict[str, str]:
    if "docProps/core.xml" not in archive:
        return {}
    root = parse_xml(archive.read("docProps/core.xml"), name)
    return {local(e): one_line(str(e.text or "")) for e in root.iter() if local(e)}


def _parts(archive: Archive, member: str, name: str) -> dict[str, str]:
    """List the members that a member (empty: the whole) links to, by what they are.

    Word calls the text `document.xml`, programs on the web `document2.xml` and the like.
    """
    folder, base = posixpath.split(member)
    links = posixpath.join(folder, "_rels", f"{base}.rels")
    if links not in archive:
        return {}
    return {
        attribute(each, "type").rpartition("/")[2].lower(): beside(
            member, attribute(each, "target")
        )[0]
        for each in parse_xml(archive.read(links), name)
        if attribute(each, "targetmode").lower() != "external"
    }


def _levels(archive: Archive, part: str, name: str) -> dict[str, int]:
    """Return levels of headings, from 1, by the id of their style; 0 for the whole's title."""
    levels: dict[str, int] = {}
    if part not in archive:
        return levels
    bases: dict[str, str] = {}
    for style in parse_xml(archive.read(part), name):
        if local(style) != "style":
            continue
        identifier = attribute(style, "styleid")
        for child in style.iter():
            value = attribute(child, "val")
            kind = local(child)
            if kind == "name" and (match := _HEADING_NAME.match(value)):
                levels[identifier] = int(match[1])
            elif kind == "name" and value.lower() == "title":
                levels[identifier] = 0
            elif kind == "basedon":
                bases[identifier] = value
            elif kind == "outlinelvl" and value.isdigit() and int(value) < 9:
                levels.setdefault(identifier, int(value) + 1)
    for identifier, base in bases.items():
        if base in levels:
            levels.setdefault(identifier, levels[base])
    return levels


def _gather_notes(root: etree._Element, gathering: Gathering) -> None:
    for note in root:
        kind = local(note)
        if kind in ("footnote", "endnote") and attribute(note, "type") in ("", "normal"):
            for paragraph in note.iter():
                if local(paragraph) == "p":
                    text = one_line("".join(_pieces(paragraph)))
                    gathering.add_note((kind, attribute(note, "id")), text)


class _Reader:
    def __init__(self, gathering: Gathering, levels: dict[str, int]) -> None:
        self._gathering = gathering
        self._levels = levels
        self._chapter_level = 1

    def read(self, root: etree._Element) -> str:
        """Gather all paragraphs; returns the title that stands in the text."""
        body = next((e for e in root.iter() if local(e) == "body"), root)
        found = [level for p in body.iter() if (level := self._level(p)) not in (None, 0)]
        counts = {level: found.count(level) for level in found if level is not None}
        several = [level for level in sorted(counts) if counts[level] > 1]
        self._chapter_level = min(several[0], 3) if several else 1
        title = ""
        for block in _blocks(body):
            if local(block) == "tbl":
                self._table(block)
                continue
            level = self._level(block)
            text = one_line("".join(_pieces(block)))
            pictures = sum(local(e) in _PICTURES for e in block.iter())
            self._gathering.remark("pictures", pictures)
            if not text:
                continue
            if level is None:
                self._paragraph(block, text)
                continue
            if level == 0:
                title = title or text
            elif level <= self._chapter_level:
                self._gathering.open_chapter(text)
            self._gathering.add_heading(text, _notes_in(block))
        return title

    def _paragraph(self, block: etree._Element, text: str) -> None:
        if is_scene_break(text):
            self._gathering.pause()
            return
        self._gathering.add(Paragraph(text), _notes_in(block))

    def _level(self, block: etree._Element) -> int | None:
        """Return the level of a heading; None of any other paragraph."""
        if local(block) != "p":
            return None
        properties = next((e for e in block if local(e) == "ppr"), None)
        for each in () if properties is None else properties:
            if local(each) == "pstyle" and attribute(each, "val") in self._levels:
                return self._levels[attribute(each, "val")]
            if local(each) == "outlinelvl" and attribute(each, "val").isdigit():
                level = int(attribute(each, "val"))
                return level + 1 if level < 9 else None
        return None

    def _table(self, table: etree._Element) -> None:
        rows = [
            [
                one_line(" ".join("".join(_pieces(p)) for p in cell.iter() if local(p) == "p"))
                for cell in row
                if local(cell) == "tc"
            ]
            for row in table
            if local(row) == "tr"
        ]
        rows = [row for row in rows if any(row)]
        if not rows:
            return
        notes = _notes_in(table)
        if max(map(len, rows)) == 1:
            for number, row in enumerate(rows, start=1):
                self._gathering.add(Paragraph(row[0]), notes if number == len(rows) else ())
            return
        marked = any(local(e) == "tblheader" for e in table.iter())
        headed = marked or all(_is_label(cell) for cell in rows[0])
        self._gathering.add_table(rows, headed, notes)


def _is_label(cell: str) -> bool:
    return bool(cell) and len(cell) < 40 and not any(letter.isdigit() for letter in cell)


def _notes_in(block: etree._Element) -> list[tuple[str, str]]:
    """List the names of the footnotes that a paragraph or a table refers to."""
    return [
        (kind.removesuffix("reference"), attribute(e, "id"))
        for e in block.iter()
        if (kind := local(e)) in _REFERENCES
    ]


def _blocks(body: etree._Element) -> Iterator[etree._Element]:
    """Return paragraphs and tables in order, out of whatever they are wrapped in."""
    waiting = list(reversed(body))
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind in ("p", "tbl"):
            yield element
        elif kind not in _UNREAD:
            waiting.extend(reversed(element))


def _pieces(paragraph: etree._Element) -> Iterator[str]:
    """Return the text of a paragraph, run by run."""
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind == "t":
            yield str(element.text or "")
        elif kind in _BREAKS:
            yield _BREAKS[kind]
        elif kind == "r" and any(attribute(e, "custommarkfollows") in _ON for e in element):
            continue  # it holds the footnote's own mark, as an asterisk
        elif kind not in _UNREAD and kind != "tbl":
            waiting.extend(reversed(element))
