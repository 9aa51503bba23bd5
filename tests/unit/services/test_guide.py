"""The guide in pieces, and the search in it."""

from __future__ import annotations

from ditar_studio.services.guide import Topic, read, search, topics

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


def test_the_german_guide_has_the_sections_of_the_english_one() -> None:
    english, german = topics(), topics("de")
    assert len(german) == len(english) > 10
    assert (english[-1].title, german[-1].title) == ("Marks in a text", "Marken im Text")
    for one, other in zip(english, german, strict=True):
        assert one.title != other.title
        assert len(other.text) > 0.6 * len(one.text), other.title  # nothing is left out
        assert len(_table(other)) == len(_table(one))


def test_the_marks_are_the_same_in_every_language() -> None:
    english, german = (
        [line.split("|")[1] for line in _table(topics(language)[-1]) if "`" in line.split("|")[1]]
        for language in ("en", "de")
    )
    assert english == german


def test_a_language_without_a_guide_has_the_english_one() -> None:
    assert topics("fr") == topics()


def _table(topic: Topic) -> list[str]:
    return [line for line in topic.text.splitlines() if line.startswith("|")]
