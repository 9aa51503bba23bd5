"""The part of SSML that is read, and what is refused."""

from __future__ import annotations

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.text.passages import passages
from ditar_studio.text.ssml import LONGEST, is_ssml, read_marked, to_marks


@pytest.mark.parametrize(
    ("inside", "marked"),
    [
        ("Wait<break time='500ms'/>here.", "Wait [pause 0.5] here."),
        ("Wait<break/>here.", "Wait [pause 0.5] here."),
        ("Wait<break strength='strong'/>here.", "Wait [pause 1] here."),
        ("<prosody rate='slow'>Easy</prosody> now", "[speed 0.8]Easy[/speed] now"),
        ("<prosody rate='150%'>Go</prosody>", "[speed 1.5]Go[/speed]"),
        ("<prosody rate='+20%'>Go</prosody>", "[speed 1.2]Go[/speed]"),
        ("<prosody volume='loud' rate='fast'>x</prosody>",
         "[speed 1.25][volume +4]x[/volume][/speed]"),
        ("<prosody volume='-6dB'>x</prosody>", "[volume -6]x[/volume]"),
        ("<prosody pitch='high'>x</prosody>", "x"),
        ("<emphasis level='strong'>No</emphasis>", "[emphasis strong]No[/emphasis]"),
        ("<emphasis>No</emphasis>", "[emphasis moderate]No[/emphasis]"),
        ("<say-as interpret-as='spell-out'>ABC</say-as>", "[say-as characters]ABC[/say-as]"),
        ("<say-as interpret-as='date'>1 May</say-as>", "[say-as date]1 May[/say-as]"),
        (
            "<say-as interpret-as='date' format='dmy'>1/5/2025</say-as>",
            "[say-as date dmy]1/5/2025[/say-as]",
        ),
        ("<say-as interpret-as='time'>9:05</say-as>", "[say-as time]9:05[/say-as]"),
        ("<phoneme alphabet='ipa' ph='kæt'>cat</phoneme>", "[say /kæt/]cat[/say]"),
        ("<phoneme alphabet='x-sampa' ph='k{t'>cat</phoneme>", "cat"),
        ("<sub alias='World Wide Web'>WWW</sub> is", "World Wide Web is"),
        ("<voice name='Ben'>Hi.</voice>", "[voice Ben]Hi.[/voice]"),
        ("<p><s>One.</s><s>Two.</s></p><p>Three.</p>", "One. Two.\n\nThree."),
        ("<metadata>secret</metadata>A &amp; B &#233;", "A & B é"),
        ("<audio src='http://x/y.wav'>beep</audio>", "beep"),
    ],
)  # fmt: skip
def test_what_is_known_becomes_marks(inside: str, marked: str) -> None:
    document = f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis">{inside}</speak>'
    assert to_marks(document) == marked
    passages(marked)


def test_only_documents_are_taken_for_ssml() -> None:
    assert is_ssml("  <?xml version='1.0'?>\n<speak>Hi</speak>")
    assert is_ssml("<speak>Hi</speak>")
    assert not is_ssml("I <speak> up")
    assert read_marked("Plain <b>text</b>") == "Plain <b>text</b>"
    assert read_marked("<speak>Hi</speak>") == "Hi"


BILLION = """<!DOCTYPE speak [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><speak>&b;</speak>"""
EXTERNAL = """<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>x</speak>"""


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (BILLION, "entities"),
        (EXTERNAL, "entities"),
        ("<speak>&unknown;</speak>", "can't be read"),
        ("<speak>open", "can't be read"),
        ("<speak>" + "<p>" * 100 + "</p>" * 100 + "</speak>", "too deeply"),
        ("<speak>" + "x" * LONGEST + "</speak>", "more than"),
        ("<speak>\ud800</speak>", "UTF-8"),
    ],
)
def test_what_is_dangerous_or_broken_is_refused(document: str, words: str) -> None:
    with pytest.raises(StudioError, match=words) as caught:
        to_marks(document)
    assert caught.value.remedy
