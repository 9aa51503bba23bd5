"""Values out of files that come from anywhere: what is not plain data of the right type is refused.

All of it raises ValueError or TypeError, which the reader of the file turns into one sentence.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

_LONGEST_TEXT = 1_000_000
_DEEPEST = 4


def typed(kind: type, value: Any) -> Any:
    """Return a value that is of just this type: true is no number."""
    if type(value) is not kind:
        raise TypeError(f"not a {kind.__name__}")
    return value


def text(value: Any, longest: int = _LONGEST_TEXT) -> str:
    """Return a text of at most so many characters, each of which can be written to a file."""
    found: str = typed(str, value)
    if len(found) > longest:
        raise ValueError("text too long")
    found.encode()  # half a surrogate pair is no text
    return found


def plain(value: Any, depth: int = _DEEPEST) -> dict[str, Any]:
    """Return an object of texts, numbers, lists and objects, not nested deeply."""
    _check(typed(dict, value), depth)
    found: dict[str, Any] = value
    return found


def no_constant(constant: str) -> NoReturn:
    """Refuse NaN and Infinity for `json.loads`: they are no JSON."""
    raise ValueError(f"{constant} is not a number")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if not depth:
            raise ValueError("nested too deeply")
        for inside in (*value, *(value.values() if isinstance(value, dict) else ())):
            _check(inside, depth - 1)
    elif isinstance(value, str):
        text(value)
    elif value is not None and not math.isfinite(value):
        raise ValueError("not a number")
