"""The local endpoint: speaks as OpenAI's does, to this machine's token holders only."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endpoint import TOKEN, Endpoint, HeldModel, endpoint, post, reported_error, valid
from fake_model import RATE, FakeModel

from ditar_studio.api.server import check_token, reserve_port
from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.engine.generate import generate
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError


def test_pcm_and_wav_are_what_the_engine_makes(api: Endpoint, tmp_path: Path) -> None:
    status, headers, pcm = api.speech(response_format="pcm", seed=3)
    assert status == 200
    assert headers["Content-Type"] == "audio/pcm"
    assert headers["X-Sample-Rate"] == str(RATE)
    assert "Synthetic speech" in headers["X-Synthetic-Speech"]
    reference = Reference(tmp_path / "voice.wav", "I am Anna.")
    settings = FakeModel().info.default_settings
    request = GenerationRequest.of("Hi.", reference, type(settings)(seed=3))
    expected = watermarked(generate(FakeModel(), request).clip).samples
    heard = np.frombuffer(pcm, "<i2") / 32768
    np.testing.assert_allclose(heard, expected, atol=1 / 32768)
    wav = api.speech(response_format="wav", seed=3)[2]
    assert wav[:4] == b"RIFF"
    assert wav.endswith(b"data\xff\xff\xff\xff" + pcm)


def test_without_the_watermark_it_is_the_engine_s_sound(tmp_path: Path) -> None:
    with endpoint(tmp_path, FakeModel(), watermark=False) as api:
        pcm = api.speech(response_format="pcm", seed=3)[2]
    request = GenerationRequest.of("Hi.", Reference(tmp_path / "voice.wav", "I am Anna."))
    plain = generate(FakeModel(), replace(request, settings=replace(request.settings, seed=3)))
    heard = np.frombuffer(pcm, "<i2") / 32768
    np.testing.assert_allclose(heard, plain.clip.samples, atol=1 / 32768)


def test_models_and_voices_are_listed(api: Endpoint) -> None:
    assert json.loads(api.request("GET", "/models")[2])["data"][0]["id"] == "fake"
    (voice,) = json.loads(api.request("GET", "/audio/voices")[2])["voices"]
    assert voice["name"] == "Änna"
    assert api.speech(voice={"id": voice["id"]})[0] == 200
    assert api.speech(voice=voice["id"])[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer a token of sixteen lettert"}, 401),
        ({"Authorization": "Bearer \xe4 token of sixteen letter"}, 401),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "example.org"}, 403),
        ({"Host": "127.0.0.1.example.org:80"}, 403),
        ({"Host": "127.0.0.1:80.example.org"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8765"}, 200),
    ],
)
def test_strangers_are_refused(api: Endpoint, headers: dict[str, str], status: int) -> None:
    for path in ("/models", "/nothing"):
        code, _, body = api.request("GET", path, **headers)
        assert code == (404 if status == 200 and path == "/nothing" else status)
        if code != 200:
            reported_error(body)


def test_a_refused_client_gets_to_read_the_answer_to_a_large_body(api: Endpoint) -> None:
    large = b" " * (3 << 20)
    status, headers, body = api.request("POST", "/audio/speech", large, Authorization="Bearer x")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert reported_error(body)["code"] == "invalid_api_key"
    status, _, body = api.request("POST", "/audio/speech", large)
    assert status == 413
    reported_error(body)
    status, _, body = api.raw(post(b"", Content_Length="99999999"))
    assert status == 413
    reported_error(body)


def test_other_requests_are_reported(api: Endpoint) -> None:
    for method, path, code in (
        ("GET", "/nothing", 404),
        ("GET", "/models/", 404),
        ("GET", "/models/another", 404),
        ("GET", "/audio/speech", 405),
        ("DELETE", "/models", 405),
        ("OPTIONS", "/audio/speech", 405),
    ):
        status, headers, body = api.request(method, path)
        assert status == code
        assert headers["Content-Type"] == "application/json"
        reported_error(body)


def test_a_client_of_http_1_0_gets_no_chunks(api: Endpoint) -> None:
    whole = api.speech(seed=5)[2]
    status, headers, body = api.raw(post(json.dumps(valid(seed=5)).encode(), version="1.0"))
    assert status == 200
    assert "transfer-encoding" not in headers
    assert body == whole
    _, headers, _ = api.raw(post(json.dumps(valid(seed=5)).encode()))
    assert headers["transfer-encoding"] == "chunked"


def test_every_answer_closes_its_connection(api: Endpoint) -> None:
    assert api.request("GET", "/models")[1]["Connection"] == "close"
    assert api.raw(post(b"{"))[1]["connection"] == "close"
    assert api.raw(b"nonsense\r\n\r\n")[1]["connection"] == "close"


def test_only_this_machine_can_reach_it(api: Endpoint) -> None:
    assert api.server.url.startswith("http://127.0.0.1:")
    assert api.server._reserved.getsockname()[0] == "127.0.0.1"


def test_instructions_become_the_style_of_a_model_that_takes_one(
    held: tuple[Endpoint, HeldModel],
) -> None:
    api, model = held
    model.go.set()
    assert api.speech(instructions="like a pirate")[0] == 200
    assert api.speech(instructions="")[0] == 200
    assert model.styles == ["like a pirate", None]


def test_a_failure_says_nothing_of_folders(api: Endpoint, tmp_path: Path) -> None:
    (voice,) = api.library.voices.all()
    assert voice.reference is not None
    voice.reference.path.unlink()
    status, _, body = api.speech()
    assert status == 400
    message = reported_error(body)["message"]
    assert voice.reference.path.name in message
    assert str(tmp_path) not in message


def test_a_fault_of_the_program_is_one_of_the_server(
    api: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("/home/someone/secret")

    monkeypatch.setattr(api.model, "begin", broken)
    status, _, body = api.speech()
    assert status == 500
    assert reported_error(body)["type"] == "server_error"
    assert "secret" not in body.decode()
    assert "secret" in caplog.text


def test_what_fails_amid_the_answer_is_seen_to_be_cut_short(api: Endpoint) -> None:
    status, headers, body = api.raw(post(json.dumps(valid(input="nan nan nan nan.")).encode()))
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    assert not body.endswith(b"0\r\n\r\n")
    events = api.speech(input="nan nan nan nan.", stream_format="sse")[2]
    assert "error" in json.loads(events.strip().split(b"\n\n")[-1].removeprefix(b"data: "))


def test_a_token_that_cannot_be_one_is_reported() -> None:
    for token in ("short", " a token of sixteen letters", "ä token of sixteen letters"):
        with pytest.raises(StudioError, match="token"):
            check_token(token)
    assert check_token(TOKEN) == TOKEN


def test_a_taken_port_is_reported_and_a_reserved_one_refuses_until_it_is_ready(
    api: Endpoint,
) -> None:
    with pytest.raises(StudioError, match=str(api.port)):
        reserve_port(api.port)
    with reserve_port() as reserved, socket.socket() as client:
        assert client.connect_ex(reserved.getsockname()) != 0


def test_marks_and_ssml_are_obeyed(api: Endpoint) -> None:
    plain = len(api.speech(response_format="pcm", input="One two.")[2])
    marked = len(api.speech(response_format="pcm", input="One [pause 2] [voice änna]two.")[2])
    document = '<speak>One <break time="2s"/> two.</speak>'
    ssml = len(api.speech(response_format="pcm", input=document)[2])
    assert marked - plain == ssml - plain == 2 * 2 * RATE
    status, _, answer = api.speech(input="<!DOCTYPE a><speak>x</speak>")
    assert status == 200  # it doesn't begin with <speak>: a text like any other
    status, _, answer = api.speech(input="<speak>&x;</speak>")
    assert status == 400
    assert "SSML" in reported_error(answer)["message"]
