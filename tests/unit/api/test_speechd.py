"""The module's answers, line by line as Speech Dispatcher asks."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from endpoint import HeldModel
from fake_model import FakeModel

from ditar_studio.api.lazy_model import LazyModel
from ditar_studio.api.speechd_module import SpeechdModule
from ditar_studio.errors import StudioError
from ditar_studio.python_api.model import Model


def answered(*lines: str, model: FakeModel | None = None) -> bytes:
    """All that is answered to lines, which QUIT is added to."""
    asked = "".join(f"{line}\n" for line in (*lines, "QUIT")).encode()
    write = io.BytesIO()
    fake = model or FakeModel(needs_transcript=False)
    SpeechdModule(io.BytesIO(asked), write, LazyModel(lambda: Model(fake)), "Emma").run()
    return write.getvalue()


def sounds(answer: bytes) -> Iterator[np.ndarray]:
    """The samples of each block of sound."""
    head = b"705-AUDIO\0"
    while head in answer:
        _, _, answer = answer.partition(head)
        data, _, answer = answer.partition(b"\n705 AUDIO\n")
        plain = data.replace(b"}*", b"\n").replace(b"}]", b"}")
        yield np.frombuffer(plain, "<i2")


def seconds(answer: bytes) -> float:
    return sum(len(block) for block in sounds(answer)) / 24000


class _Watched(io.BytesIO):
    """Knows when a speech has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        size = super().write(data)
        if b"702 END" in bytes(data):
            self.ended.set()
        return size


@contextlib.contextmanager
def running(model: FakeModel, write: io.BytesIO) -> Iterator[Callable[[bytes], int]]:
    """A module that is asked over a pipe; QUIT is said at the end."""
    read, asked = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(asked, "wb", buffering=0) as writer:
        module = SpeechdModule(reader, write, LazyModel(lambda: Model(model)), "Emma")
        thread = threading.Thread(target=module.run)
        thread.start()
        try:
            yield writer.write
        finally:
            writer.write(b"QUIT\n")
            thread.join()


def spoken(text: str, *before: str) -> bytes:
    """The answer to a text that is spoken to its end."""
    write = _Watched()
    with running(FakeModel(needs_transcript=False), write) as ask:
        ask("".join(f"{line}\n" for line in (*before, "SPEAK", text, ".")).encode())
        assert write.ended.wait(60)
    return write.getvalue()


def test_it_is_ready_takes_settings_and_quits() -> None:
    settings = ["SET", "rate=10", "pitch=0", "voice=male1", "synthesis_voice=NULL", "."]
    answer = answered("INIT", *settings, "LOGLEVEL", "log_level=3", ".", "DEBUG OFF")
    assert answer.decode().splitlines() == [
        "299-DiTAR Studio is ready",
        "299 OK LOADED SUCCESSFULLY",
        "203 OK RECEIVING SETTINGS",
        "203 OK SETTINGS RECEIVED",
        "207 OK RECEIVING LOGLEVEL SETTINGS",
        "203 OK LOGLEVEL SET",
        "200 OK DEBUGGING OFF",
        "210 OK QUIT",
    ]


def test_the_sound_goes_through_the_server_only() -> None:
    assert b"203 OK AUDIO INITIALIZED" in answered("AUDIO", "audio_output_method=server", ".")
    assert b"300 MODULE ERROR" in answered("AUDIO", "audio_output_method=alsa", ".")
    assert b"300 ERR UNKNOWN COMMAND" in answered("DANCE")


def test_the_model_is_loaded_when_it_is_needed() -> None:
    def load() -> Model:
        raise StudioError("There is no model.", "Install one.")

    def answer(*lines: str) -> str:
        asked = io.BytesIO("".join(f"{line}\n" for line in (*lines, "QUIT")).encode())
        write = io.BytesIO()
        SpeechdModule(asked, write, LazyModel(load)).run()
        return write.getvalue().decode()

    assert "299 OK LOADED SUCCESSFULLY" in answer(
        "INIT", "AUDIO", "audio_output_method=server", "."
    )
    assert "304 CANT LIST VOICES" in answer("LIST VOICES")
    assert "701 BEGIN" in answer("SPEAK", "One.", ".")


def test_voices_are_listed() -> None:
    lines = answered("LIST VOICES").decode().splitlines()
    assert lines[:4] == [
        "200-Emma\ten\tnone",
        "200-Kathleen\ten\tnone",
        "200-Michael\ten\tnone",
        "200 OK VOICE LIST SENT",
    ]


def test_a_text_is_spoken_with_its_marks() -> None:
    answer = spoken('<speak><mark name="a"/>One &amp; two. <mark name="b"/>Three.</speak>')
    order = [
        *(b"202 OK RECEIVING MESSAGE", b"200 OK SPEAKING", b"701 BEGIN", b"700-a"),
        *(b"705-sample_rate=24000", b"700-b", b"702 END"),
    ]
    places = [answer.index(each) for each in order]
    assert places == sorted(places)
    assert seconds(answer) == pytest.approx(1.6)
    assert max(abs(int(block.max())) for block in sounds(answer)) > 3000


def test_rate_and_volume_are_followed() -> None:
    normal = spoken("One two three.")
    fast = spoken("One two three.", "SET", "rate=100", "volume=0", ".")
    assert seconds(fast) == pytest.approx(seconds(normal) / 3, abs=0.02)
    peak, half = (max(int(block.max()) for block in sounds(each)) for each in (normal, fast))
    assert half == pytest.approx(peak / 2, rel=0.25)


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("CHAR", "a", "a"),
        ("CHAR", ",", "comma"),
        ("CHAR", "space", "space"),
        ("KEY", "control_a", "control a"),
        ("SOUND_ICON", "message", "message"),
    ],
)
def test_characters_and_keys_are_said_by_name(command: str, text: str, said: str) -> None:
    model = FakeModel(needs_transcript=False)
    answer = answered(command, text, ".", model=model)
    assert b"701 BEGIN" in answer
    assert model.begun in ([said], [])  # QUIT may come before it begins


def test_nothing_is_not_spoken_and_marks_alone_end() -> None:
    assert b"301 ERROR CANT SPEAK" in answered("SPEAK", ".")
    assert b"702 END" in spoken("###")


@pytest.mark.parametrize(("command", "end"), [("STOP", b"703 STOP"), ("PAUSE", b"704 PAUSE")])
def test_it_stops_at_once(command: str, end: bytes) -> None:
    model = HeldModel(needs_transcript=False)
    write = io.BytesIO()
    with running(model, write) as ask:
        ask(b"SPEAK\nOne two three four five six.\n.\n")
        assert model.reached.wait(60)
        ask(f"{command}\nSPEAK\nSeven.\n.\n".encode())
        model.go.set()
    answer = write.getvalue()
    assert answer.count(b"701 BEGIN") == 2
    first = answer[: answer.index(end)]
    assert seconds(first) < 1.0
