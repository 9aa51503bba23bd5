"""The endpoint by OpenAI's own client."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
from endpoint import TOKEN, Endpoint, HeldModel
from fake_model import RATE

TEXT = "Some words to say. And some more of them. And these are the last."


@pytest.fixture
def client(shared_api: Endpoint) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=TOKEN, base_url=shared_api.server.url, max_retries=0) as client:
        yield client


def _speak(client: openai.OpenAI, **changes: Any) -> bytes:
    asked = {"model": "gpt-4o-mini-tts", "voice": "Änna", "input": TEXT, **changes}
    return client.audio.speech.create(**asked).read()


def _decoded(data: bytes) -> np.ndarray:
    samples: np.ndarray = soundfile.read(io.BytesIO(data))[0]
    return samples


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["fake"]
    for name in ("fake", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"):
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("another")
    assert refused.value.code == "model_not_found"


def test_a_wrong_token(shared_api: Endpoint) -> None:
    with (
        openai.OpenAI(api_key="wrong", base_url=shared_api.server.url, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav"])
@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_files_can_be_read_and_have_the_speed(
    client: openai.OpenAI, kind: str, speed: float
) -> None:
    seconds = len(_speak(client, response_format="pcm")) / 2 / RATE
    data = _speak(client, response_format=kind, speed=speed)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.samplerate == RATE
        assert file.comment.startswith("Synthetic speech")
        samples = file.read()
        assert len(samples) == pytest.approx(file.frames, abs=RATE / 20)
    assert len(samples) / RATE == pytest.approx(seconds / speed, abs=0.1)
    assert np.abs(samples).max() > 0.05


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav", "pcm"])
def test_every_format_comes_while_it_is_spoken(held: tuple[Endpoint, HeldModel], kind: Any) -> None:
    api, model = held
    model.permits.release(12)
    with openai.OpenAI(api_key=TOKEN, base_url=api.server.url) as client:
        with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="änna", input=TEXT, response_format=kind
        ) as response:
            pieces = response.iter_bytes()
            heard = b""
            while len(heard) < 1500:  # more than any head
                heard += next(pieces)
            assert api.live == 1
            model.go.set()
            heard += b"".join(pieces)
        whole = _speak(client, response_format=kind)
    if kind == "flac":  # its head tells the length where that is known
        assert heard[50:200] == whole[50:200]
    elif kind == "opus":  # an Ogg has a number of its own
        np.testing.assert_array_equal(_decoded(heard), _decoded(whole))
    else:
        assert heard == whole


def test_aac_is_spoken_where_it_can_be_encoded(client: openai.OpenAI) -> None:
    if importlib.util.find_spec("av") is None:
        pytest.skip("PyAV is not installed")
    data = _speak(client, response_format="aac")
    assert data[:2] in (b"\xff\xf1", b"\xff\xf0")  # ADTS
    import av

    seconds = len(_speak(client, response_format="pcm")) / 2 / RATE
    with av.open(io.BytesIO(data)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / RATE == pytest.approx(seconds, abs=0.15)


def test_aac_is_refused_where_it_cannot(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(openai.BadRequestError, match=r"AAC.*mp3, opus, flac, wav, pcm") as refused:
        _speak(client, response_format="aac")
    assert refused.value.param == "response_format"


def test_server_sent_events(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1",
        voice="änna",
        input=TEXT,
        response_format="pcm",
        stream_format="sse",
    ) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        lines = [line for line in response.iter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert len(events) > 10
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert sound == _speak(client, response_format="pcm")
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    assert usage["input_tokens"] == len(TEXT)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"instructions": "like a pirate"}, "instructions"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.1}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "morse"}, "stream_format"),
        ({"input": " "}, "input"),
        ({"input": "x" * 20_001}, "input"),
        ({"extra_body": {"pitch": 3}}, "pitch"),
        ({"extra_body": {"temperature": 2}}, "temperature"),
        ({"input": "..."}, None),
    ],
)
def test_what_cannot_be_spoken_is_reported(
    client: openai.OpenAI, changes: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        _speak(client, **changes)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


def test_another_model_is_reported(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="fake"):
        _speak(client, model="another")
