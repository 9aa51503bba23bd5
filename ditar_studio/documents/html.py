"""Web pages and other HTML files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.documents.flow import Flow, Key, Places, chapter_level, note_places
from ditar_studio.documents.structure import Document, Gathering, ReadOptions, one_line
from ditar_studio.documents.xml import attribute, local, parse_html

if TYPE_CHECKING:
    from lxml import etree


def read(content: bytes, name: str, options: ReadOptions) -> Document:
    """Read the text of a page: its main part or article, where it marks one."""
    root = parse_html(content, name)
    title, author = "", ""
    for element in root.iter():
        kind = local(element)
        if kind == "title" and not title:
            title = one_line("".join(map(str, element.itertext())))
        elif kind == "meta" and attribute(element, "name").lower() == "author":
            author = attribute(element, "content")
    gathering = Gathering(options)
    notes: set[Key] = set()
    note_places(root, _resolve, notes)
    main = _main(root)
    flow = Flow(gathering, Places(frozenset(notes)), chapter_level(main))
    flow.walk(main if not notes else root, "", _resolve)
    language = attribute(root, "lang")
    return gathering.document(title or name.rpartition(".")[0], author, language)


def _resolve(link: str) -> Key:
    return "", link.partition("#")[2]


def _main(root: etree._Element) -> etree._Element:
    """Return the one element that a page marks as its main part, or all of it."""
    for name in ("main", "article"):
        found = [element for element in root.iter() if local(element) == name]
        if len(found) == 1 and len("".join(map(str, found[0].itertext()))) > 200:
            return found[0]
    return root
