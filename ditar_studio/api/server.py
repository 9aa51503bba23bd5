"""The HTTP side: loopback only, a token for everything, one answer a connection.

    GET  /v1/models          the model
    GET  /v1/audio/voices    the library's voices
    POST /v1/audio/speech    as OpenAI's; "wav" and "pcm" are streamed patch by patch

Web pages cannot use it: a request with an Origin, or with another Host than this machine (DNS
rebinding), is refused before the token is looked at.
"""

from __future__ import annotations

import hmac
import json
import logging
import struct
import tempfile
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ditar_studio import __version__
from ditar_studio.api.speech import Speaker, SpeechRequest
from ditar_studio.audio.clip import Clip
from ditar_studio.audio.speed import stretch
from ditar_studio.engine.events import Failed, PatchReady, Started
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata
from ditar_studio.services.encoding import ENCODINGS, encode, resampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.engine.events import Event

log = logging.getLogger(__name__)

LARGEST_BODY = 1 << 20
MOST_WAITING = 4
_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class ApiServer:
    """The endpoint: `start` it, `stop` it; nothing listens in between.

    Args:
        speaker: who speaks.
        token: what clients send as "Authorization: Bearer ..."; at least 16 characters.
        port: 0 for any that is free.

    Raises:
        StudioError: the token is too short.
    """

    def __init__(self, speaker: Speaker, token: str, port: int = 0) -> None:
        if len(token) < 16:
            raise StudioError("The token is too short.", "Use at least 16 characters.")
        self.speaker = speaker
        self.token = token
        self.stopping = threading.Event()
        self.places = threading.BoundedSemaphore(MOST_WAITING)
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where clients find it; empty while it is stopped."""
        return f"http://127.0.0.1:{self._server.server_port}/v1" if self._server else ""

    def start(self) -> None:
        """Listen on this machine's loopback address.

        Raises:
            StudioError: the port is taken.
        """
        try:
            self._server = _Server(self, self._port)
        except OSError as error:
            raise StudioError(
                f"The port {self._port} cannot be used: {error.strerror}.", "Choose another port."
            ) from error
        self.stopping.clear()
        self._thread = threading.Thread(target=self._server.serve_forever, name="api", args=(0.1,))
        self._thread.start()

    def stop(self) -> None:
        """Cancel what is being spoken for clients and stop listening."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, api: ApiServer, port: int) -> None:
        self.api = api
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind without the name look-up of the base class."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = f"DiTAR-Studio/{__version__}"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._answer(
            {"/v1/models": self._models, "/v1/audio/voices": self._voices},
        )

    def do_POST(self) -> None:
        self._answer({"/v1/audio/speech": self._speech})

    def log_message(self, format: str, *args: Any) -> None:
        log.info(format, *args)

    # --- answers

    def _answer(self, routes: dict[str, Any]) -> None:
        self.close_connection = True
        self._begun = False
        try:
            self._check_caller()
            route = routes.get(self.path.partition("?")[0])
            if route is None:
                raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing here.")
            route()
        except _RefusedError as refusal:
            self._error(refusal.status, str(refusal))
        except StudioError as error:
            self._error(HTTPStatus.BAD_REQUEST, str(error))
        except (ConnectionError, TimeoutError):
            log.info("a client left")
        except Exception:
            log.exception("a request failed")
            self._error(HTTPStatus.INTERNAL_SERVER_ERROR, "Something unexpected went wrong.")

    def _check_caller(self) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in ("127.0.0.1", "localhost", "[::1]") or self.headers.get("Origin"):
            raise _RefusedError(HTTPStatus.FORBIDDEN, "Web pages and other machines are refused.")
        sent = self.headers.get("Authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(sent, f"Bearer {self.server.api.token}".encode()):
            raise _RefusedError(HTTPStatus.UNAUTHORIZED, "The token is missing or wrong.")

    def _models(self) -> None:
        name = self.server.api.speaker.model_name
        model = {"id": name, "object": "model", "created": 0, "owned_by": "local"}
        self._json(HTTPStatus.OK, {"object": "list", "data": [model]})

    def _voices(self) -> None:
        voices = [{"id": v.id, "name": v.name} for v in self.server.api.speaker.voices()]
        self._json(HTTPStatus.OK, {"voices": voices})

    def _speech(self) -> None:
        api = self.server.api
        request = SpeechRequest.of(self._body())
        voice = api.speaker.voice(request.voice)
        if not api.places.acquire(blocking=False):
            raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests are waiting.")
        try:
            events = api.speaker.speak(request, voice, api.stopping)
            try:
                if request.response_format in ("wav", "pcm") and request.speed == 1.0:
                    self._stream(events, request.response_format)
                else:
                    self._whole(events, request, voice.name)
            finally:
                events.close()  # type: ignore[attr-defined]
        finally:
            api.places.release()

    def _stream(self, events: Iterator[Event], kind: str) -> None:
        for event in events:
            match event:
                case Started():
                    rate = event.sample_rate
                case Failed() if not self._begun:
                    raise StudioError(event.message, event.remedy)
                case Failed():
                    log.warning("speaking for a client failed: %s", event.message)
                    return
                case PatchReady():
                    if not self._begun:
                        self._head(HTTPStatus.OK, _TYPES[kind], rate)
                        self._chunk(_endless_wav_header(rate) if kind == "wav" else b"")
                    self._chunk(_pcm(event.samples))
                case _:
                    pass
        if self._begun and not self.server.api.stopping.is_set():
            self.wfile.write(b"0\r\n\r\n")

    def _whole(self, events: Iterator[Event], request: SpeechRequest, voice: str) -> None:
        pieces: list[NDArray[np.float32]] = []
        rate = 0
        for event in events:
            match event:
                case Started():
                    rate = event.sample_rate
                case PatchReady():
                    pieces.append(event.samples)
                case Failed():
                    raise StudioError(event.message, event.remedy)
                case _:
                    pass
        if self.server.api.stopping.is_set():
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "The endpoint is being stopped.")
        samples = stretch(Clip(np.concatenate(pieces), rate), request.speed).samples
        data, rate = _encoded(samples, rate, request.response_format, voice)
        self._head(HTTPStatus.OK, _TYPES[request.response_format], rate, len(data))
        self.wfile.write(data)

    # --- plumbing

    def _body(self) -> object:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed.") from None
        if not 0 <= length <= LARGEST_BODY:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
        try:
            return json.loads(self.rfile.read(length))
        except ValueError:
            raise StudioError("The request is not JSON.") from None

    def _head(
        self, status: HTTPStatus, kind: str, rate: int | None = None, length: int | None = None
    ) -> None:
        self._begun = True
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        if rate is not None:
            self.send_header("X-Sample-Rate", str(rate))
            self.send_header("X-Synthetic-Speech", metadata.mark())
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _json(self, status: HTTPStatus, value: object) -> None:
        data = json.dumps(value, ensure_ascii=False).encode()
        self._head(status, "application/json", length=len(data))
        self.wfile.write(data)

    def _error(self, status: HTTPStatus, message: str) -> None:
        if self._begun:
            return
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": message, "type": kind, "param": None, "code": None}
        try:
            self._json(status, {"error": error})
        except OSError:
            log.info("a client left")


def _pcm(samples: NDArray[np.float32]) -> bytes:
    whole = np.clip(np.rint(samples * 32768.0), -32768, 32767)
    data: bytes = whole.astype("<i2").tobytes()
    return data


def _endless_wav_header(rate: int) -> bytes:
    """The header of a WAV whose length is not known yet, as players of streams take it."""
    end = 0xFFFFFFFF
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", end, b"WAVE", b"fmt ", 16)
        + form
        + struct.pack("<4sI", b"data", end)
    )


def _encoded(samples: NDArray[np.float32], rate: int, kind: str, voice: str) -> tuple[bytes, int]:
    """The sound in a file's bytes, and its rate, which the format may have changed."""
    if kind == "pcm":
        return _pcm(samples), rate
    encoding = ENCODINGS["wav16" if kind == "wav" else kind]  # type: ignore[index]
    target = rate
    if encoding.rates:
        target = next((one for one in encoding.rates if one >= rate), encoding.rates[-1])
    with tempfile.TemporaryDirectory(prefix="ditar-api-") as folder:
        path = Path(folder) / f"speech{encoding.suffix}"
        tags = metadata.Tags("Synthetic speech", voice, metadata.mark())
        encode(path, encoding, target, tags, iter([resampled(samples, rate, target)]))
        return path.read_bytes(), target
