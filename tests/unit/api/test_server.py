"""The local endpoint: speaks as OpenAI's does, to this machine's token holders only."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fake_model import RATE, FakeModel, speech_like

from ditar_studio.api.server import ApiServer
from ditar_studio.api.speech import Speaker
from ditar_studio.engine.generate import GenerationRequest, generate
from ditar_studio.engine.voice import Reference
from ditar_studio.engine.worker import Worker
from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.voices import NewSample

TOKEN = "a token of sixteen letters"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    clip = speech_like()
    soundfile.write(tmp_path / "voice.wav", clip.samples, clip.sample_rate)
    worker, model = Worker(), FakeModel()
    with Library(tmp_path / "library") as library:
        library.voices.create("Änna", [NewSample(tmp_path / "voice.wav", "I am Anna.")])
        server = ApiServer(Speaker(library, worker, lambda: (model, None), "fake"), TOKEN)
        server.start()
        yield server
        server.stop()
        assert worker.stop()


def _ask(
    api: ApiServer, path: str, body: object = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    port = int(api.url.split(":")[2].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {"Authorization": f"Bearer {TOKEN}", **headers}
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", f"/v1{path}", data, sent)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def _speech(api: ApiServer, **body: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
    return _ask(api, "/audio/speech", {"model": "x", "voice": "änna", "input": "Hi.", **body})


def test_pcm_and_wav_are_what_the_engine_makes(api: ApiServer, tmp_path: Path) -> None:
    status, headers, pcm = _speech(api, response_format="pcm", seed=3)
    assert status == 200
    assert headers["Content-Type"] == "audio/pcm"
    assert headers["X-Sample-Rate"] == str(RATE)
    reference = Reference(tmp_path / "voice.wav", "I am Anna.")
    settings = FakeModel().info.default_settings
    request = GenerationRequest.of("Hi.", reference, type(settings)(seed=3))
    expected = generate(FakeModel(), request).clip.samples
    heard = np.frombuffer(pcm, "<i2") / 32768
    np.testing.assert_allclose(heard, expected, atol=1 / 32768)
    wav = _speech(api, response_format="wav", seed=3)[2]
    assert wav[:4] == b"RIFF"
    assert wav[44:] == pcm


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav"])
def test_files_are_whole_and_marked(api: ApiServer, kind: str) -> None:
    status, headers, data = _speech(api, response_format=kind, speed=1.25)
    assert status == 200
    assert int(headers["Content-Length"]) == len(data)
    assert "Synthetic speech" in headers["X-Synthetic-Speech"]
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.samplerate == RATE
        assert file.frames / RATE == pytest.approx(0.4 / 1.25, abs=0.05)
        assert file.comment.startswith("Synthetic speech")


def test_models_and_voices_are_listed(api: ApiServer) -> None:
    assert json.loads(_ask(api, "/models")[2])["data"][0]["id"] == "fake"
    (voice,) = json.loads(_ask(api, "/audio/voices")[2])["voices"]
    assert voice["name"] == "Änna"
    assert _speech(api, voice={"id": voice["id"]}, response_format="pcm")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer a token of sixteen lettert"}, 401),
        ({"Origin": "https://example.org"}, 403),
        ({"Host": "example.org"}, 403),
        ({"Host": "127.0.0.1.example.org:80"}, 403),
        ({"Host": "localhost"}, 200),
    ],
)
def test_strangers_are_refused(api: ApiServer, headers: dict[str, str], status: int) -> None:
    assert _ask(api, "/models", **headers)[0] == status


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""},
        {"input": 3},
        {"input": "x" * 20_001},
        {"input": "..."},
        {"voice": "nobody"},
        {"voice": None},
        {"response_format": "aac"},
        {"speed": 9},
        {"speed": "fast"},
        {"temperature": 2},
    ],
)
def test_what_cannot_be_spoken_is_told(api: ApiServer, body: dict[str, Any]) -> None:
    for kind in ("pcm", "mp3"):
        status, _, data = _speech(api, **{"response_format": kind, **body})
        assert status == 400
        assert json.loads(data)["error"]["message"]


def test_other_requests_are_told(api: ApiServer) -> None:
    assert _ask(api, "/nothing")[0] == 404
    assert _ask(api, "/audio/speech", [1])[0] == 400
    assert _ask(api, "/audio/speech", {}, **{"Content-Length": "99999999"})[0] == 413


def test_only_this_machine_can_reach_it(api: ApiServer) -> None:
    assert api.url.startswith("http://127.0.0.1:")
    assert api._server is not None
    assert api._server.socket.getsockname()[0] == "127.0.0.1"


def test_a_client_that_leaves_cancels_its_job_and_stopping_ends_all(api: ApiServer) -> None:
    port = int(api.url.split(":")[2].split("/")[0])
    body = json.dumps(
        {"model": "x", "voice": "änna", "input": "word " * 4000, "response_format": "pcm"}
    )
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(head.encode() + body.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert _speech(api, response_format="pcm")[0] == 200
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(head.encode() + body.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        draining = threading.Thread(
            target=lambda: [None for _ in iter(lambda: client.recv(9999), b"")]
        )
        draining.start()
        api.stop()
        draining.join(60)
        assert not draining.is_alive()
    assert api.url == ""


def test_a_short_token_and_a_taken_port_are_told(api: ApiServer) -> None:
    with pytest.raises(StudioError):
        ApiServer(api.speaker, "short")
    port = int(api.url.split(":")[2].split("/")[0])
    with pytest.raises(StudioError, match=str(port)):
        ApiServer(api.speaker, TOKEN, port).start()
