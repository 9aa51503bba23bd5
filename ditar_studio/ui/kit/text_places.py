"""Places in a text: Python counts characters, Qt units of UTF-16, of which emoji have two."""

from __future__ import annotations


def to_units(text: str, place: int) -> int:
    """Return where Qt has a place in a text."""
    before = text[:place]
    return len(before) if before.isascii() else len(before.encode("utf-16-le", "replace")) // 2


def to_characters(text: str, units: int) -> int:
    """Return where Python has a place in a text that Qt tells."""
    if text.isascii():
        return units
    before = text.encode("utf-16-le", "replace")[: 2 * units]
    return len(before.decode("utf-16-le", "replace"))
