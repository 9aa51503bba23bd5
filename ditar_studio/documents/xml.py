"""XML and HTML from files that anyone may have made: nothing is fetched, no entity expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from lxml import etree

_DEEPEST = 250


def parse_xml(content: bytes, name: str) -> etree._Element:
    """Parse an XML document and return its root.

    Raises:
        StudioError: it can't be read.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise unreadable(name) from error
    if root is None:
        raise unreadable(name)
    return root


def parse_html(content: bytes, name: str) -> etree._Element:
    """Parse an HTML document, whatever is wrong with its marks, and return its root.

    Raises:
        StudioError: there is nothing in it that could be read.
    """
    from lxml import etree

    parser = etree.HTMLParser(
        no_network=True, remove_comments=True, remove_pis=True, encoding=_encoding(content)
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, etree.ParserError, ValueError) as error:
        raise unreadable(name) from error
    if root is None:
        raise unreadable(name)
    return root


def _encoding(content: bytes) -> str | None:
    """Recognise UTF-8, for which files without a declaration would not be taken."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace, in lower case; empty of comments and the
    like.
    """
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute's value whatever its namespace; empty without one."""
    for key, value in element.attrib.items():
        plain = str(key).rpartition("}")[2].rpartition(":")[2]
        if plain.lower() == name:
            return str(value)
    return ""


def unreadable(name: str) -> StudioError:
    """Return what is said of a document that can't be read."""
    return StudioError(
        f"“{name}” is damaged, or not what its name says.",
        "Open it in the program that made it, and save it again.",
    )
