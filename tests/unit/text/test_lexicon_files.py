from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text import lexicon_files
from ditar_studio.text.lexicon import MOST_WORDS, Lexicon, parse, parse_ipa
from ditar_studio.text.phonemes import phonemize
from ditar_studio.text.readings import as_ipa, readings

ENTRIES = {"Nguyen": "win", "Worcester": "/ˈwʊstɚ/", "A & B": "a and b"}
PLS = """<?xml version="1.0"?>
<lexicon version="1.0" alphabet="ipa" xml:lang="en-US"
         xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">
  <lexeme><grapheme>Worcester</grapheme><phoneme>ˈwʊstɚ</phoneme></lexeme>
  <lexeme><grapheme>GIF</grapheme><grapheme>gifs</grapheme><alias>jif</alias></lexeme>
  <lexeme><grapheme>cat</grapheme><phoneme alphabet="x-arpabet">K AE1 T</phoneme></lexeme>
  <lexeme><grapheme>odd</grapheme><phoneme>ʘ</phoneme></lexeme>
</lexicon>
"""


def test_pls_is_read_with_ipa_arpabet_and_aliases(tmp_path: Path) -> None:
    path = tmp_path / "a.pls"
    path.write_text(PLS, encoding="utf-8")
    read = lexicon_files.read(path)
    assert read.entries == {
        "Worcester": "/ˈwʊstɚ/",
        "GIF": "jif",
        "gifs": "jif",
        "cat": "/kˈæt/",
    }
    assert read.refused == ("odd",)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "# names\nNguyen = win\nbroken\n", {"Nguyen": "win"}),
        ("a.csv", "word,pronunciation\nNguyen,win\nX;y,/zi/\n", {"Nguyen": "win", "X;y": "/zi/"}),
        ("a.csv", "Nguyen;win\n", {"Nguyen": "win"}),
        ("a.tsv", "Nguyen\twin\tnote\n", {"Nguyen": "win"}),
        ("a.dict", "cat K AE1 T # x\ncat(2) K AA0 T\nabout AH0 B AW1 T\n",
         {"cat": "/kˈæt/", "about": "/əbˈaʊt/"}),
    ],
)  # fmt: skip
def test_other_forms_are_read(
    tmp_path: Path, name: str, text: str, expected: dict[str, str]
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert lexicon_files.read(path).entries == expected


@pytest.mark.parametrize("suffix", [".pls", ".txt", ".csv", ".tsv"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    lexicon_files.write(ENTRIES, path)
    assert lexicon_files.read(path).entries == ENTRIES


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.doc", "x", "not a list"),
        ("a.pls", "<lexicon>", "not XML"),
        ("a.pls", '<!DOCTYPE l [<!ENTITY a "b">]><lexicon/>', "declares entities"),
        ("a.txt", "nothing", "no pronunciation"),
    ],
)
def test_what_is_no_list_is_reported(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudioError, match=says):
        lexicon_files.read(path)
    with pytest.raises(StudioError, match="can't be read"):
        lexicon_files.read(tmp_path / "none.pls")
    with pytest.raises(StudioError, match="can't be written"):
        lexicon_files.write(ENTRIES, tmp_path / "a.doc")


def test_lists_are_merged_and_the_new_ones_hold() -> None:
    merged = lexicon_files.merged("GIF = jif\ncat = kat\n", {"gif": "gif"})
    assert merged == "cat = kat\ngif = gif\n"
    assert lexicon_files.merged("# Names\n\ncat = kat", {"gif": "gif"}) == (
        "# Names\n\ncat = kat\ngif = gif\n"
    )


def test_a_list_of_a_whole_language_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cmudict.dict"
    lines = "".join(f"word{n}  W ER1 D\n" for n in range(MOST_WORDS + 1))
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(StudioError, match="10000 words at most"):
        lexicon_files.read(path)
    most = "".join(f"word{n} = word\n" for n in range(MOST_WORDS))
    assert len(parse(most).entries) == MOST_WORDS
    with pytest.raises(StudioError, match="10000 words at most"):
        parse(f"{most}further = word")


def test_a_word_has_the_readings_of_its_roles_its_letters_and_its_spelling() -> None:
    kinds = {reading.kind: reading.pronunciation for reading in readings("record")}
    assert kinds["now"] == "/ɹˈɛkɚd/"
    assert kinds["verb"] == "/ɹɪkˈɔɹd/"
    gif = readings("GIF", Lexicon({"gif": "jif"}))
    assert gif[0].pronunciation == "/d͡ʒˈɪf/"
    assert {reading.kind for reading in gif} == {"now", "letters", "spelt"}
    with pytest.raises(StudioError):
        readings("漢")


@settings(deadline=None)
@given(st.text(alphabet="abcdefghijklmnoprstuvwz ", min_size=1, max_size=12))
def test_readings_say_what_is_said(word: str) -> None:
    try:
        sounds = phonemize(word)
    except StudioError:
        return
    assert parse_ipa(as_ipa(sounds)[1:-1]) == tuple(sounds)
