"""The user guide in pieces that can be searched: a topic for each of its headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ditar_studio.assets import resources

MARKS = "marks"
"""How the names of the pages about marks begin."""

_HEADING = re.compile(r"^## +(?P<title>.+)$", re.MULTILINE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Topic:
    """A section of the guide.

    Attributes:
        title: heading of the topic.
        text: what is below it, in Markdown.
    """

    title: str
    text: str


@cache
def topics(language: str = "en") -> tuple[Topic, ...]:
    """Return the sections of the guide in their order, then the page about marks.

    Every language has the same sections; where a page is not there in one, English takes its place.
    Without the files there are none.
    """
    guide, marks = _page("guide", language), _page(MARKS, language).removeprefix("# ")
    title, _, text = marks.partition("\n")
    return (*read(guide), Topic(title.strip(), text.strip())) if marks else read(guide)


def _page(name: str, language: str) -> str:
    """Return a page of the documentation in a language, else in English."""
    return _text(f"{name}.{language}.md") or _text(f"{name}.md")


def _text(name: str) -> str:
    """Return a page of the documentation; empty where it is missing."""
    folder = resources()
    for path in (folder / name, folder.parent / "docs" / name):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""


def read(text: str) -> tuple[Topic, ...]:
    """Read the sections of a guide in Markdown."""
    parts = _HEADING.split(text)
    return tuple(
        Topic(title.strip(), body.strip())
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    )


def search(found: tuple[Topic, ...], words: str) -> tuple[Topic, ...]:
    """Return the topics in which all words occur, or words that begin so; best ones first."""
    wanted = [word.casefold() for word in _WORD.findall(words)]
    if not wanted:
        return found
    scored: list[tuple[int, int, Topic]] = []
    for place, topic in enumerate(found):
        title = [word.casefold() for word in _WORD.findall(topic.title)]
        text = [word.casefold() for word in _WORD.findall(topic.text)]
        if all(any(word.startswith(w) for word in (*title, *text)) for w in wanted):
            hits = sum(word.startswith(w) for w in wanted for word in text)
            score = 100 * sum(any(word.startswith(w) for word in title) for w in wanted) + hits
            scored.append((-score, place, topic))
    return tuple(topic for _score, _place, topic in sorted(scored, key=lambda each: each[:2]))
