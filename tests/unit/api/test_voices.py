"""Voices made and listed over HTTP, and times of words, by OpenAI's client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
from adapter_files import write_adapter
from endpoint import TOKEN, Endpoint, reported_error
from fake_model import speech_like

from ditar_studio.api import voices

BOUNDARY = "----boundary"


@pytest.fixture
def client(api: Endpoint) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=TOKEN, base_url=api.server.url, max_retries=0) as client:
        yield client


def recording(seconds: float = 3.0, form: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, speech_like(seconds).samples, 24000, format=form)
    return file.getvalue()


def form(**fields: Any) -> tuple[bytes, str]:
    """Multipart form data; a field of bytes is a file."""
    body = b""
    for name, value in fields.items():
        file = '; filename="a.wav"' if isinstance(value, bytes) else ""
        data = value if isinstance(value, bytes) else str(value).encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3"])
def test_a_voice_is_made_of_a_recording_and_speaks(
    api: Endpoint, client: openai.OpenAI, kind: str
) -> None:
    made = client.audio.voices.create(
        name="Bert",
        consent="Bert himself, today",
        audio_sample=(f"bert.{kind.lower()}", recording(form=kind)),
        extra_body={"transcript": "I am Bert."},
    )
    assert (made.name, made.object, made.type) == ("Bert", "audio.voice", "audio_sample")
    voice = api.library.voices.get(made.id)
    assert voice.consent == "Bert himself, today"
    assert voice.reference is not None
    assert voice.reference.transcript == "I am Bert."
    assert voice.reference.path.suffix == f".{kind.lower()}"
    listed = json.loads(api.request("GET", "/audio/voices")[2])
    assert [each["name"] for each in listed["data"]] == ["Bert", "Änna"]
    for name in ("bert", made.id):
        spoken = client.audio.speech.create(
            model="fake", voice=name, input="One.", response_format="pcm"
        )
        assert len(spoken.read()) > 10_000


def test_a_list_tells_which_voices_are_fine_tuned(api: Endpoint, tmp_path: Path) -> None:
    def reported() -> list[bool]:
        listed = json.loads(api.request("GET", "/audio/voices")[2])
        return [each["fine_tuned"] for each in listed["data"]]

    (voice,) = api.library.voices.all()
    assert reported() == [False]
    api.library.voices.fine_tune(voice.id, write_adapter(tmp_path / "a.safetensors"))
    assert reported() == [True]


@pytest.mark.parametrize(
    ("fields", "words", "param"),
    [
        ({"consent": "c", "audio_sample": recording()}, "“name” is missing", "name"),
        ({"name": "B", "audio_sample": recording()}, "“consent” is missing", "consent"),
        ({"name": "B", "consent": "c"}, "made of a recording", "audio_sample"),
        ({"name": "B", "consent": "c", "audio_sample": "text"}, "recording", "audio_sample"),
        ({"name": "B", "consent": "c", "audio_sample": b"noise"}, "can't be read as sound", None),
        ({"name": "B", "consent": "c", "audio_sample": recording(0.5)}, "at least 1 s", None),
        ({"name": "Änna", "consent": "c", "audio_sample": recording()}, "already", None),
        ({"name": "B" * 201, "consent": "c", "audio_sample": recording()}, "up to 200", "name"),
    ],
)
def test_what_is_no_voice_is_refused(
    api: Endpoint, fields: dict[str, Any], words: str, param: str | None
) -> None:
    body, kind = form(**fields)
    status, _, answer = api.request("POST", "/audio/voices", body, **{"Content-Type": kind})
    assert status == 400
    error = reported_error(answer)
    assert words in error["message"]
    assert error["param"] == param
    assert [voice.name for voice in api.library.voices.all()] == ["Änna"]


def test_other_bodies_are_refused(api: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for body, kind in (
        (b'{"name": "B", "prompt": "a pirate", "type": "prompt"}', "application/json"),
        (b"nonsense", f"multipart/form-data; boundary={BOUNDARY}"),
        (b"nonsense", "multipart/form-data"),
        (b"", "text/plain"),
    ):
        status, _, answer = api.request("POST", "/audio/voices", body, **{"Content-Type": kind})
        assert status == 400
        reported_error(answer)
    monkeypatch.setattr(voices, "LARGEST_SAMPLE", 1000)
    body, kind = form(name="B", consent="c", audio_sample=recording())
    status, _, answer = api.request("POST", "/audio/voices", body, **{"Content-Type": kind})
    assert status == 413
    reported_error(answer)


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_times_of_words_come_between_the_sound(api: Endpoint, speed: float) -> None:
    asked = {"stream_format": "sse", "timestamp_granularities": ["word"], "speed": speed}
    status, headers, body = api.speech(input="One two. Three.", **asked)
    assert status == 200
    assert headers["Content-Type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in body.decode().split("\n\n") if line]
    words = [event for event in events if event["type"] == "speech.audio.word"]
    assert [event["word"] for event in words] == ["One", "two", "Three"]
    starts = np.array([event["start"] for event in words]) * speed
    np.testing.assert_allclose(starts, [0.0, 0.4, 1.05], atol=0.01)
    assert events[-1]["type"] == "speech.audio.done"


def test_times_of_words_need_events(api: Endpoint) -> None:
    for asked in (
        {"timestamp_granularities": ["word"]},
        {"timestamp_granularities": ["segment"], "stream_format": "sse"},
        {"timestamp_granularities": "word", "stream_format": "sse"},
    ):
        status, _, body = api.speech(**asked)
        assert status == 400
        assert reported_error(body)["param"] == "timestamp_granularities"
