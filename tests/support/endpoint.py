"""An endpoint with a fake model on a loopback port, and clients that speak bytes to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import soundfile
from fake_model import FakeModel, FakeUtterance, speech_like

from ditar_studio.api.server import ApiServer, reserve_port
from ditar_studio.api.speaker import Speaker
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import PatchOutput
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.engine.word_times import WordTime
from ditar_studio.engine.worker import Worker
from ditar_studio.store.library import Library
from ditar_studio.store.voices import NewSample

TOKEN = "a token of sixteen letters"


class HeldModel(FakeModel):
    """Makes a patch only with a permit or while `go` is set; `reached` is set when it wants to."""

    def __init__(self, **changes: object) -> None:
        super().__init__(**changes)
        self.go, self.reached = threading.Event(), threading.Event()
        self.permits = threading.Semaphore(0)
        self.styles: list[str | None] = []

    def begin(
        self, text: str, voice: Any, settings: GenerationSettings, *rest: Any, **more: Any
    ) -> Any:
        self.styles.append(settings.style)
        begin: Callable[..., FakeUtterance] = super().begin
        utterance = begin(text, voice, settings, *rest, **more)
        return _Held(self, utterance)


class _Held:
    def __init__(self, model: HeldModel, utterance: FakeUtterance) -> None:
        self._model, self._utterance = model, utterance
        self.expected_patches = utterance.expected_patches
        self.max_patches = utterance.max_patches
        self.finish = utterance.finish

    @property
    def word_times(self) -> list[WordTime]:
        return self._utterance.word_times

    def step(self) -> PatchOutput:
        self._model.reached.set()
        while not (self._model.go.is_set() or self._model.permits.acquire(timeout=0.01)):
            pass
        return self._utterance.step()


class Endpoint:
    """A running server and what is behind it."""

    def __init__(self, server: ApiServer, model: FakeModel, library: Library) -> None:
        self.server, self.model, self.library = server, model, library
        self.port = int(server.url.split(":")[2].split("/")[0])

    @property
    def live(self) -> int:
        """How many requests wait or are spoken."""
        return len(self.server._speaker._live)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self.server._server.server_state.connections)

    def connect(self, data: bytes = b"") -> socket.socket:
        """Return a connection over which something was sent."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        client.sendall(data)
        return client

    def raw(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, header and body of the answer to bytes; the body as it came, chunks
        included.
        """
        with self.connect(data) as client:
            return split_answer(read_all(client))

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Ask as a well-behaved program does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"Authorization": f"Bearer {TOKEN}", **headers}
            connection.request(method, f"/v1{path}", body, sent)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def speech(self, **body: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Ask `POST /v1/audio/speech`; what is not given is valid."""
        return self.request("POST", "/audio/speech", json.dumps(valid(**body)).encode())


@contextlib.contextmanager
def endpoint(folder: Path, model: FakeModel, watermark: bool = True) -> Iterator[Endpoint]:
    """Serve an endpoint with one voice; it is stopped at the end."""
    clip = speech_like()
    soundfile.write(folder / "voice.wav", clip.samples, clip.sample_rate)
    worker = Worker()
    with Library(folder / "library") as library:
        library.voices.create("Änna", [NewSample(folder / "voice.wav", "I am Anna.")])
        speaker = Speaker(library, worker, model, VoiceCache(model), "fake", watermark)
        server = ApiServer(speaker, TOKEN, reserve_port())
        server.start()
        try:
            yield Endpoint(server, model, library)
        finally:
            if isinstance(model, HeldModel):
                model.go.set()
            server.stop()
            assert worker.stop()


def valid(**changes: Any) -> dict[str, Any]:
    """Return a body that can be spoken, but for the changes."""
    return {"model": "fake", "voice": "änna", "input": "Hi.", "response_format": "pcm", **changes}


def post(body: bytes, version: str = "1.1", path: str = "/v1/audio/speech", **more: str) -> bytes:
    """Return the bytes of a POST with the token."""
    headers = {
        "Host": "localhost",
        "Authorization": f"Bearer {TOKEN}",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = [f"POST {path} HTTP/{version}", *(f"{name}: {v}" for name, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            data += piece
    return data


def split_answer(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, header (names in lower case) and the rest of an answer."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def reported_error(body: bytes) -> dict[str, Any]:
    """Return the error of an answer, which has OpenAI's form and says nothing of folders."""
    value = json.loads(body)
    assert list(value) == ["error"]
    error: dict[str, Any] = value["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["message"]
    assert len(error["message"]) <= 500
    assert not any(word in error["message"] for word in ("Traceback", "/tmp", "/home", "/root"))
    return error


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what another thread will bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
