"""Rewriting rules: a pattern and what is said instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Rule(NamedTuple):
    """Every match of `pattern` becomes `spoken`, a template or a function of the match."""

    pattern: re.Pattern[str]
    spoken: str | Callable[[re.Match[str]], str]


def rule(pattern: str, spoken: str | Callable[[re.Match[str]], str], flags: int = 0) -> Rule:
    """Return a rule on ASCII text."""
    return Rule(re.compile(pattern, flags | re.ASCII), spoken)


def apply(rules: Iterable[Rule], text: str) -> str:
    """Apply every rule to `text`, in their order."""
    for pattern, spoken in rules:
        text = pattern.sub(spoken, text)
    return text
