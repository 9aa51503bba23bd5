"""The guide in pieces, and the search in it."""

from __future__ import annotations

from ditar_studio.services.guide import read, search, topics

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
