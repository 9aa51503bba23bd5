"""Marks in a text: pauses, speed, loudness, how something is said, another voice.

    Wait [pause 1.5] [slow]very[/slow] long, [emphasis]please[/emphasis].
    [voice Ben]No.[/voice] [say /ˈwʊstɚ/]Worcester[/say] in [say-as digits]1984[/say-as].

A mark without its end holds until the end of the text; ends without a mark are passed over. What
looks like a mark but has no known name stays text. docs/marks.md has the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from ditar_studio.errors import StudioError
from ditar_studio.text import moments, numbers
from ditar_studio.text.lexicon import Lexicon, is_ipa

Span = tuple[int, int]

LONGEST_PAUSE: Final = 60.0
"""Seconds."""

USUAL_PAUSE: Final = 0.5
"""Seconds of a pause that doesn't tell its length."""

SLOWEST, FASTEST = 0.5, 2.0
SOFTEST_DB, LOUDEST_DB = -30.0, 12.0

_MARK: Final = re.compile(
    r"\[(?P<end>/)?(?P<name>pause|speed|slow|fast|volume|loud|soft|emphasis|say-as|spell|say|voice)"
    r"(?:(?:\s*=\s*|\s+)(?P<value>[^\[\]]*?))?\s*\]",
    re.IGNORECASE,
)
_NEED_VALUE: Final = frozenset(("speed", "volume", "say-as", "say", "voice"))
_SPEEDS: Final = {"slow": 0.8, "fast": 1.25}
_LEVELS: Final = {"loud": 4.0, "soft": -6.0}
EMPHASES: Final = {"strong": (0.82, 4.0), "moderate": (0.9, 2.5), "reduced": (1.1, -3.0)}
"""Speed and gain in dB of each degree of emphasis."""

SAY_AS: Final[dict[str, Callable[[str], str]]] = {
    "characters": lambda text: " ".join(c.upper() for c in text if c.isalnum()),
    "digits": lambda text: " ".join(c for c in text if c.isdigit()),
    "cardinal": lambda text: numbers.cardinal(_whole(text)),
    "ordinal": lambda text: numbers.ordinal(_whole(text)),
    "year": lambda text: numbers.year(_whole(text, 1000, 2999)),
    "telephone": lambda text: ", ".join(" ".join(part) for part in re.findall(r"\d+", text)),
    "date": moments.date,
    **{f"date {order}": partial(moments.date, order=order) for order in moments.ORDERS},
    "time": moments.time_of_day,
}
"""What is said instead of a text of each kind."""

_MOMENTS: Final = frozenset(kind for kind in SAY_AS if kind.startswith(("date", "time")))
_SAME_KINDS: Final = {"spell-out": "characters", "number": "cardinal", "verbatim": "characters"}


@dataclass(frozen=True)
class Mark:
    """A mark in a text.

    Attributes:
        start, end: its characters, brackets included, end exclusive.
        name: in lower case.
        value: behind the name, without blanks around it; empty if there is none.
        is_end: whether it ends what a mark of this name began.
    """

    start: int
    end: int
    name: str
    value: str = ""
    is_end: bool = False


def marks_in(text: str) -> list[Mark]:
    """Return the marks of a text, whatever their values."""
    found = []
    for match in _MARK.finditer(text):
        name, value = match["name"].lower(), (match["value"] or "").strip()
        is_end = match["end"] is not None
        if is_end or value or name not in _NEED_VALUE:
            found.append(Mark(match.start(), match.end(), name, value, is_end))
    return found


def check(mark: Mark, voices: Collection[str] | None = None) -> None:
    """Refuse a mark whose value can't be used.

    Args:
        voices: the names of those there are, in lower case; None where that isn't known.

    Raises:
        StudioError: saying which values can.
    """
    if mark.is_end:
        return
    match mark.name:
        case "voice" if voices is not None and mark.value.casefold() not in voices:
            raise unknown_voice(mark.value)
        case "pause":
            pause_seconds(mark)
        case "speed" | "volume":
            _number(mark)
        case "emphasis" if mark.value and mark.value.lower() not in EMPHASES:
            raise _unusable(mark, f"Write one of these: {', '.join(EMPHASES)}.")
        case "say-as" if _kind(mark.value) not in SAY_AS:
            raise _unusable(mark, f"Write one of these: {', '.join(SAY_AS)}.")
        case "say":
            try:
                Lexicon({"word": mark.value})
            except StudioError as error:
                raise _unusable(mark, error.remedy) from None


def plain(text: str) -> str:
    """Return a text without its marks, as it is written elsewhere."""
    return without_marks(text)[0]


def without_marks(text: str) -> tuple[str, tuple[int, ...]]:
    """Return a text without its marks, and for each of its characters the place in the text."""
    kept: list[int] = []
    at = 0
    for mark in marks_in(text):
        kept += range(at, mark.start)
        at = mark.end
        if kept and text[kept[-1]].isspace():  # one blank where there was one on either side
            while at < len(text) and text[at] == " ":
                at += 1
    kept += range(at, len(text))
    if at:
        while kept and text[kept[-1]].isspace():
            kept.pop()
    return "".join(text[place] for place in kept), tuple(kept)


def voices_in(text: str) -> list[str]:
    """Return the names of the voices that marks name, each once."""
    named = (m.value for m in marks_in(text) if m.name == "voice" and not m.is_end)
    return list(dict.fromkeys(named))


def unknown_voice(name: str) -> StudioError:
    """Return what to say of a mark that names a voice which isn't there."""
    return StudioError(
        f"There is no voice “{name}”: the line's own speaks.",
        "Write the name as it is in the library.",
    )


def rename_voices(text: str, names: Mapping[str, str]) -> str:
    """Return a text whose marks name voices otherwise: `names` are by the present ones in lower
    case.
    """
    parts = []
    at = 0
    for mark in marks_in(text):
        name = names.get(mark.value.casefold()) if mark.name == "voice" else None
        if name is not None and not mark.is_end:
            parts += [text[at : mark.start], f"[voice {name}]"]
            at = mark.end
    return "".join([*parts, text[at:]])


@dataclass
class OpenMarks:
    """The marks that hold at a place of a text: those that have begun, the last one on top."""

    marks: list[Mark] = field(default_factory=list)

    def begin(self, mark: Mark) -> None:
        """Let a mark hold from here on."""
        self.marks.append(mark)

    def end(self, name: str) -> None:
        """End the last mark of this name, if any holds."""
        for place in reversed(range(len(self.marks))):
            if self.marks[place].name == name:
                del self.marks[place]
                return

    def last(self, *names: str) -> Mark | None:
        """Return the last of the marks that have one of these names, or None."""
        return next((mark for mark in reversed(self.marks) if mark.name in names), None)

    @property
    def voice(self) -> str:
        mark = self.last("voice")
        return mark.value if mark is not None else ""

    @property
    def style(self) -> tuple[float, float]:
        """Speed and gain of all that hold, within their bounds."""
        speed, gain = 1.0, 0.0
        for mark in self.marks:
            more_speed, more_gain = _style(mark)
            speed, gain = speed * more_speed, gain + more_gain
        return min(FASTEST, max(SLOWEST, speed)), min(LOUDEST_DB, max(SOFTEST_DB, gain))


def _style(mark: Mark) -> tuple[float, float]:
    """Return speed and gain of a mark."""
    match mark.name:
        case "speed":
            return _number(mark), 0.0
        case "volume":
            return 1.0, _number(mark)
        case "emphasis":
            return EMPHASES[mark.value.lower() or "moderate"]
        case name:
            return _SPEEDS.get(name, 1.0), _LEVELS.get(name, 0.0)


def spoken_form(mark: Mark, written: str) -> str | None:
    """Return what is said instead of what is written, if that is another text."""
    text = written.strip()
    if not text or (mark.name == "say" and is_ipa(mark.value)):
        return None
    if mark.name == "say":
        return mark.value
    kind = "characters" if mark.name == "spell" else _kind(mark.value)
    try:
        return SAY_AS[kind](text) or None
    except ValueError as error:
        raise StudioError(
            f"“{text[:40]}” can't be said as {kind}.",
            "Write a date or time there."
            if kind in _MOMENTS
            else "Write a number there, or another kind.",
        ) from error


def _kind(value: str) -> str:
    value = " ".join(value.lower().split())
    return _SAME_KINDS.get(value, value)


def _whole(text: str, low: int = 0, high: int = 10**15) -> int:
    number = int(text.replace(",", "").replace(" ", ""))
    if not low <= number <= high:
        raise ValueError("out of range")
    return number


def pause_seconds(mark: Mark) -> float:
    """Return how long a pause is.

    Raises:
        StudioError: its value is no number of seconds.
    """
    text = mark.value.lower().replace(" ", "")
    if not text:
        return USUAL_PAUSE
    factor = 0.001 if text.endswith("ms") else 1.0
    digits = re.sub(r"(?:ms|s|sec|seconds?)\Z", "", text)
    seconds = _parsed(digits) * factor
    if not 0 <= seconds <= LONGEST_PAUSE:
        raise _unusable(mark, f"Write [pause 1.5], from 0 to {LONGEST_PAUSE:g} seconds.")
    return seconds


def _number(mark: Mark) -> float:
    low, high = (SLOWEST, FASTEST) if mark.name == "speed" else (SOFTEST_DB, LOUDEST_DB)
    text = re.sub(r"(?:x|×|db)\Z", "", mark.value.lower().replace(" ", ""))
    number = _parsed(text.replace("−", "-"))
    if not low <= number <= high:
        raise _unusable(mark, f"Write a number from {low:g} to {high:g}.")
    return number


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _unusable(mark: Mark, remedy: str) -> StudioError:
    shown = f"[{mark.name} {mark.value[:40]}]" if mark.value else f"[{mark.name}]"
    return StudioError(f"The mark {shown} can't be used.", remedy)
