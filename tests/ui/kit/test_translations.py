"""Every word on screen goes through the catalogue, and every catalogue has every word."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale

import ditar_studio.ui
from ditar_studio.assets import asset
from ditar_studio.ui.features.speaking.engine_model import BUILT_IN
from ditar_studio.ui.kit import translate

SOURCES = sorted(Path(ditar_studio.ui.__file__).parent.rglob("*.py"))
OTHERS = [code for code in translate.LANGUAGES if code != "en"]
FIELD = re.compile(r"{(\w*)[^}]*}")


@functools.cache
def parsed(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))


@functools.cache
def nodes(source: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(source)))


def strings() -> Iterator[str]:
    """The literals given to tr, mark and counted anywhere in the interface."""
    for source in SOURCES:
        for node in nodes(source):
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
    from ditar_studio.ui.kit.action_spec import MENUS

    for language in translate.LANGUAGES:
        translate.set_language(language)
        titles = [translate.tr(title) for title in MENUS.values()]
        letters = [title[title.index("&") + 1].casefold() for title in titles]
        assert len(set(letters)) == len(letters), language


PACKAGES = ("audio", "documents", "engine", "inference", "model", "services", "store", "text")
SAID_BY = {
    "StudioError": (0, 1),
    "Warned": (0, 1),
    "Damage": (0, 1),
    "DamagedError": (0, 1),
    "PlayerFailed": (0, 1),
    "Finding": (1, 2),
    "Remark": (1, 2),
    "Device": (2,),
    "Offer": (1,),
    "operation": (0,),
    "_edit": (1,),
}
"""Calls whose arguments, by place, reach the user's eyes."""


def template(node: ast.AST) -> str | None:
    """A literal with {0}, {1} where values go in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    count = iter(range(10))
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(count)}}}"
        for part in node.values
    )


def lower_packages() -> Iterator[ast.AST]:
    root = Path(ditar_studio.ui.__file__).parents[1]
    sources = [path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))]
    for source in (*sources, root / "sample_voices.py", root / "installation.py"):
        yield from nodes(source)


def said() -> Iterator[str]:
    """What the lower packages say to the user, as far as it stands where it is said."""
    for node in lower_packages():
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        places = SAID_BY.get(name, ())
        for argument in (node.args[place] for place in places if place < len(node.args)):
            both = isinstance(argument, ast.IfExp)
            for each in (argument.body, argument.orelse) if both else (argument,):  # type: ignore[attr-defined]
                words = template(each)
                if words and re.sub(r"{\d}", "", words).strip(" :."):
                    yield words


@pytest.mark.parametrize("language", OTHERS)
def test_messages_of_the_lower_packages_are_all_known(language: str) -> None:
    known = translate.load_messages(language)
    assert sorted(set(said()) - set(known)) == []
    literals = {words for node in lower_packages() if (words := template(node))}
    assert sorted(set(known) - literals) == []


@pytest.mark.parametrize("language", OTHERS)
def test_messages_keep_their_values(language: str) -> None:
    for words, translated in translate.load_messages(language).items():
        assert sorted(FIELD.findall(words)) == sorted(FIELD.findall(translated)), words


def test_messages_are_known_with_values_in_them_and_one_after_the_other() -> None:
    translate.set_language("de")
    sentence = translate.sentence
    assert sentence("The length is right: 6.4 s long.") == "Die Länge stimmt: 6,4 s."
    assert sentence("The disk is full.") == "Der Datenträger ist voll."
    assert sentence("There is no file “a b.wav”. Check the path.") == (
        "Es gibt keine Datei „a b.wav“. Prüfen Sie den Pfad."
    )
    assert sentence("No microphone found.") == "Nichts gefunden: Mikrofon."
    assert sentence(
        "These characters can't be read: 漢 字. Write the text in English, in Latin letters."
    ) == (
        "Diese Zeichen lassen sich nicht lesen: 漢 字. "
        "Schreiben Sie den Text auf Englisch, in lateinischen Buchstaben."
    )
    noisy = "Some background noise: the speech is only 17 dB above the background."
    assert sentence(noisy) == (
        "Etwas Hintergrundgeräusch: die Sprache liegt nur 17 dB über dem Hintergrund."
    )
    assert sentence("Nobody ever said that.") == "Nobody ever said that."
    translate.set_language("en")
    assert sentence("The disk is full.") == "The disk is full."


def test_numbers_are_written_as_in_the_language_in_force() -> None:
    assert translate.number(0.5) == "0.5"
    assert translate.number(12345.678, 1) == "12345.7"
    translate.set_language("de")
    assert translate.number(0.5) == "0,5"
    assert translate.number(12345.678, 1) == "12345,7"
    assert QLocale().toString(1.5) == "1,5"


def test_no_number_is_written_with_an_english_point_in_the_interface() -> None:
    """Formats of decimals reach the eye only through `number`."""
    wrong = [
        f"{source.name}:{node.lineno}"
        for source in SOURCES
        if source.name != "translate.py"
        for node in nodes(source)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("tr", "counted", "label")
        for inside in ast.walk(node)
        if isinstance(inside, ast.FormattedValue)
        and inside.format_spec is not None
        and ast.unparse(inside.format_spec).rstrip("'\"")[-1:] in ("f", "g")
    ]
    assert wrong == []


def test_german_keeps_to_one_form_of_address() -> None:
    familiar = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b")
    said = [*translate.load_catalogue("de").values(), *translate.load_messages("de").values()]
    assert [text for text in said if familiar.search(text)] == []


def test_the_model_that_comes_with_the_program_has_a_translated_name() -> None:
    card = json.loads(asset("models", "builtin", "model.json").read_text(encoding="utf-8"))
    assert card["name"] == BUILT_IN
    assert BUILT_IN in translate.load_catalogue("de")
