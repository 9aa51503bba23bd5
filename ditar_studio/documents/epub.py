"""EPUB 2 and 3: the files of the spine, in chapters as the table of contents has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ditar_studio.documents.archive import Archive, beside
from ditar_studio.documents.flow import Flow, Key, Places, chapter_level, note_places
from ditar_studio.documents.structure import Document, Gathering, ReadOptions, one_line
from ditar_studio.documents.xml import attribute, local, parse_html, parse_xml, unreadable
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from lxml import etree

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_OBFUSCATED_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_COVER_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_LARGEST_COVER = 8 << 20


@dataclass(frozen=True)
class _Item:
    path: str
    media_type: str
    properties: tuple[str, ...]


@dataclass(frozen=True)
class _Package:
    """The content of the package file: items by id, the order of reading, facts about the book."""

    items: dict[str, _Item]
    spine: tuple[str, ...]
    toc: str
    facts: dict[str, str]
    cover: str


def read(content: bytes, name: str, options: ReadOptions) -> Document:
    """Read the book's text in chapters.

    Raises:
        StudioError: it is damaged, locked, or has no text.
    """
    archive = Archive(content, name)
    _refuse_locked(archive, name)
    package = _package(archive, name)
    files = [item.path for each in package.spine if (item := package.items.get(each))]
    files = [path for path in files if path in archive]
    roots = {path: parse_html(archive.read(path), name) for path in files}
    chapters = _contents(archive, package, name, set(files))
    notes: set[Key] = set()
    for path, root in roots.items():
        note_places(root, lambda link, path=path: beside(path, link), notes)  # type: ignore[misc]
    level = max((chapter_level(root) for root in roots.values()), default=1)
    if all(chapter_level(root) == 1 for root in roots.values()):
        level = 1
    gathering = Gathering(options)
    flow = Flow(gathering, Places(frozenset(notes), chapters), level)
    for path, root in roots.items():
        flow.walk(root, path, lambda link, path=path: beside(path, link))  # type: ignore[misc]
    return gathering.document(
        package.facts.get("title", "") or name.rpartition(".")[0],
        package.facts.get("creator", ""),
        package.facts.get("language", ""),
        _cover(archive, package),
    )


def _refuse_locked(archive: Archive, name: str) -> None:
    if "META-INF/encryption.xml" not in archive:
        return
    root = parse_xml(archive.read("META-INF/encryption.xml"), name)
    methods = [attribute(e, "algorithm") for e in root.iter() if local(e) == "encryptionmethod"]
    if any(method not in _OBFUSCATED_FONTS for method in methods):
        raise StudioError(f"“{name}” is locked.", "Choose one without copy protection or password.")


def _package(archive: Archive, name: str) -> _Package:
    container = parse_xml(archive.read(_CONTAINER), name)
    paths = [attribute(e, "full-path") for e in container.iter() if local(e) == "rootfile"]
    if not paths or paths[0] not in archive:
        raise unreadable(name)
    root = parse_xml(archive.read(paths[0]), name)
    items: dict[str, _Item] = {}
    spine: list[str] = []
    facts: dict[str, str] = {}
    toc, cover = "", ""
    for element in root.iter():
        match local(element):
            case "item":
                path, _ = beside(paths[0], attribute(element, "href"))
                properties = tuple(attribute(element, "properties").split())
                item = _Item(path, attribute(element, "media-type"), properties)
                items[attribute(element, "id")] = item
                if "cover-image" in properties:
                    cover = path
            case "spine":
                toc = attribute(element, "toc")
            case "itemref" if attribute(element, "linear") != "no":
                spine.append(attribute(element, "idref"))
            case "title" | "creator" | "language" as fact:
                facts.setdefault(fact, one_line("".join(map(str, element.itertext()))))
            case "meta" if attribute(element, "name") == "cover" and not cover:
                facts.setdefault("cover", attribute(element, "content"))
    if not cover and facts.get("cover", "") in items:
        cover = items[facts["cover"]].path
    pages = tuple(
        each
        for each in spine
        if each in items
        and items[each].media_type in _PAGES
        and "nav" not in items[each].properties
    )
    return _Package(items, pages, toc, facts, cover)


def _contents(archive: Archive, package: _Package, name: str, files: set[str]) -> dict[Key, str]:
    """Return titles by the places where chapters begin.

    An entry within another one begins a chapter only if it leads to another file: what is nearer
    is a section of its chapter.
    """
    nav = next((i.path for i in package.items.values() if "nav" in i.properties), "")
    ncx = package.items.get(package.toc)
    entries: list[tuple[int, str, Key]] = []
    if nav and nav in archive:
        entries = _nav(parse_html(archive.read(nav), name), nav)
    if not entries and ncx is not None and ncx.path in archive:
        entries = _ncx(parse_xml(archive.read(ncx.path), name), ncx.path)
    chapters: dict[Key, str] = {}
    above: list[tuple[int, str]] = []
    for depth, title, (file, place) in entries:
        while above and above[-1][0] >= depth:
            above.pop()
        new_file = all(file != parent for _, parent in above)
        if file in files and title and (not above or new_file):
            chapters.setdefault((file, place), title)
        above.append((depth, file))
    return chapters


def _nav(root: etree._Element, path: str) -> list[tuple[int, str, Key]]:
    """Return depth, title and place of each entry of an EPUB 3 table of contents."""
    tables = [e for e in root.iter() if local(e) == "nav"]
    table = next(
        (e for e in tables if attribute(e, "type") == "toc"), tables[0] if tables else None
    )
    if table is None:
        return []
    entries = []
    for link in table.iter():
        if local(link) == "a" and attribute(link, "href"):
            depth = sum(local(each) == "ol" for each in link.iterancestors())
            title = one_line("".join(map(str, link.itertext())))
            entries.append((depth, title, beside(path, attribute(link, "href"))))
    return entries


def _ncx(root: etree._Element, path: str) -> list[tuple[int, str, Key]]:
    """Return depth, title and place of each entry of an EPUB 2 table of contents."""
    entries = []
    for point in root.iter():
        if local(point) != "navpoint":
            continue
        title, link = "", ""
        for child in point:
            if local(child) == "navlabel":
                title = one_line("".join(map(str, child.itertext())))
            elif local(child) == "content":
                link = attribute(child, "src")
        depth = sum(local(each) == "navpoint" for each in point.iterancestors())
        entries.append((depth, title, beside(path, link)))
    return entries


def _cover(archive: Archive, package: _Package) -> bytes:
    if not package.cover or package.cover not in archive:
        return b""
    content = archive.read(package.cover)
    usable = content.startswith(_COVER_STARTS) and len(content) <= _LARGEST_COVER
    return content if usable else b""
