"""`ditar-studio serve` as a process: it tells where it is, speaks, and ends when interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import openai
import pytest

from ditar_studio.cli.main import main
from ditar_studio.store.library import Library


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts by POSIX")
def test_it_speaks_until_interrupted_and_then_ends_soon(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        library.voices.create("Anna")
    (tmp_path / "library.db").unlink()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "ditar_studio", "serve", "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DITAR_STUDIO_HOME": str(tmp_path), "PYTHONPATH": os.getcwd()},
        ) as process,
        contextlib.ExitStack() as clients,
    ):
        assert process.stdout is not None
        received = json.loads(process.stdout.readline())
        client = clients.enter_context(
            openai.OpenAI(api_key=received["token"], base_url=received["url"], max_retries=0)
        )
        assert [model.id for model in client.models.list()] == ["builtin"]
        spoken = client.audio.speech.create(
            model="tts-1", voice="Kathleen", input="Good morning.", response_format="pcm"
        ).read()
        samples = np.frombuffer(spoken, "<i2") / 32768
        assert 0.4 < len(samples) / 24_000 < 4.0
        assert np.sqrt(np.mean(samples**2)) > 0.01
        address = urlsplit(received["url"])
        for begun in (b"", b"GET / HTTP/1.1\r\nX-Half:"):
            idle = socket.create_connection((address.hostname, address.port), timeout=60)
            clients.enter_context(idle)
            idle.sendall(begun)
        speaking = clients.enter_context(
            client.audio.speech.with_streaming_response.create(
                model="tts-1",
                voice="Kathleen",
                input="And now a very long story begins. " * 300,
                response_format="mp3",
            )
        )
        next(speaking.iter_bytes())
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert time.monotonic() - start < 10.0  # 0.8 s on a quiet machine
        assert process.stderr is not None
        said = process.stderr.read()
        assert "Traceback" not in said
        assert "Note: The library's database was missing; its backup of " in said


def test_a_wrong_port_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "99999"]) == 1
    assert "99999" in capsys.readouterr().err


def test_a_taken_port_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    assert str(port) in capsys.readouterr().err


def test_a_wrong_model_is_reported_before_anything_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in (str(tmp_path / "nothing"), str(tmp_path)):
        assert main(["serve", "--port", "0", "--model", model]) == 1
        received = capsys.readouterr()
        assert received.out == ""
        assert received.err.startswith("Error: ")


def test_a_token_that_cannot_be_one_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DITAR_STUDIO_TOKEN", "short")
    assert main(["serve", "--port", "0"]) == 1
    assert "token" in capsys.readouterr().err
