"""A text that is spoken while it is written, by a client of WebSockets."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import soundfile
from endpoint import TOKEN, Endpoint, HeldModel, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@contextlib.contextmanager
def session(api: Endpoint, **fields: Any) -> Iterator[ClientConnection]:
    """A session with a voice and whatever else is given."""
    url = f"ws://127.0.0.1:{api.port}/v1/audio/speech/stream"
    with connect(url, additional_headers=RIGHT, proxy=None) as socket:
        assert receive(socket) == {"type": "session.created"}
        send(socket, "session.update", session={"voice": "änna", **fields})
        assert receive(socket)["session"] == {"voice": "änna", **fields}
        yield socket


def send(socket: ClientConnection, kind: str, **more: Any) -> None:
    socket.send(json.dumps({"type": kind, **more}))


def receive(socket: ClientConnection) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return value


def until(socket: ClientConnection, kind: str) -> tuple[bytes, list[dict[str, Any]]]:
    """The sound, and the other events, up to one of a kind."""
    sound, others = b"", []
    while True:
        event = receive(socket)
        if event["type"] == "speech.audio.delta":
            sound += base64.b64decode(event["audio"])
        else:
            others.append(event)
            if event["type"] == kind:
                return sound, others
            assert event["type"] != "error", event


def test_a_text_in_pieces_sounds_as_the_whole_and_tells_its_words(shared_api: Endpoint) -> None:
    whole = shared_api.speech(input="One two. Three.")[2]
    with session(shared_api) as socket:
        for piece in ("One t", "wo. Thr", "ee."):
            send(socket, "input_text.append", text=piece)
        send(socket, "input_text.flush")
        sound, others = until(socket, "speech.audio.done")
    assert abs(len(sound) - len(whole)) <= 2
    words = [event for event in others if event["type"] == "speech.audio.word"]
    assert [event["word"] for event in words] == ["One", "two", "Three"]
    assert [event["start"] for event in words] == pytest.approx([0.0, 0.4, 1.05], abs=0.01)
    assert others[-1]["usage"] == {"input_tokens": 15, "output_tokens": 12, "total_tokens": 27}


def test_a_sentence_is_spoken_while_the_next_is_written(shared_api: Endpoint) -> None:
    with session(shared_api) as socket:
        send(socket, "input_text.append", text="One two. Th")
        assert receive(socket)["type"] == "speech.audio.delta"
        send(socket, "input_text.append", text="ree.")
        send(socket, "input_text.end")
        until(socket, "speech.audio.done")
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize("form", ["wav", "mp3", "opus"])
def test_a_session_speaks_several_times_in_a_format_and_speed(
    shared_api: Endpoint, form: str
) -> None:
    with session(shared_api, response_format=form, speed=2.0, seed=3) as socket:
        for _ in range(2):
            send(socket, "input_text.append", text="One two three four.")
            send(socket, "input_text.flush")
            sound, others = until(socket, "speech.audio.done")
            samples, rate = soundfile.read(io.BytesIO(sound))
            assert len(samples) / rate == pytest.approx(0.8, abs=0.15)
            words = [event for event in others if event["type"] == "speech.audio.word"]
            assert words[1]["start"] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "session.update", "session": {"voice": "nobody"}}, "no voice “nobody”"),
        ({"type": "session.update", "session": {"nonsense": 1}}, "no parameter"),
        ({"type": "session.update", "session": {"input": "Hi."}}, "no “input”"),
        ({"type": "session.update", "session": {"response_format": "flac"}}, "streamed"),
        ({"type": "session.update", "session": []}, "an object"),
        ({"type": "session.update", "session": {"temperature": 7}}, "out of range"),
        ({"type": "input_text.append", "text": 7}, "has to be a text"),
        ({"type": "input_text.append", "text": "x" * 20_001}, "20000 characters"),
        ({"type": "dance"}, "no message “dance”"),
        ([], "JSON object"),
    ],
)
def test_what_cannot_be_is_reported_and_the_session_goes_on(
    shared_api: Endpoint, message: Any, words: str
) -> None:
    with session(shared_api) as socket:
        socket.send(json.dumps(message))
        error = receive(socket)
        assert error["type"] == "error"
        assert words in error["error"]["message"]
        for text in ("no JSON", '"\\ud800"'):
            socket.send(text)
            assert "JSON" in receive(socket)["error"]["message"]
        socket.send(b"bytes")
        assert "JSON" in receive(socket)["error"]["message"]
        send(socket, "input_text.flush")
        send(socket, "input_text.append", text="One.")
        send(socket, "input_text.flush")
        assert len(until(socket, "speech.audio.done")[0]) / 2 / 24000 == pytest.approx(0.4, abs=0.1)


def test_a_text_without_words_is_refused_and_the_next_is_spoken(shared_api: Endpoint) -> None:
    with session(shared_api) as socket:
        send(socket, "input_text.append", text="###")
        send(socket, "input_text.flush")
        assert "holds nothing" in receive(socket)["error"]["message"]
        send(socket, "input_text.append", text="One.")
        send(socket, "input_text.flush")
        until(socket, "speech.audio.done")


def test_a_session_needs_a_voice(shared_api: Endpoint) -> None:
    url = f"ws://127.0.0.1:{shared_api.port}/v1/audio/speech/stream"
    with connect(url, additional_headers=RIGHT, proxy=None) as socket:
        receive(socket)
        send(socket, "input_text.append", text="One.")
        assert "Name a voice" in receive(socket)["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({**RIGHT, "Origin": "https://evil.example"}, 403),
    ],
)
def test_strangers_are_refused(shared_api: Endpoint, headers: dict[str, str], status: int) -> None:
    url = f"ws://127.0.0.1:{shared_api.port}/v1/audio/speech/stream"
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url, additional_headers=headers, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == status


def test_speech_for_a_client_that_leaves_ends(held: tuple[Endpoint, HeldModel]) -> None:
    api, model = held
    with session(api) as socket:
        send(socket, "input_text.append", text="One two three. Four.")
        send(socket, "input_text.flush")
        model.permits.release()
        model.reached.wait()
        assert api.live == 1
    wait_until(lambda: api.live == 0)
    model.go.set()
    wait_until(lambda: api.connections == 0)


def test_a_session_lasts_longer_than_a_header_may_take(
    api: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.api.connection.HEADER_SECONDS", 0.2)
    with session(api) as socket:
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.5)
        send(socket, "input_text.append", text="One.")
        send(socket, "input_text.flush")
        until(socket, "speech.audio.done")


def test_a_session_is_reported_when_the_endpoint_stops(held: tuple[Endpoint, HeldModel]) -> None:
    api, model = held
    with session(api) as socket:
        send(socket, "input_text.append", text="One two three.")
        send(socket, "input_text.flush")
        model.reached.wait()
        api.server._loop.call_soon_threadsafe(api.server._speaker.stop)  # type: ignore[union-attr]
        assert "being stopped" in receive(socket)["error"]["message"]
        with pytest.raises(ConnectionClosed):
            receive(socket)
