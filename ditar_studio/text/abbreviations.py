"""Shortened words, initials, Roman numerals and web addresses: rules that put them into words."""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.text import numbers
from ditar_studio.text.rules import Rule, rule

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)

_FILE_ENDINGS: Final = (
    r"com|org|net|edu|gov|io|uk|de|fr|eu|us|ca|au|jp|ch|nl|dev|app|info|ai|me|tv|co"
    r"|txt|pdf|wav|mp3|mp4|png|jpg|jpeg|gif|zip|py|js|html|css|json|csv|docx?|xlsx?|exe|md"
)

_ADDRESS_SIGNS: Final = {
    ".": " dot ",
    "/": " slash ",
    "@": " at ",
    "-": " dash ",
    "_": " underscore ",
    ":": " colon ",
    "?": " question mark ",
    "=": " equals ",
    "&": " and ",
    "#": " hash ",
    "+": " plus ",
    "~": " tilde ",
    "%": " percent ",
}


def _address(match: re.Match[str]) -> str:
    """Return a web or e-mail address, sign by sign; the marks of the sentence around it
    are left.
    """
    address = match["address"]
    kept = address.rstrip(".,;:!?)\"'/")
    after = "".join(c for c in address[len(kept) :] if c != "/")
    kept = re.sub(r"\Awww\.", "w w w.", kept)
    return "".join(_ADDRESS_SIGNS.get(c, c) for c in kept) + after


ADDRESSES: Final[tuple[Rule, ...]] = (
    rule(r"\b(?:https?|ftp)://(?P<address>[^\s<>\"]+)", _address, re.IGNORECASE),
    rule(r"\b(?P<address>www\.[^\s<>\"]+)", _address, re.IGNORECASE),
    rule(r"(?<![\w.+-])(?P<address>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)", _address),
    rule(
        r"(?<![\w.@/-])(?P<address>[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*"
        rf"\.(?:{_FILE_ENDINGS})(?:/[^\s<>\"]*)?)(?![\w@])",
        _address,
    ),
    rule(r"(?<!\w)@(?=[A-Za-z_])", " at "),
    rule(r"(?<!\w)#(?=[A-Za-z_])", " hashtag "),
    rule(r"(?<!\w)#\s?(?=\d)", " number "),
)


def _pointed(short: str, words: str) -> Rule:
    """Return an abbreviation with its point, which stays where it also ends the sentence."""
    end = r"(?P<end>(?=[\"')\]]*(?:\s*$|\s+[\"'(]*[A-Z])))?"
    return rule(
        rf"(?<![\w.])(?:{short})\.{end}(?!\w)",
        lambda match: words if match["end"] is None else f"{words}.",
    )


def _title(short: str, words: str) -> Rule:
    """Return a title before a name."""
    return rule(rf"\b(?:{short})\.\s*(?=[A-Z])", f"{words} ")


_TITLES: Final = (
    rule(r"\bMr\b\.?", "Mister"),
    rule(r"\bMrs\b\.?", "Missus"),
    rule(r"\bMs\b\.?", "Ms"),
    rule(r"\bMessrs\b\.?", "Messieurs"),
    rule(r"\bDrs?\b\.?\s*(?=[A-Z])", "Doctor "),
    rule(r"(?<=[a-z] )Dr\b\.?", "Drive"),
    rule(r"\bDr\b\.?", "Doctor"),
    rule(r"(?<=[a-z] )St\b\.?(?=\s*(?:[,.;:!?]|$|[a-z]))", "Street"),
    rule(r"\bSt\b\.?\s*(?=[A-Z])", "Saint "),
    rule(r"\bSte\.\s*(?=[A-Z])", "Saint "),
    _title("Prof", "Professor"),
    _title("Gen", "General"),
    _title("Col", "Colonel"),
    _title("Maj", "Major"),
    _title("Capt|Cpt", "Captain"),
    _title("Lt", "Lieutenant"),
    _title("Sgt", "Sergeant"),
    _title("Cmdr", "Commander"),
    _title("Rev", "Reverend"),
    _title("Hon", "Honourable"),
    _title("Gov", "Governor"),
    _title("Sen", "Senator"),
    _title("Rep", "Representative"),
    _title("Pres", "President"),
    _title("Supt", "Superintendent"),
    _title("Fr", "Father"),
    _title("Mt", "Mount"),
    _title("Ft", "Fort"),
)

_WORDS: Final = (
    rule(r"(?<![\w.])e\.\s?g\.?(?!\w),?", "for example,", re.IGNORECASE),
    rule(r"(?<![\w.])i\.\s?e\.?(?!\w),?", "that is,", re.IGNORECASE),
    rule(r"(?<![\w.])a\.k\.a\.?(?!\w)|\baka\b", "also known as", re.IGNORECASE),
    rule(r"\bet al\.", "et al"),
    rule(r"\bw/o(?!\w)", "without"),
    rule(r"(?<!\w)w/\s?(?=\w)", "with "),
    rule(r"\b[Vv]s\b\.?", "versus"),
    rule(r"(?<!\w)v\.(?=\s+[A-Z])", "versus"),
    _pointed("etc", "et cetera"),
    rule(r"\betc\b", "et cetera"),
    _pointed("[Aa]pprox", "approximately"),
    _pointed("[Dd]ept", "department"),
    _pointed("[Gg]ovt", "government"),
    _pointed("[Aa]pt", "apartment"),
    _pointed("[Ee]st", "established"),
    _pointed("[Tt]el", "telephone"),
    _pointed("[Mm]in", "minimum"),
    _pointed("[Mm]ax", "maximum"),
    _pointed("Inc", "Incorporated"),
    _pointed("Ltd", "Limited"),
    _pointed("Corp", "Corporation"),
    _pointed("Co", "Company"),
    _pointed("Bros", "Brothers"),
    _pointed("Univ", "University"),
    _pointed("Assn", "Association"),
    _pointed("Jr", "Junior"),
    _pointed("Sr", "Senior"),
    _pointed("Ave", "Avenue"),
    _pointed("Blvd", "Boulevard"),
    _pointed("Rd", "Road"),
    _pointed("Hwy", "Highway"),
    rule(r"\bNo\.\s?(?=\d)", "number "),
    rule(r"\bNos\.\s?(?=\d)", "numbers "),
    rule(r"\b([Ff])igs?\.\s?(?=\d)", r"\1igure "),
    rule(r"\b([Vv])ols?\.\s?(?=\d|[IVX])", r"\1olume "),
    rule(r"\b([Cc])h\.\s?(?=\d|[IVX])", r"\1hapter "),
    rule(r"\b([Ss])ec\.\s?(?=\d|[IVX])", r"\1ection "),
    rule(r"\bpp\.\s?(?=\d)", "pages "),
    rule(r"\bp\.\s?(?=\d)", "page "),
    rule(r"\b[Ee]xt\.\s?(?=\d)", "extension "),
    *(
        rule(rf"\b{month[:3]}{'t?' if month == 'September' else ''}\.(?!\w)", month)
        for month in MONTHS
        if len(month) > 4
    ),
    *(
        rule(rf"\b(?:{short})\.(?=,|\s+(?:\d|{'|'.join(MONTHS)}))", day)
        for short, day in (
            ("Mon", "Monday"),
            ("Tues?", "Tuesday"),
            ("Wed", "Wednesday"),
            ("Thu(?:rs?)?", "Thursday"),
            ("Fri", "Friday"),
            ("Sat", "Saturday"),
            ("Sun", "Sunday"),
        )
    ),
)

_ROMAN: Final = r"(?=[IVXL]+\b)(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXL])\b"
_MONARCHS: Final = (
    "Henry|Louis|Elizabeth|George|Edward|Charles|James|William|Richard|Philip|Napoleon|Nicholas"
    "|Catherine|Frederick|Alexander|Ivan|Mary|Gregory|Benedict|Pius|Paul|Leo|John|Francis|Peter"
    "|Wilhelm|Ferdinand|Carlos|Ramses|Ptolemy|Xerxes|Darius|Innocent|Urban|Clement|Margrethe"
)
_DIVISIONS: Final = (
    "Chapter|Part|Act|Scene|Book|Volume|Section|Phase|War|Type|Article|Appendix|Level|Stage|Class"
    "|Bowl|Rocky|Episode|Season|Title|Grade|Mark|Figure|Table|Page|Canto|Unit|Round|Group|Division"
)
_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50}


def _roman(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(v if v >= n else -v for v, n in zip(values, following, strict=True))


_ROMAN_NUMERALS: Final = (
    rule(
        rf"\b(?P<name>{_MONARCHS})\s+(?P<roman>I(?=\s*(?:[,.;:!?)]|of\b|$))|(?!I\b){_ROMAN})",
        lambda m: f"{m['name']} the {numbers.ordinal(_roman(m['roman']))}",
    ),
    rule(
        rf"\b(?P<name>(?i:{_DIVISIONS}))\s+(?P<roman>{_ROMAN})",
        lambda m: f"{m['name']} {numbers.cardinal(_roman(m['roman']))}",
    ),
    rule(
        r"\b(?:II|III|IV|VI|VII|VIII|IX|XI|XII|XIII|XIV|XV|XVI|XVII|XVIII|XIX|XXI?)\b",
        lambda m: numbers.cardinal(_roman(m[0])),
    ),
)

_READ_AS_LETTERS: Final = "AI|US|IT|TV|ID|UN|AD|LA|AKA|IOS|PC|EU|UK|CEO|OS|IP|PR|HR|GP"


def _letters(match: re.Match[str]) -> str:
    letters = " ".join(c for c in match["letters"] if c.isalpha())
    return f"{letters}{match['ending'] or ''}"


INITIALS: Final[tuple[Rule, ...]] = (
    rule(r"\bPh\.?\s?D\b\.?", "P H D"),
    rule(
        r"(?<![\w.])(?P<letters>(?:[A-Za-z]\.){2,})(?P<ending>(?=[\"')\]]*\s*$))",
        lambda m: _letters(m).upper() + ".",
    ),
    rule(
        r"(?<![\w.])(?P<letters>(?:[A-Za-z]\.){1,}[A-Za-z])\b\.?(?P<ending>'s)?",
        lambda m: _letters(m).upper() if m["ending"] is None else _letters(m),
    ),
    rule(r"(?<![\w.'])([A-HJ-Z])\.(?=\s+[A-Z])", r"\1"),
    rule(rf"\b(?P<letters>{_READ_AS_LETTERS})(?P<ending>'s)?\b", _letters),
    rule(
        r"\b(?P<letters>[A-Z]{2,5})(?P<ending>s)\b",
        lambda m: f"{' '.join(m['letters'])}'s",
    ),
    rule(r"\b(?P<letters>[A-Z]{1,4})(?P<ending>)-?(?=\d)", lambda m: f"{_letters(m)} "),
    rule(r"(?<=\d)(?P<letters>[A-Z]{1,2})(?P<ending>)\b", lambda m: f" {_letters(m)}"),
)

ABBREVIATIONS: Final[tuple[Rule, ...]] = (*_TITLES, *_WORDS, *_ROMAN_NUMERALS)
