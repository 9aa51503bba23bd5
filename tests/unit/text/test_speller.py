from __future__ import annotations

import threading

import pytest

from ditar_studio.text.speller import Speller, possessive, speller


@pytest.fixture
def reader() -> Speller:
    return speller()


@pytest.mark.parametrize(
    ("word", "tag", "sounds"),
    [
        ("record", "VBP", "ɹ ɪ k ˈɔ ɹ d"),
        ("record", "NNP", "ɹ ˈɛ k ɚ d"),
        ("read", "VBN", "ɹ ˈɛ d"),
        ("live", "JJ", "l ˈaɪ v"),
        ("hello", "UH", "h ɛ l ˈoʊ"),
    ],
)
def test_a_word_sounds_as_its_part_of_speech(
    reader: Speller, word: str, tag: str, sounds: str
) -> None:
    assert " ".join(reader.pronounce(word, tag)) == sounds


def test_parts_of_speech_are_read_from_the_sentence(reader: Speller) -> None:
    words = ["They", "will", "record", "a", "new", "record", "."]
    assert reader.tags(words) == ["PRP", "MD", "VB", "DT", "JJ", "NN", "."]


def test_unknown_words_are_guessed_letter_by_letter(reader: Speller) -> None:
    assert not reader.knows("smartwatch")
    assert "".join(reader.pronounce("smartwatch")) == "smˈɑɹtwˌeɪt͡ʃ"


@pytest.mark.parametrize(
    ("word", "ending"),
    [("blorp's", "ps"), ("blorps'", "ps"), ("blorp'll", "pəl"), ("blorpn't", "pənt")],
)
def test_endings_are_added_to_unknown_words(reader: Speller, word: str, ending: str) -> None:
    assert "".join(reader.pronounce(word)).endswith(ending)


def test_the_possessive_agrees_with_the_last_sound() -> None:
    assert [possessive(("æ", sound))[2:] for sound in "tdz"] == [("s",), ("z",), ("ɪ", "z")]
    assert possessive(()) == ()


def test_threads_share_it(reader: Speller) -> None:
    words = [f"blorp{letter}ing" for letter in "abcdefghijklmnopqrstuvwxyz"]
    results: list[list[tuple[str, ...]]] = []

    def work() -> None:
        results.append([Speller.pronounce(reader, word) for word in words])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(result == results[0] for result in results)


def test_of_several_pronunciations_of_a_word_the_first_counts(reader: Speller) -> None:
    assert "".join(reader.pronounce("tomato")) == "təmˈeɪtoʊ"
    assert "".join(reader.pronounce("a")) == "ə"
    assert reader.has_roles("a")
    assert not reader.has_roles("tomato")
    assert not reader.has_roles("smartwatch")
