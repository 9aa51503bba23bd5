"""The marks that can be put into a line: what the menu and the completion offer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

from PySide6.QtWidgets import QMenu

from ditar_studio.errors import StudioError
from ditar_studio.text.markup import Mark, check, marks_in
from ditar_studio.ui.kit.translate import mark, sentence, tr
from ditar_studio.ui.kit.widgets.basics import literal


@dataclass(frozen=True)
class MarkChoice:
    """A mark to be inserted.

    Attributes:
        title: what it does, in English.
        begins: the mark itself.
        ends: what ends it; empty for a pause.
        cursor: where in `begins` the cursor goes to, from its end; 0 for behind it.
    """

    title: str
    begins: str
    ends: str = ""
    cursor: int = 0


CHOICES: tuple[MarkChoice, ...] = (
    MarkChoice(mark("Short pause"), "[pause 0.3]"),
    MarkChoice(mark("Long pause"), "[pause 1.5]"),
    MarkChoice(mark("Slower"), "[slow]", "[/slow]"),
    MarkChoice(mark("Faster"), "[fast]", "[/fast]"),
    MarkChoice(mark("Louder"), "[loud]", "[/loud]"),
    MarkChoice(mark("Softer"), "[soft]", "[/soft]"),
    MarkChoice(mark("Emphasis"), "[emphasis]", "[/emphasis]"),
    MarkChoice(mark("Strong emphasis"), "[emphasis strong]", "[/emphasis]"),
    MarkChoice(mark("Letter by letter"), "[spell]", "[/spell]"),
    MarkChoice(mark("Digit by digit"), "[say-as digits]", "[/say-as]"),
    MarkChoice(mark("As it sounds"), "[say ]", "[/say]", 1),
    MarkChoice(mark("In phonetic signs"), "[say //]", "[/say]", 2),
)
"""Those that are there in every project."""

_MEANINGS: dict[str, str] = {
    "pause": mark("Silence of this many seconds"),
    "speed": mark("Tempo: 1 is as usual, 0.5 half as fast"),
    "slow": mark("Slower"),
    "fast": mark("Faster"),
    "volume": mark("Loudness in decibels"),
    "loud": mark("Louder"),
    "soft": mark("Softer"),
    "emphasis": mark("Emphasis"),
    "spell": mark("Letter by letter"),
    "say-as": mark("Said as characters, digits, cardinal, ordinal, year, telephone, date or time"),
    "say": mark("Said like this"),
    "voice": mark("Another voice"),
}


def voice_choice(name: str) -> MarkChoice:
    """Return the mark by which a voice speaks."""
    return MarkChoice(name, f"[voice {name}]", "[/voice]")


def meaning(of: Mark) -> str:
    """Return what a mark does."""
    words = tr(_MEANINGS[of.name])
    return tr("{meaning}, up to here", meaning=words) if of.is_end else words


def problem(of: Mark, voices: Collection[str]) -> str:
    """Tell why a mark can't be used; empty if it can.

    Args:
        voices: the names of those there are, in lower case.
    """
    try:
        check(of, voices)
    except StudioError as error:
        return f"{sentence(error.message)} {sentence(error.remedy)}"
    return ""


def problems(text: str, voices: Collection[str]) -> str:
    """Tell why marks in a text can't be used; empty if all can."""
    wrong = (problem(each, voices) for each in marks_in(text)) if "[" in text else ()
    return " ".join(dict.fromkeys(filter(None, wrong)))


def fill_menu(menu: QMenu, voices: Iterable[str], insert: Callable[[MarkChoice], object]) -> None:
    """Put all marks into a menu."""
    for place, choice in enumerate(CHOICES):
        if place in (2, 6, 8):
            menu.addSeparator()
        menu.addAction(tr(choice.title), partial(insert, choice))
    others = menu.addMenu(tr("Another voice"))
    for name in voices:
        others.addAction(literal(name), partial(insert, voice_choice(name)))
