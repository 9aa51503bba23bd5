"""The guide in pieces, and the search in it."""

from __future__ import annotations

import re

import pytest

from ditar_studio.services.guide import Topic, read, search, topics

_CODE = re.compile(r"^    ditar-studio .*$", re.MULTILINE)

TEXT = (
    "# Guide\n\n## Voices\n\nRecord a reference.\n\n## Scripts\n\nLines and pauses; voices too.\n"
)


def test_a_topic_is_what_is_below_a_heading() -> None:
    found = read(TEXT)
    assert [topic.title for topic in found] == ["Voices", "Scripts"]
    assert found[0].text == "Record a reference."


def test_a_search_finds_beginnings_of_words_and_titles_first() -> None:
    found = read(TEXT)
    assert [topic.title for topic in search(found, "VOIC")] == ["Voices", "Scripts"]
    assert [topic.title for topic in search(found, "pause lin")] == ["Scripts"]
    assert search(found, "nothing") == ()
    assert search(found, "  ") == found


def test_the_guide_of_the_program_has_the_topics_that_the_window_points_to() -> None:
    from ditar_studio.ui.shell.help_dialog import TOPIC_OF

    assert set(TOPIC_OF.values()) <= {topic.title for topic in topics()}


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_a_guide_has_the_sections_of_the_english_one(language: str) -> None:
    english, other = topics(), topics(language)
    assert len(other) == len(english) > 10
    assert other[-1].title.casefold().startswith("mar")  # the page about marks
    for one, same in zip(english, other, strict=True):
        assert one.text != same.text
        assert len(same.text) > 0.6 * len(one.text), same.title  # nothing is left out
        assert len(_table(same)) == len(_table(one))
        assert _CODE.findall(same.text)[:1] == _CODE.findall(one.text)[:1], same.title


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_the_marks_are_the_same_in_every_language(language: str) -> None:
    english, other = (
        [line.split("|")[1] for line in _table(topics(code)[-1]) if "`" in line.split("|")[1]]
        for code in ("en", language)
    )
    assert english == other


def test_a_language_without_a_guide_has_the_english_one() -> None:
    assert topics("it") == topics()


def _table(topic: Topic) -> list[str]:
    return [line for line in topic.text.splitlines() if line.startswith("|")]
