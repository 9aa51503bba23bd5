"""Documents as text to speak: one structure, whatever the format.

    document = read_document(Path("book.epub"))
    for chapter in document.chapters: ...

Readers know nothing of the studio: they give chapters of paragraphs, tell what is not as in the
file, and refuse what no document would be (zip bombs, locked books) in a sentence.
"""

from __future__ import annotations

from ditar_studio.documents.reading import (
    KINDS,
    SUFFIXES,
    is_document,
    read_content,
    read_document,
)
from ditar_studio.documents.structure import (
    Chapter,
    Document,
    Paragraph,
    ReadOptions,
    Remark,
    chosen,
)

__all__ = [
    "KINDS",
    "SUFFIXES",
    "Chapter",
    "Document",
    "Paragraph",
    "ReadOptions",
    "Remark",
    "chosen",
    "is_document",
    "read_content",
    "read_document",
]
