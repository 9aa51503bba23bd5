"""Whatever has digits: money, dates, times, measures, ranges and plain numbers, as rules."""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.text import numbers
from ditar_studio.text.abbreviations import MONTHS
from ditar_studio.text.rules import Rule, rule

_LONGEST_CARDINAL: Final = 15
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
_START: Final = r"(?<![\w.,])"
_SCALE: Final = r"thousand|million|billion|trillion"


def _whole(digits: str) -> str:
    if len(digits) > _LONGEST_CARDINAL or (len(digits) > 1 and digits[0] == "0"):
        return numbers.digits(digits)
    return numbers.cardinal(int(digits))


def say(number: str) -> str:
    """Return a number as written, with commas and a decimal point, in words."""
    whole, point, fraction = number.replace(",", "").partition(".")
    words = [_whole(whole)] if whole else []
    if point:
        words += ["point", numbers.digits(fraction)]
    return " ".join(words)


# Telephone numbers


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(numbers.digits(group) for group in re.findall(r"\d+", match[0]))


_TELEPHONE: Final = (
    rule(r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}\b", _telephone),
    rule(r"(?<![\w(+-])(?:1-)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}\b", _telephone),
    rule(r"(?<![\w-])\d{3}-\d{4}(?![\w-])", _telephone),
)

# Money

_CURRENCIES: Final = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("rouble", "roubles", "kopeck", "kopecks"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₿": ("bitcoin", "bitcoins", "satoshi", "satoshis"),
}
_CURRENCY: Final = rf"(?P<area>(?:US|A|C|NZ|HK)?(?=\$))?(?P<sign>[{''.join(_CURRENCIES)}])\s?"
_SCALE_LETTERS: Final = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "b": "billion",
    "B": "billion",
    "bn": "billion",
    "tn": "trillion",
    "T": "trillion",
}
_AREAS: Final = {"US": "U S ", "A": "Australian ", "C": "Canadian ", "NZ": "New Zealand "}


def _money(match: re.Match[str]) -> str:
    one, many, small_one, small_many = _CURRENCIES[match["sign"]]
    amount, scale = match["amount"], match["scale"]
    area = _AREAS.get(match["area"] or "", "")
    sign = "minus " if match["minus"] else ""
    if scale:
        return f"{sign}{say(amount)} {_SCALE_LETTERS.get(scale, scale)} {area}{many}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{sign}{say(amount)} {area}{many}"
    parts = []
    if whole.strip("0") or not fraction.strip("0"):
        parts.append(f"{say(whole or '0')} {area}{one if whole == '1' else many}")
    if fraction.strip("0"):
        cents = int(fraction)
        parts.append(f"{numbers.cardinal(cents)} {small_one if cents == 1 else small_many}")
    return sign + " and ".join(parts)


def _money_range(match: re.Match[str]) -> str:
    return f"{say(match['low'])} to {match['sign']}{match['high']}"


_MONEY: Final = (
    rule(
        rf"{_CURRENCY}(?P<low>{_NUMBER})\s?[-–—]\s?[$£€¥]?(?P<high>{_NUMBER})(?!\d)", _money_range
    ),
    rule(
        rf"(?P<minus>(?<!\w)-)?{_CURRENCY}(?P<amount>{_NUMBER})"
        rf"(?:\s?(?P<scale>(?:{_SCALE})(?!\w)|(?:mn|bn|tn|[kKmMbBT])(?!\w)))?",
        _money,
    ),
    rule(rf"{_START}({_NUMBER})\s?¢", r"\1 cents"),
    rule(rf"{_START}({_NUMBER})\s?€", r"\1 euros"),
    rule(rf"{_START}({_NUMBER})p\b", r"\1 pence"),
)

# Dates

_MONTH: Final = rf"(?P<month>{'|'.join(MONTHS)}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_DAY: Final = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>[12]\d{3})"


def _month(written: str) -> str:
    if written.isdigit():
        return MONTHS[int(written) - 1]
    return next(name for name in MONTHS if name.startswith(written[:3]))


def _year(match: re.Match[str]) -> str:
    written = match["year"]
    return f", {numbers.year(int(written))}" if written else ""


def _month_first(match: re.Match[str]) -> str:
    return f"{_month(match['month'])} {numbers.ordinal(int(match['day']))}{_year(match)}"


def _day_first(match: re.Match[str]) -> str:
    article = "" if match["the"] else "the "
    day, month = numbers.ordinal(int(match["day"])), _month(match["month"])
    return f"{match['the'] or ''}{article}{day} of {month}{_year(match).lstrip(',')}"


_DATES: Final = (
    rule(rf"(?<![\w/-]){_YEAR}-(?P<month>0[1-9]|1[0-2])-{_DAY}(?![\w/-])", _month_first),
    rule(rf"(?<![\w/-])(?P<month>0?[1-9]|1[0-2])/{_DAY}/{_YEAR}(?![\w/])", _month_first),
    rule(
        rf"(?<![\w/.-])(?P<the>){_DAY}[/.](?P<month>0?[1-9]|1[0-2])[/.]{_YEAR}(?![\w/])",
        _day_first,
    ),
    rule(rf"\b{_MONTH}\s+{_DAY}\b(?![.:,]?\d)(?:,?\s+{_YEAR}\b)?", _month_first),
    rule(
        rf"(?<![\w.,:$])(?P<the>[Tt]he\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}\b(?:,?\s+{_YEAR}\b)?",
        _day_first,
    ),
    rule(
        r"(?<![\w.,])(?P<century>1\d|20)(?P<decade>\d)0(?:'?s)\b",
        lambda m: (
            numbers.cardinal(int(m["century"]))
            + (
                " hundreds"
                if m["decade"] == "0" and m["century"] != "20"
                else f" {numbers.plural(numbers.cardinal(int(m['decade'] + '0')))}"
            )
            if m["decade"] != "0" or m["century"] != "20"
            else "two thousands"
        ),
    ),
    rule(
        r"(?<![\w.,])'?(?P<decade>[2-9]0)'?s\b",
        lambda m: numbers.plural(numbers.cardinal(int(m["decade"]))),
    ),
)

# Times


def _half_of_day(written: str | None) -> str:
    return f" {written[0].upper()} M" if written else ""


def _clock(match: re.Match[str]) -> str:
    hours, minutes = int(match["hours"]), match["minutes"]
    half = _half_of_day(match["half"])
    if minutes == "00":
        said = " hundred" if hours > 12 or hours == 0 else " o'clock"
        return numbers.cardinal(hours) + (half or said)
    oh = "oh " if minutes[0] == "0" else ""
    return f"{numbers.cardinal(hours)} {oh}{numbers.cardinal(int(minutes))}{half}"


def _with_seconds(match: re.Match[str]) -> str:
    parts = [match["hours"], match["minutes"], match["seconds"]]
    units = ("hour", "minute", "second")
    return " ".join(
        f"{numbers.cardinal(int(part))} {unit}{'' if int(part) == 1 else 's'}"
        for part, unit in zip(parts, units, strict=True)
    )


_SENTENCE_END: Final = r"[\"')\]]*(?:\s*$|\s+[\"'(]*[A-Z])"
_HALF: Final = rf"(?P<half>[AaPp]\.?\s?[Mm]\b(?:\.(?!{_SENTENCE_END}))?(?!\w))"
_TIMES: Final = (
    rule(r"(?<=[AaPp][Mm])\s?[-–]\s?(?=\d)", " to "),
    rule(r"(?<=\d)\s?[-–]\s?(?=\d{1,2}(?::\d\d)?\s?[AaPp]\.?[Mm]\b)", " to "),
    rule(r"(?<=:\d\d)\s?[-–]\s?(?=\d{1,2}:\d\d)", " to "),
    rule(
        r"(?<![\w:.])(?P<hours>\d{1,2}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)(?![\w:])",
        _with_seconds,
    ),
    rule(
        rf"(?<![\w:.])(?P<hours>[01]?\d|2[0-4])[:.](?P<minutes>[0-5]\d)\s?{_HALF}",
        _clock,
    ),
    rule(
        r"(?<![\w:.])(?P<hours>[01]?\d|2[0-4]):(?P<minutes>[0-5]\d)(?P<half>)(?![\w:])",
        _clock,
    ),
    rule(
        rf"(?<![\w:.])(?P<hours>1[0-2]|0?[1-9])\s?{_HALF}",
        lambda m: numbers.cardinal(int(m["hours"])) + _half_of_day(m["half"]),
    ),
    rule(r"(?<![\w:])(\d+):(\d+)(?![\w:])", r"\1 to \2"),
)

# Measures

_UNITS: Final = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "µm": "micrometer",
    "nm": "nanometer",
    "mi": "mile",
    "yd": "yard",
    "ft": "foot",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "µg": "microgram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "L": "liter",
    "l": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
    "µs": "microsecond",
    "min": "minute",
    "mins": "minute",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "kbps": "kilobit per second",
    "Mbps": "megabit per second",
    "Gbps": "gigabit per second",
    "W": "watt",
    "kW": "kilowatt",
    "MW": "megawatt",
    "kWh": "kilowatt hour",
    "V": "volt",
    "mV": "millivolt",
    "mA": "milliamp",
    "dB": "decibel",
    "mph": "mile per hour",
    "kph": "kilometer per hour",
    "rpm": "revolution per minute",
    "fps": "frame per second",
    "px": "pixel",
    "cal": "calorie",
    "kcal": "kilocalorie",
    "ha": "hectare",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "°": "degree",
    "%": "percent",
}
_SAME_IN_PLURAL: Final = frozenset(["hertz", "kilohertz", "megahertz", "gigahertz", "percent"])
_UNIT: Final = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


def _plural_unit(unit: str) -> str:
    head, *rest = unit.split(" ", 1)
    if head not in _SAME_IN_PLURAL:
        head = "feet" if head == "foot" else f"{head}s"
    if unit == "kilowatt hour":
        return "kilowatt hours"
    return " ".join([head, *rest])


def _measure(match: re.Match[str]) -> str:
    amount, unit = match["amount"], _UNITS[match["unit"]]
    single = amount == "1" or match["hyphen"] == "-"
    words = unit if single else _plural_unit(unit)
    if match["square"] or match["power"] == "2":
        words = f"square {words}"
    elif match["power"] == "3":
        words = f"cubic {words}"
    per = f" per {_UNITS[match['per']]}" if match["per"] else ""
    return f"{say(amount)} {words}{per}"


def _height(match: re.Match[str]) -> str:
    feet, inches = match["feet"], match["inches"]
    said = f"{numbers.cardinal(int(feet))} {'foot' if feet == '1' or inches else 'feet'}"
    return f"{said} {numbers.cardinal(int(inches))}" if inches else said


_MEASURES: Final = (
    rule(r"""(?<![\w.,'])(?P<feet>[1-9])'\s?(?P<inches>1[01]|\d)(?:"|''|(?![\w]))""", _height),
    rule(
        rf"{_START}(?P<amount>{_NUMBER})(?P<hyphen>\s|-|)(?P<square>sq\.?\s)?"
        rf"(?P<unit>{_UNIT})(?:\^(?P<power>[23]))?(?:/(?P<per>{_UNIT}))?(?![\w^]|/\w|'\w)",
        _measure,
    ),
)

# Fractions, ranges, ranks, signs between numbers

_DENOMINATORS: Final = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth"} | {
    "8": "eighth",
    "12": "twelfth",
    "16": "sixteenth",
    "32": "thirty second",
}


def _fraction(match: re.Match[str]) -> str:
    whole, top, bottom = match["whole"], match["top"], match["bottom"]
    part = _DENOMINATORS.get(bottom)
    if part is None or int(top) >= int(bottom):
        said = f"{say(top)} {'out of ' if bottom in ('10', '100') else ''}{say(bottom)}"
        return f"{whole} {said}" if whole else said
    if top != "1":
        part = "halves" if part == "half" else f"{part}s"
    if whole:
        return f"{say(whole)} and {'a' if top == '1' else say(top)} {part}"
    return f"{'one' if top == '1' else say(top)} {part}"


_ARITHMETIC: Final = (
    rule(rf"(?<=\d)\s?[–]\s?(?={_NUMBER})", " to "),
    rule(r"(?<=\d) - (?=\d)", " minus "),
    rule(r"(?<![\w-])(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?![\w-]|\.\d)", r"\1 to \2"),
    rule(r"(?<=\d)-(?=\d)", " "),
    rule(r"(?<![\w)])[-−](?=\.?\d)", "minus "),
    rule(r"(?<=\d)\s?[*×]\s?(?=\d)", " times "),
    rule(r"(?<=\d)\s?x\s?(?=\d)", " by "),
    rule(r"(?<=\d)\s?÷\s?(?=\d)", " divided by "),
    rule(r"(?<![\w~])~\s?(?=[$£€]?\d)", "about "),
    rule(r"(?<=[\w)])\s?<\s?(?=[\d.])|(?<=\w) < (?=\w)", " is less than "),
    rule(r"(?<=[\w)])\s?>\s?(?=[\d.])|(?<=\w) > (?=\w)", " is greater than "),
    rule(r"(?<!\w)<\s?(?=[\d.])", "less than "),
    rule(r"(?<!\w)>\s?(?=[\d.])", "more than "),
    rule(r"\^2(?!\d)", " squared"),
    rule(r"\^3(?!\d)", " cubed"),
    rule(r"(?<=\w)\^(?=\w)", " to the power of "),
    rule(r"\b24/7\b", "twenty four seven"),
    rule(
        r"(?<![\w/.])(?:(?P<whole>\d+)\s)?(?P<top>\d{1,3})/(?P<bottom>\d{1,3})(?![\w/])", _fraction
    ),
)


def _rank(match: re.Match[str]) -> str:
    digits = match["digits"].replace(",", "")
    too_long = len(digits) > _LONGEST_CARDINAL
    return f" {_whole(digits) if too_long else numbers.ordinal(int(digits))}"


def _plain(match: re.Match[str]) -> str:
    written = match[0]
    if len(written) == 4 and written.isdigit() and "1100" <= written <= "2099":
        return f" {numbers.year(int(written))} "
    return f" {say(written)} "


_NUMBERS: Final = (
    rule(r"(?<![\d.,])(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", _rank),
    rule(
        r"(?<![\d.])\d+(?:\.\d+){2,}(?!\w)",
        lambda m: " " + " point ".join(_whole(part) for part in m[0].split(".")),
    ),
)

QUANTITIES: Final[tuple[Rule, ...]] = (
    *_TELEPHONE,
    *_MONEY,
    *_DATES,
    *_TIMES,
    *_ARITHMETIC,
    *_MEASURES,
    *_NUMBERS,
)
"""Everything with digits that is more than a plain number."""

PLAIN_NUMBERS: Final[tuple[Rule, ...]] = (rule(_NUMBER, _plain),)
"""What is left of digits; four of them are read as a year."""
