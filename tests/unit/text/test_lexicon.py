from __future__ import annotations

from pathlib import Path

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.text import lexicon, symbols
from ditar_studio.text.lexicon import Lexicon
from ditar_studio.text.phonemes import phonemize


def spoken(text: str, words: dict[str, str]) -> str:
    return "".join(phonemize(text, Lexicon(words))).replace(" ", "|")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Ask Nguyen.", {"nguyen": "win"}, "ˈæsk|wˈɪn."),
        ("NGUYEN'S cat", {"Nguyen": "win"}, "wˈɪnz|kˈæt"),
        ("Use C++!", {"C++": "see plus plus"}, "jˈuz|sˈi|plˈʌs|plˈʌs!"),
        ("In New York", {"York": "x", "New York": "nyork"}, "ˈɪn|njˈɔɹk"),
        ("catalogue cat", {"cat": "/dɑɡ/"}, "kˈætəlˌɔɡ|dɑɡ"),
        ("worcester", {"Worcester": "/ˈwʊstɚ/"}, "wˈʊstɚ"),
        ("3M", {"3m": "three em"}, "θɹˈi|ˈɛm"),
        ("the ox, the cow", {"cow": "/ˈaʊ/"}, "ði|ˈɑks,|ði|ˈaʊ"),
    ],
)
def test_a_set_pronunciation_is_used(text: str, words: dict[str, str], expected: str) -> None:
    assert spoken(text, words) == expected


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("ˈstɹɔŋ", "s t ɹ ˈɔ ŋ"),
        ("tʃɜːrtʃ", "t͡ʃ ɚ ɹ t͡ʃ"),
        ("ˌɪntəˈnæʃənəl", "ˌɪ n t ə n ˈæ ʃ ə n ə l"),
        ("həˈləʊ  wɝld", "h ə l ˈoʊ   w ɚ l d"),
        ("ˈə.ɡoʊ", "ˈʌ ɡ oʊ"),
    ],
)
def test_ipa_becomes_symbols(ipa: str, expected: str) -> None:
    sounds = lexicon.parse_ipa(ipa)
    assert " ".join(sounds) == expected
    symbols.encode(sounds)


@pytest.mark.parametrize(
    ("word", "pronunciation", "message"),
    [
        ("", "win", "not a word"),
        ("?!", "win", "not a word"),
        ("a" * 81, "win", "not a word"),
        ("a  b", "win", "not a word"),
        ("a=b", "win", "has a meaning in pronunciations"),
        ("word", "", "does not tell how"),
        ("word", "w1n", "does not tell how"),
        ("word", "//", "empty"),
        ("word", "/ˈ/", "empty"),
        ("word", "/ʁo/", "“ʁ”"),
        ("word", "win" * 30, "too long"),
    ],
)
def test_a_pronunciation_that_cannot_be_used_is_refused(
    word: str, pronunciation: str, message: str
) -> None:
    with pytest.raises(StudioError, match=message) as caught:
        Lexicon({word: pronunciation})
    assert caught.value.remedy


def test_a_word_is_set_once_whatever_its_case() -> None:
    with pytest.raises(StudioError, match="same word"):
        Lexicon({"Word": "a", "word": "b"})


def test_a_file_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    original = Lexicon({"Nguyen": "win", "New York": "/nˈu jˈɔɹk/", "C++": "see plus plus"})
    lexicon.save(original, tmp_path / "words.txt")
    assert lexicon.load(tmp_path / "words.txt") == original


def test_comments_blank_lines_and_a_byte_order_mark_are_passed_over() -> None:
    words = lexicon.parse("\ufeff# names\r\n\r\n  Nguyen =  win \r\n").entries
    assert dict(words) == {"Nguyen": "win"}


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = b\nno equals", 2), ("\n\nx = /ʁ/", 3), ("a = b\nA = c", 2), ("= b", 1)],
)
def test_a_bad_line_is_named(text: str, line: int) -> None:
    with pytest.raises(StudioError, match=f"Line {line} "):
        lexicon.parse(text)


def test_unreadable_files_are_reported(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "binary"):
        with pytest.raises(StudioError, match="can't be read"):
            lexicon.load(path)
    with pytest.raises(StudioError, match="can't be written"):
        lexicon.save(Lexicon(), tmp_path)
