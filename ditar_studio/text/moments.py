"""Dates and times of day in words, where a mark says that a text is one."""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.text.numbers import cardinal, ordinal, year

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
ORDERS: Final = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my")
"""What the numbers of a date are, in their order: month, day, year."""

_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?(?:[:.]\d{2})?\s*(?P<half>[ap])?\.?(?:m\.?)?",
    re.IGNORECASE,
)


def date(text: str, order: str = "") -> str:
    """Return a date: "3/4/2025" -> "March fourth, twenty twenty five".

    Args:
        order: one of `ORDERS`; by the date itself if it is empty, month first where in doubt.

    Raises:
        ValueError: it is no date.
    """
    parts = re.findall(r"\d+|[A-Za-z]{3,}", text)
    named = [part for part in parts if part.isalpha()]
    numbers = [int(part) for part in parts if part.isdigit()]
    found: dict[str, int] = {}
    if named:
        starts = [
            n for n, month in enumerate(MONTHS, 1) if month.lower().startswith(named[0].lower())
        ]
        if len(starts) != 1:
            raise ValueError("no month")
        found["m"] = starts[0]
        order = (order or _order_beside_month(numbers)).replace("m", "")
    order = order or _order(numbers)
    if len(numbers) != len(order):
        raise ValueError("other numbers than those of a date")
    found.update(zip(order, numbers, strict=True))
    if "m" not in found or not 1 <= found["m"] <= 12 or not 1 <= found.get("d", 1) <= 31:
        raise ValueError("no such day")
    words = MONTHS[found["m"] - 1]
    if "d" in found:
        words += f" {ordinal(found['d'])}"
    if "y" not in found:
        return words
    return f"{words}, {_year(found['y'])}" if "d" in found else f"{words} {_year(found['y'])}"


def time_of_day(text: str) -> str:
    """Return a time of day: "14:05" -> "fourteen oh five".

    Raises:
        ValueError: it is none.
    """
    match = _TIME.fullmatch(text.strip())
    hour, minute = (int(match["hour"]), int(match["minute"] or 0)) if match else (24, 0)
    if match is None or hour > 23 or minute > 59:
        raise ValueError("no time")
    half = f" {match['half'].upper()} M" if match["half"] else ""
    if minute == 0:
        return f"{cardinal(hour)}{half}" if half else f"{cardinal(hour)} o'clock"
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}{half}"


def _order(numbers: list[int]) -> str:
    if len(numbers) == 2:
        return "md" if numbers[0] <= 12 else "dm"
    if numbers and numbers[0] > 31:
        return "ymd"
    return "mdy" if numbers and numbers[0] <= 12 else "dmy"


def _order_beside_month(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return "d" if numbers[0] <= 31 else "y"
    return "dy" if numbers and numbers[0] <= 31 else "yd"


def _year(number: int) -> str:
    if number < 100:
        number += 2000 if number < 50 else 1900
    if not 1000 <= number <= 2999:
        raise ValueError("no year of our calendar")
    return year(number)
