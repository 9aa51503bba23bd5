"""Plain text: paragraphs by blank lines, chapters by their headings, dialogue by names.

Lines that were broken to a width are joined again. What Project Gutenberg puts around a book is
left out.
"""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.documents.structure import (
    Document,
    Gathering,
    Paragraph,
    ReadOptions,
    is_scene_break,
    one_line,
)
from ditar_studio.text import script

_NUMBER: Final = r"(?:\d{1,3}|[IVXLC]{1,8}|[A-Za-z]+(?:[ -][A-Za-z]+)?)"
_HEADING: Final = re.compile(
    rf"(?:(?:chapter|part|book|letter|act|scene|canto|kapitel|teil|buch)\s+{_NUMBER}\b.{{0,80}}"
    r"|(?:prologue|epilogue|introduction|preface|foreword|afterword|prolog|epilog|vorwort|"
    r"nachwort|einleitung|contents|appendix)\b.{0,60}|[IVXLC]{1,8}\.?)",
    re.IGNORECASE,
)
_PAGE_NUMBER: Final = re.compile(
    r"[\[(–—-]?\s*(?:page\s+|p\.\s*|seite\s+)?\d{1,4}\s*[\])–—-]?", re.I
)
_GUTENBERG: Final = re.compile(
    r"^\s*\*{3}\s*(START|END) OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^\n]*$", re.M | re.I
)
_GUTENBERG_TITLE: Final = re.compile(r"^(Title|Author):\s*(.+)$", re.M)
_EMPHASIS: Final = re.compile(r"(?<!\w)_(?=\S)([^_\n]{1,200}?)(?<=\S)_(?!\w)")
_WRAPPED_AT: Final = range(45, 101)


def read(text: str, name: str, options: ReadOptions) -> Document:
    """Read the text in paragraphs and chapters."""
    gathering = Gathering(options)
    body, title, author = _without_licence(text, gathering)
    blocks = [block for block in re.split(r"\n(?:[^\S\n]*\n)+", body) if block.strip()]
    if len(blocks) < 2 or _lines_are_paragraphs(blocks):
        blocks = [line for line in body.split("\n") if line.strip()]
    dialogue = _is_dialogue(blocks)
    numbers = sum(_PAGE_NUMBER.fullmatch(block.strip()) is not None for block in blocks)
    drop_numbers = numbers > 3
    for block in blocks:
        line = one_line(block)
        if drop_numbers and _PAGE_NUMBER.fullmatch(line):
            gathering.remark("page_marks")
        elif is_scene_break(line):
            gathering.pause()
        elif dialogue:
            for each in script.parse(block):
                gathering.add(Paragraph(each.text, each.speaker, each.pause_seconds))
        elif _is_heading(block):
            gathering.open_chapter(line)
            gathering.add_heading(line)
        else:
            gathering.add(Paragraph(_EMPHASIS.sub(r"\1", line)))
    return gathering.document(title or name.rpartition(".")[0] or name, author)


def _without_licence(text: str, gathering: Gathering) -> tuple[str, str, str]:
    """Return the text without Project Gutenberg's words around it, and the title and author in
    them.
    """
    marks = {match[1].upper(): match for match in _GUTENBERG.finditer(text)}
    if "START" not in marks:
        return text, "", ""
    gathering.remark("licence")
    head = text[: marks["START"].start()]
    facts = {key: value.strip() for key, value in _GUTENBERG_TITLE.findall(head)}
    end = marks["END"].start() if "END" in marks else len(text)
    return text[marks["START"].end() : end], facts.get("Title", ""), facts.get("Author", "")


def _lines_are_paragraphs(blocks: list[str]) -> bool:
    """Return whether each line is a paragraph: lines of very unlike or great length."""
    lines = [line for block in blocks[:400] for line in block.split("\n") if line.strip()]
    inner = [len(line) for block in blocks[:400] for line in block.strip("\n").split("\n")[:-1]]
    if len(inner) < 4:
        return False
    wrapped = sum(length in _WRAPPED_AT for length in inner)
    return wrapped < 0.5 * len(inner) and max(map(len, lines)) > _WRAPPED_AT.stop


def _is_dialogue(blocks: list[str]) -> bool:
    lines = [line for block in blocks[:200] for line in block.split("\n") if line.strip()]
    read_as_script = script.parse("\n".join(lines))
    named = sum(line.speaker is not None for line in read_as_script)
    pauses = any(line.pause_seconds is not None for line in read_as_script)
    return bool(read_as_script) and (2 * named >= len(read_as_script) or pauses)


def _is_heading(block: str) -> bool:
    lines = block.strip().split("\n")
    first = one_line(lines[0])
    if len(lines) > 3 or not first or first[-1] in ",;":
        return False
    if _HEADING.fullmatch(first):
        return len(first) < 90 and not (first.endswith(".") and len(first.split()) > 6)
    return False
