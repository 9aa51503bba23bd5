"""Marks in a text: pauses, speed, loudness, how something is said, another voice.

    Wait [pause 1.5] [slow]very[/slow] long, [emphasis]please[/emphasis].
    [voice Ben]No.[/voice] [say /ˈwʊstɚ/]Worcester[/say] in [say-as digits]1984[/say-as].

A mark without its end holds until the end of the text; ends without a mark are passed over. What
looks like a mark but has no known name stays text. docs/marks.md has the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_PUNCTUATION_END: Final = re.compile(r"[,.?!;:—…][\"'”’)\]]*\s*\Z")


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


@dataclass(frozen=True)
class Styled:
    """A stretch of a passage that is spoken at another speed or loudness.

    Attributes:
        start, end: its characters in the passage's text.
        speed: 2.0 is twice as fast.
        gain_db: louder above 0.
    """

    start: int
    end: int
    speed: float
    gain_db: float


@dataclass(frozen=True)
class Saying:
    """Sounds of a stretch of a text.

    Attributes:
        start, end: its characters in the text.
        pronunciation: /IPA/.
    """

    start: int
    end: int
    pronunciation: str


@dataclass(frozen=True)
class Passage:
    """A part of a text that is spoken by one voice, without a pause that was marked.

    Attributes:
        text: what is said, without marks; empty where nothing but a pause is left.
        places: for each of its characters the place in the whole text.
        pause_before: seconds of silence before it, as marked; None without a mark.
        voice: who says it; empty for the voice of the whole.
        styles: in their order; they don't overlap.
        sayings: in their order.
    """

    text: str
    places: tuple[int, ...]
    pause_before: float | None = None
    voice: str = ""
    styles: tuple[Styled, ...] = ()
    sayings: tuple[Saying, ...] = ()


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
            Lexicon({"word": mark.value})


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


def passages(text: str, *, divided: bool = False) -> list[Passage]:
    """Return the passages of a text, in their order.

    Args:
        divided: whether a passage ends, too, where speed or loudness change: for models that can't
            tell when a word is said.

    Raises:
        StudioError: a mark has a value that can't be used.
    """
    reader = _Reader(text, divided)
    at = 0
    for mark in marks_in(text):
        check(mark)
        reader.read_text(at, mark.start)
        reader.read_mark(mark)
        at = mark.end
    reader.read_text(at, len(text))
    return reader.finish() or [Passage(*without_marks(text))]


@dataclass
class OpenMarks:
    """The marks that hold at a place of a text: those that have begun, the last one on top."""

    marks: list[Mark] = field(default_factory=list)

    def begin(self, mark: Mark) -> None:
        self.marks.append(mark)

    def end(self, name: str) -> None:
        for place in reversed(range(len(self.marks))):
            if self.marks[place].name == name:
                del self.marks[place]
                return

    def last(self, *names: str) -> Mark | None:
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


class _Reader:
    """Puts passages together while a text is read from its start to its end."""

    def __init__(self, text: str, divided: bool) -> None:
        self._text = text
        self._divided = divided
        self._open = OpenMarks()
        self._done: list[Passage] = []
        self._letters: list[str] = []
        self._places: list[int] = []
        self._styles: list[Styled] = []
        self._sayings: list[Saying] = []
        self._pause: float | None = None

    def read_mark(self, mark: Mark) -> None:
        before = self._open.voice, self._open.style
        if mark.name == "pause":
            self._close()
            self._pause = min(LONGEST_PAUSE, (self._pause or 0.0) + pause_seconds(mark))
        elif mark.is_end:
            changed = replace(self._open, marks=list(self._open.marks))
            changed.end(mark.name)
            self._switch(before, changed)
        else:
            changed = replace(self._open, marks=[*self._open.marks, mark])
            self._switch(before, changed)

    def read_text(self, start: int, end: int) -> None:
        if start == end:
            return
        begin = len(self._letters)
        said = self._open.last("say", "say-as", "spell")
        written = self._text[start:end]
        spoken = _spoken(said, written) if said is not None else None
        if spoken is None:
            self._letters += written
            self._places += range(start, end)
        else:
            lead = len(written) - len(written.lstrip())
            core = written.strip()
            trail = written[lead + len(core) :]
            first = start + lead
            self._letters += [*written[:lead], *spoken, *trail]
            self._places += range(start, first)
            self._places += [first + i * len(core) // len(spoken) for i in range(len(spoken))]
            self._places += range(first + len(core), end)
        stop = len(self._letters)
        if said is not None and said.name == "say" and is_ipa(said.value) and written.strip():
            lead = len(written) - len(written.lstrip())
            first = begin + lead
            last = first + len(written.strip())
            self._sayings.append(Saying(first, last, said.value))
        speed, gain = self._open.style
        if (speed, gain) != (1.0, 0.0):
            self._styles.append(Styled(begin, stop, speed, gain))

    def finish(self) -> list[Passage]:
        self._close(last=True)
        if self._done and self._pause is not None:
            self._append("", ())
        if self._pause is not None:
            self._done.append(Passage("", (), self._pause))
        return self._done

    def _switch(self, before: tuple[str, tuple[float, float]], changed: OpenMarks) -> None:
        """Go on with other marks; a new passage begins where the voice changes."""
        after = changed.voice, changed.style
        if after[0] != before[0] or (self._divided and after[1] != before[1]):
            self._close()
        self._open = changed

    def _close(self, last: bool = False) -> None:
        """End the passage; what holds no letter belongs to the one before it."""
        letters, places = self._letters, self._places
        self._letters, self._places = [], []
        styles, self._styles = self._styles, []
        sayings, self._sayings = self._sayings, []
        text = "".join(letters)
        if not any(letter.isalnum() for letter in text):
            if self._done and text.strip():
                solid = [(c, p) for c, p in zip(letters, places, strict=True) if not c.isspace()]
                self._append("".join(c for c, _ in solid), [p for _, p in solid])
            return
        if not last and not _PUNCTUATION_END.search(text):
            end = len(text.rstrip())
            text, places = f"{text[:end]},", [*places[:end], places[end - 1]]
        self._done.append(
            Passage(
                text,
                tuple(places),
                self._pause,
                self._open.voice,
                tuple(replace(s, end=min(s.end, len(text))) for s in styles),
                tuple(sayings),
            )
        )
        self._pause = None

    def _append(self, signs: str, places: Sequence[int]) -> None:
        """Give signs that stand alone to the passage before them, or none at the very end."""
        before = self._done[-1]
        text, kept = before.text, before.places
        if kept[-2:-1] == kept[-1:]:  # a comma that was put there for want of these
            text, kept = text[:-1], kept[:-1]
        self._done[-1] = replace(before, text=text + signs, places=(*kept, *places))


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


def _spoken(mark: Mark, written: str) -> str | None:
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
