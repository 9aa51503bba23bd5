"""The interface in the user's language: one catalogue a language, a JSON file from English.

Every string on screen goes through :func:`tr` (or :func:`mark` where it is only named, to be
translated when shown), so that a test can hold the catalogues against the source.
"""

from __future__ import annotations

import json
from functools import cache

from ditar_studio.assets import asset

LANGUAGES: dict[str, str] = {"en": "English", "de": "Deutsch"}
"""Language codes and their own names."""

_catalogue: dict[str, str] = {}


@cache
def load_catalogue(language: str) -> dict[str, str]:
    """English text -> text in `language`; empty for English itself."""
    if language == "en":
        return {}
    path = asset("translations", f"{language}.json")
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def set_language(language: str) -> None:
    """Chooses the language of everything translated from now on.

    Raises:
        KeyError: there is no such language.
    """
    global _catalogue
    _ = LANGUAGES[language]
    _catalogue = load_catalogue(language)


def tr(text: str, /, **values: object) -> str:
    """`text` in the language in force, with ``{name}`` fields filled from `values`."""
    translated = _catalogue.get(text, text)
    return translated.format(**values) if values else translated


def mark(text: str) -> str:
    """Marks `text` as translatable and gives it back unchanged."""
    return text


def counted(one: str, many: str, count: int, /, **values: object) -> str:
    """`one` or `many` in the language in force, by `count`, which fills ``{count}``."""
    return tr(one if count == 1 else many, count=count, **values)
