"""Markdown: what a reader sees, without its marks."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ditar_studio.documents.structure import (
    Document,
    Gathering,
    Paragraph,
    ReadOptions,
    is_scene_break,
    one_line,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FACT: Final = re.compile(r"^(title|author|lang|language):\s*[\"']?(.*?)[\"']?\s*$", re.M | re.I)
_NOTE: Final = re.compile(
    r"^\[\^([^\]\s]+)\]:[ \t]*(.*(?:\n(?:[ \t]+\S.*|[ \t]*(?=\n[ \t]+\S)))*)", re.M
)
_NOTE_REFERENCE: Final = re.compile(r"\[\^([^\]\s]+)\]")
_ATTRIBUTES: Final = re.compile(r"\s*\{[#.][^{}\n]*\}\s*$", re.M)
_TAG: Final = re.compile(r"<[^<>]*>")
_MARK: Final = "\ue000{}\ue001"
_MARKED: Final = re.compile("\ue000([^\ue001]*)\ue001")


def read(text: str, name: str, options: ReadOptions) -> Document:
    """Read the text in paragraphs; headings of the first level that occurs often begin chapters."""
    from markdown_it import MarkdownIt

    gathering = Gathering(options)
    facts: dict[str, str] = {}
    if (matter := _FRONT_MATTER.match(text)) is not None:
        facts = {key.lower(): value for key, value in _FACT.findall(matter[1])}
        text = text[matter.end() :]
    for label, body in _NOTE.findall(text):
        gathering.add_note(label, one_line(body))
    text = _NOTE.sub("", text)
    text = _NOTE_REFERENCE.sub(lambda match: _MARK.format(match[1]), text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(_ATTRIBUTES.sub("", text))
    title = _Reader(gathering, tokens).read()
    return gathering.document(
        facts.get("title", "") or title or name.rpartition(".")[0],
        facts.get("author", ""),
        facts.get("lang", facts.get("language", "")),
    )


class _Reader:
    def __init__(self, gathering: Gathering, tokens: Sequence[Token]) -> None:
        self._gathering = gathering
        self._tokens = tokens
        self._row: list[str] = []
        self._rows: list[list[str]] = []

    def read(self) -> str:
        """Gather all paragraphs; returns the first heading if it is the only one of its level."""
        levels = [int(t.tag[1]) for t in self._tokens if t.type == "heading_open"]
        several = [level for level in sorted(set(levels)) if levels.count(level) > 1]
        chapter_level = min(several[0], 3) if several else 1
        title = ""
        heading = 0
        in_table = False
        for token in self._tokens:
            match token.type:
                case "heading_open":
                    heading = int(token.tag[1])
                case "heading_close":
                    heading = 0
                case "table_open":
                    in_table, self._rows = True, []
                case "table_close":
                    in_table = False
                    self._gathering.add_table(self._rows, headed=True)
                case "tr_open":
                    self._row = []
                case "tr_close":
                    self._rows.append(self._row)
                case "inline":
                    spoken, notes = self._spoken(token)
                    if in_table:
                        self._row.append(spoken)
                    elif heading:
                        if heading <= chapter_level and (several or len(levels) > 1):
                            self._gathering.open_chapter(spoken)
                        if heading == 1 and levels.count(1) == 1:
                            title = spoken
                        self._gathering.add_heading(spoken)
                    elif is_scene_break(spoken):
                        self._gathering.pause()
                    else:
                        self._gathering.add(Paragraph(spoken), notes)
                case "hr":
                    self._gathering.pause()
                case "code_block" | "fence":
                    self._gathering.remark("code")
                case "html_block":
                    plain = html.unescape(_TAG.sub(" ", token.content))
                    self._gathering.add(Paragraph(one_line(plain)))
        return title

    def _spoken(self, token: Token) -> tuple[str, list[str]]:
        """Return what is seen of a paragraph, and the names of the footnotes that it refers to."""
        parts = []
        for child in token.children or ():
            match child.type:
                case "text" | "code_inline":
                    parts.append(child.content)
                case "softbreak" | "hardbreak":
                    parts.append("\n")
                case "image":
                    self._gathering.remark("pictures")
                case "html_inline" if child.content.lower().startswith("<br"):
                    parts.append("\n")
        text = "".join(parts)
        return one_line(_MARKED.sub("", text)), _MARKED.findall(text)
