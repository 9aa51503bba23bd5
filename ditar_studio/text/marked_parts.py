"""Dividing a text with marks: each part begins the marks anew that hold in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ditar_studio.text.markup import Mark, OpenMarks, marks_in


def balanced(parts: Sequence[str]) -> Iterator[str]:
    """Return the parts that a text was divided into, each with the marks that hold in it begun
    anew.
    """
    held: list[str] = []
    for part in parts:
        begun = "".join(held)
        names = OpenMarks()
        for opening in held:
            names.begin(marks_in(opening)[0])
        for mark in marks_in(part):
            if mark.is_end:
                names.end(mark.name)
            elif mark.name != "pause":
                names.begin(replace(mark))
        held = [_written(mark) for mark in names.marks]
        ends = "".join(f"[/{mark.name}]" for mark in reversed(names.marks))
        yield f"{begun}{part}{ends}"


def _written(mark: Mark) -> str:
    return f"[{mark.name} {mark.value}]" if mark.value else f"[{mark.name}]"


def split_marked(text: str, split: Callable[[str], list[str]]) -> list[str]:
    """Return a text divided by `split`, which cuts through no mark."""
    marks = marks_in(text)
    if not marks:
        return split(text)
    letters = list(text)
    for mark in marks:
        for place in range(mark.start, mark.end):
            letters[place] = _HIDDEN.get(letters[place], letters[place])
    parts = split("".join(letters))
    return list(balanced([part.translate(_SHOWN) for part in parts]))


_HIDDEN: Final = {" ": "\ue000", ".": "\ue001", ",": "\ue002", "-": "\ue003", "/": "\ue004"}
_SHOWN: Final = {ord(hidden): shown for shown, hidden in _HIDDEN.items()}
