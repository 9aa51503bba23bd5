"""Every word on screen goes through the catalogue, and every catalogue has every word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ditar_studio.ui
from ditar_studio.ui import translate

SOURCES = sorted(Path(ditar_studio.ui.__file__).parent.rglob("*.py"))
OTHERS = [code for code in translate.LANGUAGES if code != "en"]
FIELD = re.compile(r"{(\w*)[^}]*}")


def strings() -> Iterator[str]:
    """The literals given to tr, mark and counted anywhere in the interface."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            count = {"tr": 1, "mark": 1, "counted": 2}.get(node.func.id, 0)
            for argument in node.args[:count]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    translate.set_language("en")


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_is_complete_and_has_nothing_else(language: str) -> None:
    used = {text for text in strings() if text.strip()}
    known = set(translate.load_catalogue(language))
    assert sorted(used - known) == []
    assert sorted(known - used) == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_same_fields(language: str) -> None:
    wrong = {
        text: translated
        for text, translated in translate.load_catalogue(language).items()
        if sorted(FIELD.findall(text)) != sorted(FIELD.findall(translated)) or not translated
    }
    assert wrong == {}


def test_words_are_translated_and_filled_in() -> None:
    translate.set_language("de")
    assert translate.tr("Undo") == "Rückgängig"
    assert translate.counted("{count} action", "{count} actions", 3) == "3 Befehle"
    assert translate.tr("not in any catalogue") == "not in any catalogue"


def test_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError):
        translate.set_language("xx")


def test_menu_letters_stay_unique_in_every_language() -> None:
    from ditar_studio.ui.actions import MENUS

    for language in translate.LANGUAGES:
        translate.set_language(language)
        titles = [translate.tr(title) for title in MENUS.values()]
        letters = [title[title.index("&") + 1].casefold() for title in titles]
        assert len(set(letters)) == len(letters), language
