"""The choice of a reader for a file."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any, Final, Literal

from ditar_studio.documents.structure import Document, ReadOptions
from ditar_studio.errors import StudioError
from ditar_studio.text_file import read_bytes

log = logging.getLogger(__name__)

LARGEST: Final = 512 << 20
"""Bytes of a file; books with pictures are up to a hundred megabytes."""
LARGEST_TEXT: Final = 64 << 20

Kind = Literal["text", "markdown", "html", "subtitles", "fountain", "docx", "epub", "pdf"]

KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys((".txt", ".text", ".log"), "text"),
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".srt", ".vtt"), "subtitles"),
    **dict.fromkeys((".fountain", ".spmd"), "fountain"),
    **dict.fromkeys((".docx", ".docm", ".dotx"), "docx"),
    ".epub": "epub",
    ".pdf": "pdf",
}
"""What a file holds, by the end of its name."""

SUFFIXES: Final = tuple(KINDS)

_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""How files of older offices begin, and newer ones that are locked."""
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS: Final = "Save it as DOCX in the program that made it."

_BINARY: Final[dict[Kind, str]] = {"docx": "docx", "epub": "epub", "pdf": "pdf", "html": "html"}
_TEXTUAL: Final[dict[Kind, str]] = {
    "text": "plain",
    "markdown": "markdown",
    "subtitles": "subtitles",
    "fountain": "fountain",
}


def is_document(path: Path) -> bool:
    """Return whether a file's name says that it is a document that can be read."""
    return path.suffix.lower() in KINDS


def read_document(path: Path, options: ReadOptions | None = None) -> Document:
    """Read the chapters and paragraphs of a file.

    Raises:
        StudioError: it can't be read, is of no kind that is known, damaged, locked, too large, or
            has no text.
    """
    try:
        content = read_bytes(path, LARGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StudioError(
            f"“{path.name}” can't be read: {reason}.", "Check the file, or choose another."
        ) from error
    return read_content(content, path.name, options)


def read_content(content: bytes, name: str, options: ReadOptions | None = None) -> Document:
    """Read a file's content like `read_document`; what it is, its name tells, or it itself."""
    options = options or ReadOptions()
    kind = _kind(content, name)
    module: Any
    if kind in _BINARY:
        module = importlib.import_module(f"ditar_studio.documents.{_BINARY[kind]}")
        document = module.read(content, name, options)
    else:
        module = importlib.import_module(f"ditar_studio.documents.{_TEXTUAL[kind]}")
        document = module.read(text_of(content, name), name, options)
    if not document.chapters:
        raise StudioError(f"There is no text in “{name}”.", "Choose another file.")
    assert isinstance(document, Document)
    return document


def text_of(content: bytes, name: str) -> str:
    """Return the text of a file, in whatever encoding it is likely to be; line ends are made one.

    Raises:
        StudioError: it is no text, or too long.
    """
    if len(content) > LARGEST_TEXT:
        raise StudioError(
            f"“{name}” is larger than {LARGEST_TEXT >> 20} MB.", "Divide it into several files."
        )
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content[:4096] and not wide:
        raise StudioError(f"“{name}” is not a text file.", "Choose another file.")
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")


def _kind(content: bytes, name: str) -> Kind:
    """Tell a file's kind by how it begins, where its name says something else or nothing."""
    named = KINDS.get(Path(name).suffix.lower())
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"PK\x03\x04") and named not in ("docx", "epub"):
        named = "epub" if b"application/epub+zip" in content[:200] else named
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise StudioError(
                f"“{name}” is locked.", "Choose one without copy protection or password."
            )
        raise StudioError(
            f"“{name}” is an older Word document, or comes from another office program.", _SAVE_AS
        )
    if named is None and Path(name).suffix.lower() in (".odt", ".rtf", ".pages", ".doc"):
        raise StudioError(f"“{name}” is of a kind that can't be read.", _SAVE_AS)
    if named is None:
        raise StudioError(
            f"“{name}” is of a kind that can't be read.",
            f"Choose one of these: {', '.join(suffix[1:] for suffix in KINDS)}.",
        )
    if named == "text":
        from ditar_studio.documents import fountain

        if fountain.looks_like(text_of(content, name)):
            return "fountain"
    return named
