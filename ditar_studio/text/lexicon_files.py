"""Pronunciations in the forms that other programs use, read and written.

PLS is the W3C's Pronunciation Lexicon Specification 1.0; the others are tables of word and
pronunciation (CSV, TSV) and CMUdict's, whose sounds are ARPAbet.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ditar_studio.errors import StudioError
from ditar_studio.text import lexicon
from ditar_studio.text.lexicon import MOST_WORDS, Lexicon, is_ipa, too_many
from ditar_studio.text_file import read_text

SUFFIXES: Final = (".txt", ".pls", ".xml", ".csv", ".tsv", ".dict")
_NAMESPACE: Final = "http://www.w3.org/2005/01/pronunciation-lexicon"
_COMMENT: Final = re.compile(r"\s*#.*\Z")
_VARIANT: Final = re.compile(r"\(\d+\)\Z")

_ARPABET: Final = {
    "AA": "ɑ",
    "AE": "æ",
    "AH": "ʌ",
    "AO": "ɔ",
    "AW": "aʊ",
    "AY": "aɪ",
    "EH": "ɛ",
    "ER": "ɚ",
    "EY": "eɪ",
    "IH": "ɪ",
    "IY": "i",
    "OW": "oʊ",
    "OY": "ɔɪ",
    "UH": "ʊ",
    "UW": "u",
    "B": "b",
    "CH": "t͡ʃ",
    "D": "d",
    "DH": "ð",
    "F": "f",
    "G": "ɡ",
    "HH": "h",
    "JH": "d͡ʒ",
    "K": "k",
    "L": "l",
    "M": "m",
    "N": "n",
    "NG": "ŋ",
    "P": "p",
    "R": "ɹ",
    "S": "s",
    "SH": "ʃ",
    "T": "t",
    "TH": "θ",
    "V": "v",
    "W": "w",
    "Y": "j",
    "Z": "z",
    "ZH": "ʒ",
}


@dataclass(frozen=True)
class ReadLexicon:
    """Pronunciations from a file.

    Attributes:
        entries: word -> respelling or /IPA/; the first of several.
        refused: words whose pronunciation can't be used.
    """

    entries: Mapping[str, str]
    refused: tuple[str, ...]


def read(path: Path) -> ReadLexicon:
    """Read the pronunciations in a file of any of the forms.

    Raises:
        StudioError: the file can't be read, or there is no pronunciation in it that can be used.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise StudioError(
            f"“{path.name}” is not a list of pronunciations that can be read.",
            f"Choose one of these: {', '.join(each[1:] for each in SUFFIXES)}.",
        )
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise StudioError(
            f"The pronunciations in {path} can't be read: {reason}.", "Choose another file."
        ) from error
    if suffix in (".pls", ".xml"):
        pairs = _pls(text, path.name)
    elif suffix == ".dict":
        pairs = _cmudict(text)
    elif suffix == ".txt":
        pairs = _own(text)
    else:
        pairs = _table(text, "\t" if suffix == ".tsv" else None)
    entries: dict[str, str] = {}
    seen: set[str] = set()
    refused: list[str] = []
    for word, pronunciation in pairs:
        if word.lower() in seen:
            continue
        try:
            Lexicon({word: pronunciation})
        except StudioError:
            refused.append(word)
        else:
            seen.add(word.lower())
            entries[word] = pronunciation
            if len(entries) > MOST_WORDS:
                raise too_many()
    if not entries:
        raise StudioError(
            f"There is no pronunciation in {path.name} that can be used.", "Choose another file."
        )
    return ReadLexicon(entries, tuple(dict.fromkeys(refused)))


def write(entries: Mapping[str, str], path: Path) -> None:
    """Write pronunciations in the form that the file's name asks for.

    Raises:
        StudioError: the form is none that can be written, or the file can't be.
    """
    suffix = path.suffix.lower()
    if suffix in (".pls", ".xml"):
        text = _as_pls(entries)
    elif suffix in (".csv", ".tsv"):
        out = io.StringIO()
        csv.writer(out, delimiter="\t" if suffix == ".tsv" else ",").writerows(entries.items())
        text = out.getvalue()
    elif suffix == ".txt":
        text = "".join(f"{word} = {said}\n" for word, said in entries.items())
    else:
        raise StudioError(
            f"Pronunciations can't be written as “{path.suffix}”.",
            "Choose a name that ends in .pls, .txt, .csv or .tsv.",
        )
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise StudioError(
            f"The pronunciations can't be written to {path}: {error.strerror}.",
            "Choose another folder.",
        ) from None


def merged(text: str, entries: Mapping[str, str]) -> str:
    """Return a pronunciation list with others in it, which replace those of the same words.

    Raises:
        StudioError: the list can't be used as it is.
    """
    lexicon.parse(text)
    new = {word.lower() for word in entries}
    kept = (line for line in text.splitlines() if line.partition("=")[0].strip().lower() not in new)
    added = (f"{word} = {said}" for word, said in entries.items())
    return "".join(f"{line}\n" for line in (*kept, *added))


def _own(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        word, equals, said = line.strip().partition("=")
        if equals and not word.startswith("#"):
            yield word.strip(), said.strip()


def _table(text: str, delimiter: str | None) -> Iterator[tuple[str, str]]:
    first = text.split("\n", 1)[0]
    if delimiter is None:
        delimiter = ";" if first.count(";") > first.count(",") else ","
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        if len(row) >= 2 and row[0].strip().lower() not in ("word", "grapheme", ""):
            yield row[0].strip(), row[1].strip()


def _cmudict(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        word, *sounds = _COMMENT.sub("", line).split()[:60] or [""]
        if word and sounds and not line.startswith(";;;"):
            said = [_arpabet(sound) for sound in sounds]
            if all(said):
                yield _VARIANT.sub("", word).lower(), f"/{''.join(said)}/"


def _arpabet(sound: str) -> str:
    plain = sound.rstrip("012")
    ipa = _ARPABET.get(plain.upper(), "")
    stress = {"1": "ˈ", "2": "ˌ"}.get(sound[len(plain) :], "")
    if plain.upper() == "AH" and not stress:
        return "ə"
    return stress + ipa if ipa else ""


def _pls(text: str, name: str) -> Iterator[tuple[str, str]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise StudioError(
            f"“{name}” declares entities, which no list of pronunciations needs.",
            "Remove its DOCTYPE.",
        )
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise StudioError(
            f"“{name}” is not XML that can be read.", "Export it again from its program."
        ) from error
    alphabet = root.get("alphabet", "ipa").lower()
    for lexeme in root.iter():
        if _plain(lexeme.tag) != "lexeme":
            continue
        words = [(e.text or "").strip() for e in lexeme if _plain(e.tag) == "grapheme"]
        said = ""
        for child in lexeme:
            spoken = (child.text or "").strip()
            if _plain(child.tag) == "phoneme" and spoken and not said:
                if child.get("alphabet", alphabet).lower() == "ipa":
                    said = f"/{spoken}/"
                else:
                    said = f"/{''.join(_arpabet(sound) for sound in spoken.split())}/"
            elif _plain(child.tag) == "alias" and spoken and not said:
                said = spoken
        for word in words:
            if word:
                yield word, said or "//"


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _as_pls(entries: Mapping[str, str]) -> str:
    rows = []
    for word, said in entries.items():
        kind = "phoneme" if is_ipa(said) else "alias"
        spoken = said[1:-1] if is_ipa(said) else said
        rows.append(
            f"  <lexeme><grapheme>{escape(word)}</grapheme>"
            f"<{kind}>{escape(spoken)}</{kind}></lexeme>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<lexicon version="1.0" xmlns="{_NAMESPACE}" alphabet="ipa" xml:lang="en-US">\n'
        f"{''.join(rows)}</lexicon>\n"
    )
