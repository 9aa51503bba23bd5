"""The interface in the user's language: one catalogue a language, a JSON file from English.

Every string on screen goes through :func:`tr` (or :func:`mark` where it is only named, to be
translated when shown), so that a test can hold the catalogues against the source.

The packages below the interface speak English; what they say to the user, with numbers and names in
it already, goes through :func:`sentence`, which knows it by its pattern.
"""

from __future__ import annotations

import json
import re
from functools import cache

from PySide6.QtCore import QDateTime, QLocale

from ditar_studio.assets import asset

LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}
"""Language codes and their own names."""

_catalogue: dict[str, str] = {}
_language = "en"

_FIELD = re.compile(r"{(\d)}")
_NUMBER = re.compile(r"-?\d+\.(?P<decimals>\d+)")
_SENTENCE_END = re.compile(r"(?<=[.:!?]) ")


@cache
def load_catalogue(language: str) -> dict[str, str]:
    """Return english text -> text in `language`; empty for English itself."""
    if language == "en":
        return {}
    path = asset("translations", f"{language}.json")
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def set_language(language: str) -> None:
    """Choose the language of everything translated from now on.

    Raises:
        KeyError: there is no such language.
    """
    global _catalogue, _language
    _ = LANGUAGES[language]
    _catalogue = load_catalogue(language)
    _language = language
    locale = QLocale(language)
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    QLocale.setDefault(locale)


def language() -> str:
    """Return the code of the language in force."""
    return _language


@cache
def load_messages(language: str) -> dict[str, str]:
    """Return what the packages below say -> the same in `language`; ``{0}``, ``{1}`` stand for
    values.
    """
    if language == "en":
        return {}
    path = asset("translations", f"{language}.messages.json")
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the messages with values in them, those with most fixed words first."""
    found = [
        (template, translated)
        for template, translated in load_messages(language).items()
        if _FIELD.search(template)
    ]
    found.sort(key=lambda pair: -len(_FIELD.sub("", pair[0])))
    return [(_pattern(template), translated) for template, translated in found]


def _pattern(template: str) -> re.Pattern[str]:
    parts = _FIELD.split(template)
    words = [f"(?P<v{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)


def sentence(text: str) -> str:
    """Return a message of the packages below, of one sentence or several, in the language in force.

    What is not known stays as it is.
    """
    if not text or _language == "en":
        return text
    for end in _SENTENCE_END.finditer(text):
        first = _known(text[: end.start()])
        if first is not None and text not in load_messages(_language):
            return f"{first} {sentence(text[end.end() :])}"
    return _known(text) or text


def _known(text: str) -> str | None:
    messages = load_messages(_language)
    if text in messages:
        return messages[text]
    for pattern, translated in _patterns(_language):
        found = pattern.fullmatch(text)
        if found is not None:
            values = {name[1:]: _known(v) or _number(v) for name, v in found.groupdict().items()}
            parts = _FIELD.split(translated)
            return "".join(values[part] if i % 2 else part for i, part in enumerate(parts))
    return None


def _number(text: str) -> str:
    """Return a number within a message as it is written in the language in force; else the text."""
    found = _NUMBER.fullmatch(text)
    return number(float(text), len(found["decimals"])) if found else text


def tr(text: str, /, **values: object) -> str:
    """Translate `text` into the language in force, with ``{name}`` fields filled from `values`."""
    translated = _catalogue.get(text, text)
    return translated.format(**values) if values else translated


def moment_text(seconds: float, form: str) -> str:
    """Return a moment (seconds since 1970) in the language in force.

    Args:
        form: as `QLocale.toString` has it, already translated, e.g. ``tr("d MMM yyyy, HH:mm")``.
    """
    return QLocale(_language).toString(QDateTime.fromSecsSinceEpoch(round(seconds)), form)


def number(value: float, decimals: int | None = None) -> str:
    """Return a number as it is written in the language in force: 0.3 or 0,3.

    Args:
        decimals: digits behind the point; as many as it takes, without them.
    """
    locale = QLocale(_language)
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    if decimals is not None:
        return locale.toString(round(float(value), decimals), "f", decimals)
    return locale.toString(float(value), "g", 6)


def mark(text: str) -> str:
    """Mark `text` as translatable and return it unchanged."""
    return text


def counted(one: str, many: str, count: int, /, **values: object) -> str:
    """Translate `one` or `many` into the language in force, by `count`, which fills ``{count}``."""
    return tr(one if count == 1 else many, count=count, **values)


def duration(seconds: float) -> str:
    """Write seconds in words, e.g. "3 minutes"."""
    if seconds < 90:
        return counted("{count} second", "{count} seconds", max(1, round(seconds)))
    if seconds < 5400:
        return counted("{count} minute", "{count} minutes", round(seconds / 60))
    hours, minutes = divmod(round(seconds / 60), 60)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes)
