"""A server of models that misbehaves as it is told, and what fetches from it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from ditar_studio.services.models import Models
from ditar_studio.services.offers import Offer, RemoteFile

CONTENT = bytes(range(256)) * 3000


CONFIG = b'{"architecture": "voxcpm"}'


REVISION = "0123456789abcdef0123456789abcdef01234567"


SUM = hashlib.sha256(CONTENT).hexdigest()


HALF = len(CONTENT) // 2


class Fault(NamedTuple):
    """How a server answers one request for the weights."""

    status: int | None = None
    send: Callable[[bytes], bytes] = bytes
    length: int | None = None
    range: str | None = None
    ignore_range: bool = False
    drop: bool = False
    headers: bool = True


def cut(at: int) -> Fault:
    return Fault(send=lambda body: body[:at], length=-1)


FAULTS: dict[str, list[Fault]] = {
    "cut before a byte": [cut(0)],
    "cut after a byte": [cut(1)],
    "cut after 1000 bytes": [cut(1000)],
    "cut in the middle": [cut(HALF)],
    "cut before the last byte": [cut(len(CONTENT) - 1)],
    "cut again and again": [cut(100_000)] * 7,
    "cut twenty times": [cut(20_000)] * 20,
    "cut, then cut at once": [cut(HALF), cut(0), cut(0)],
    "no answer": [Fault(drop=True)],
    "no answer three times": [Fault(drop=True)] * 3,
    "no answer in the middle": [cut(HALF), Fault(drop=True)],
    "nonsense for headers": [Fault(headers=False)],
    "error 500": [Fault(status=500)],
    "error 503 after a cut": [cut(HALF), Fault(status=503)],
    "error 429": [Fault(status=429)] * 2,
    "error 404 at one mirror": [Fault(status=404)],
    "error 416 after a cut": [cut(HALF), Fault(status=416)],
    "no content": [Fault(status=204, send=lambda _: b"")],
    "the range ignored": [cut(HALF), Fault(ignore_range=True)],
    "the range ignored and cut": [cut(HALF), Fault(ignore_range=True, send=lambda b: b[:10])],
    "another range": [cut(HALF), Fault(range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")],
    "a range of another file": [cut(HALF), Fault(range=f"bytes {HALF}-9999999/10000000")],
    "a range without sense": [cut(HALF), Fault(range="bytes x-y/z")],
    "a range in another unit": [cut(HALF), Fault(range="lines 1-2/3")],
    "no range in a partial answer": [cut(HALF), Fault(range="")],
    "corrupt bytes": [Fault(send=lambda body: bytes(len(body)))],
    "one corrupt byte": [Fault(send=lambda body: b"x" + body[1:])],
    "corrupt bytes after a cut": [cut(HALF), Fault(send=lambda body: bytes(len(body)))],
    "corrupt bytes before a cut": [Fault(send=lambda b: b"x" + b[1:HALF], length=-1)],
    "a shorter file": [Fault(send=lambda body: body[:HALF])],
    "a longer file": [Fault(send=lambda body: body + b"more")],
    "a web page": [Fault(send=lambda _: b"<html>log in</html>")],
    "an empty file": [Fault(send=lambda _: b"")],
    "one thing after another": [
        cut(500_000),
        Fault(status=502),
        Fault(range="bytes 7-8/9"),
        Fault(drop=True),
        Fault(send=lambda body: bytes(len(body))),
        cut(3),
    ],
}


class Server(ThreadingHTTPServer):
    """Serves a config and weights, and misbehaves as it is told."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[Fault] = []
        self.ranges: list[str | None] = []
        self.asked: list[str] = []
        self.listing: object = None
        self.sent = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that go away."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/api/"):
            content = json.dumps(self.server.listing).encode()
            self._answer(content, Fault(status=200 if self.server.listing else 404))
            return
        if self.path.endswith("config.json"):
            self._answer(CONFIG, Fault())
            return
        self.server.ranges.append(self.headers.get("Range"))
        fault = self.server.faults.pop(0) if self.server.faults else Fault()
        self._answer(CONTENT, fault)

    def _answer(self, content: bytes, fault: Fault) -> None:
        if fault.drop:
            return
        if not fault.headers:
            self.wfile.write(b"\x00\x01 what?\r\n\r\n")
            return
        asked = self.headers.get("Range")
        start = 0
        if asked and not fault.ignore_range:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        whole = content[start:]
        body = fault.send(whole)
        self.send_response(fault.status or (206 if start else 200))
        if start:
            given = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", given if fault.range is None else fault.range)
        self.send_header("Content-Length", str(len(whole if fault.length else body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.sent += len(body)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server while the block lasts."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def manager(folder: Path, *addresses: str, digest: bool = True) -> Models:
    """Return models in a folder, of one tiny offer that comes from these addresses.

    Args:
        digest: whether it is known what its files must be.
    """
    config = RemoteFile("config.json", len(CONFIG), hashlib.sha256(CONFIG).hexdigest())
    weights = RemoteFile("model.safetensors", len(CONTENT), SUM)
    if not digest:
        config, weights = RemoteFile("config.json"), RemoteFile("model.safetensors")
    offer = Offer("tiny", "Tiny", "owner/tiny", REVISION, (config, weights), len(CONTENT))
    return Models(folder, [offer], lambda _: addresses, timeout=5.0, pause=0.0)
