"""Refusals name files, never the folders in which they lie."""

from __future__ import annotations

import pytest

from ditar_studio.api.errors import RefusedError


@pytest.mark.parametrize(
    ("message", "received"),
    [
        ("There is no file “/home/anna/My voices/a b.wav”.", "There is no file “a b.wav”."),
        ("There is no file “~/voices/a.wav”.", "There is no file “a.wav”."),
        ("There is no file “C:\\Users\\Anna Smith\\a.wav”.", "There is no file “a.wav”."),
        ("Error 2: /srv/data/a.wav, again", "Error 2: a.wav, again"),
        (
            "There is no voice “AC/DC”. Voices: Änna/2.",
            "There is no voice “AC/DC”. Voices: Änna/2.",
        ),
        ("See http://example.org/a/b.", "See http://example.org/a/b."),
        ("Choose 3/4 or 1/2 of it.", "Choose 3/4 or 1/2 of it."),
        ("x" * 600, "x" * 500),
    ],
)
def test_folders_are_left_out(message: str, received: str) -> None:
    assert str(RefusedError(message)) == received
