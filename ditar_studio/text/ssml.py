"""A part of SSML 1.1, read into the marks of `markup`.

Known are speak, p, s, break, prosody (rate, volume), emphasis, say-as, phoneme (IPA), sub and voice
(name); what else there is, is passed over, and its text kept. Nothing is fetched: documents that
declare a type or entities are refused, so are long and deep ones.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from ditar_studio.errors import StudioError
from ditar_studio.text.markup import (
    EMPHASES,
    FASTEST,
    LONGEST_PAUSE,
    LOUDEST_DB,
    SLOWEST,
    SOFTEST_DB,
)
from ditar_studio.text.moments import ORDERS

LONGEST: Final = 200_000
"""Characters of a document."""

_DEEPEST: Final = 64
_START: Final = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<speak[\s>/]", re.IGNORECASE)
_STRENGTHS: Final = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.25,
    "medium": 0.5,
    "strong": 1.0,
    "x-strong": 1.5,
}
_RATES: Final = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "fast": 1.25, "x-fast": 1.6}
_VOLUMES: Final = {"silent": -30.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 4.0}
_LOUDEST: Final = 8.0


def is_ssml(text: str) -> bool:
    """Return whether a text is a document in SSML."""
    return _START.match(text) is not None


def to_marks(document: str) -> str:
    """Return a document as text with marks; its paragraphs are parted by blank lines.

    Raises:
        StudioError: it is no SSML, too long, too deep, or declares entities.
    """
    if len(document) > LONGEST:
        raise StudioError(
            f"The SSML has more than {LONGEST} characters.", "Divide it into several documents."
        )
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(document.strip().encode(), True)
    except expat.ExpatError as error:
        raise StudioError(
            f"The SSML can't be read: {expat.ErrorString(error.code)}, in line {error.lineno}.",
            "Correct it there.",
        ) from error
    except UnicodeEncodeError as error:
        raise StudioError("The SSML is not a text in UTF-8.", "Save it in UTF-8.") from error
    return reader.result()


def read_marked(text: str) -> str:
    """Read a text as it is, or, if it is SSML, with marks instead.

    Raises:
        StudioError: it is SSML that can't be read.
    """
    return to_marks(text) if is_ssml(text) else text


def _refuse(*_declaration: object) -> None:
    raise StudioError(
        "The SSML declares a document type or entities.", "Leave out what begins with <!."
    )


class _Reader:
    """Follows the elements of a document."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._ends: list[str] = []
        self._silent = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._ends) >= _DEEPEST:
            raise StudioError("The SSML is nested too deeply.", "Leave elements out.")
        kind = name.rpartition(":")[2].lower()
        given = {key.rpartition(":")[2].lower(): value for key, value in attributes.items()}
        opening, closing = self._marks(kind, given)
        if kind in ("metadata", "meta", "lexicon", "desc", "mark"):
            self._silent += 1
            closing = "\0"
        self._parts.append(opening)
        self._ends.append(closing)

    def end(self, _name: str) -> None:
        closing = self._ends.pop()
        if closing == "\0":
            self._silent -= 1
            closing = ""
        if closing == "\1":
            self._silent -= 1
            closing = ""
        self._parts.append(closing)

    def text(self, characters: str) -> None:
        if not self._silent:
            self._parts.append(re.sub(r"\s+", " ", characters))

    def result(self) -> str:
        """Return all of it, tidy."""
        text = "".join(self._parts)
        text = re.sub(r"[ \t]*\n[ \t]*(?:\n[ \t]*)*", "\n\n", text)
        return re.sub(r" {2,}", " ", text).strip()

    def _marks(self, kind: str, given: dict[str, str]) -> tuple[str, str]:
        """Return what begins and ends instead of an element."""
        match kind:
            case "p" | "paragraph":
                return "\n\n", "\n\n"
            case "s" | "sentence":
                return " ", " "
            case "break":
                return f" [pause {_break_seconds(given):g}] ", ""
            case "prosody":
                return _prosody(given)
            case "emphasis":
                level = given.get("level", "moderate").lower()
                if level in EMPHASES:
                    return f"[emphasis {level}]", "[/emphasis]"
            case "say-as":
                wanted = given.get("interpret-as", "").lower()
                if wanted == "date":
                    order = given.get("format", "").lower()
                    kind = f"date {order}" if order in ORDERS else "date"
                    return f"[say-as {kind}]", "[/say-as]"
                if wanted in _SAY_AS:
                    return f"[say-as {_SAY_AS[wanted]}]", "[/say-as]"
            case "phoneme":
                if given.get("alphabet", "ipa").lower() == "ipa" and given.get("ph", "").strip():
                    return f"[say /{_value(given['ph'])}/]", "[/say]"
            case "sub":
                if given.get("alias", "").strip():
                    self._silent += 1
                    return given["alias"], "\1"
            case "voice":
                if given.get("name", "").strip():
                    return f"[voice {_value(given['name'])}]", "[/voice]"
        return "", ""


_SAY_AS: Final = {
    "characters": "characters",
    "spell-out": "characters",
    "verbatim": "characters",
    "digits": "digits",
    "cardinal": "cardinal",
    "number": "cardinal",
    "ordinal": "ordinal",
    "telephone": "telephone",
    "time": "time",
}


def _break_seconds(given: dict[str, str]) -> float:
    written = given.get("time", "").strip().lower()
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?|\.\d+)(ms|s)", written)
    if match is not None:
        return min(LONGEST_PAUSE, float(match[1]) * (0.001 if match[2] == "ms" else 1.0))
    return _STRENGTHS.get(given.get("strength", "medium").lower(), 0.5)


def _prosody(given: dict[str, str]) -> tuple[str, str]:
    opening, closing = "", ""
    rate = _rate(given.get("rate", ""))
    if rate is not None and rate != 1.0:
        opening, closing = f"[speed {rate:g}]", "[/speed]"
    gain = _gain(given.get("volume", ""))
    if gain:
        opening, closing = f"{opening}[volume {gain:+g}]", f"[/volume]{closing}"
    return opening, closing


def _rate(written: str) -> float | None:
    written = written.strip().lower()
    if written in _RATES:
        return _RATES[written]
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)(%?)", written)
    if match is None:
        return None
    number = float(match[1])
    if match[2]:
        number = 1.0 + number / 100 if match[1][0] in "+-" else number / 100
    return min(FASTEST, max(SLOWEST, number))


def _gain(written: str) -> float:
    written = written.strip().lower()
    if written == "x-loud":
        return _LOUDEST
    if written in _VOLUMES:
        return _VOLUMES[written]
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)db", written)
    return min(LOUDEST_DB, max(SOFTEST_DB, float(match[1]))) if match else 0.0


def _value(text: str) -> str:
    """Return an attribute as it may stand in a mark."""
    return re.sub(r"[\[\]/\s]+", " ", text).strip()
