"""A newer release is told, an equal or older one not; nothing but the question goes out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.services.updates import RELEASES, Release, newer_release


class Server(ThreadingHTTPServer):
    """Tells one release, and keeps the head of what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = b""
        self.heads: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/latest"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing, where a log would be."""

    def do_GET(self) -> None:
        self.server.heads.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200 if self.server.body else 404)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize(
    ("tag", "current", "newer"),
    [
        ("v0.2.0", "0.1.0", True),
        ("v0.1.1", "0.1", True),
        ("1.0", "0.9.9", True),
        ("v0.10.0", "0.9.0", True),
        ("v0.1.0", "0.1.0", False),
        ("v0.1", "0.1.0", False),
        ("v0.0.9", "0.1.0", False),
    ],
)
def test_only_a_newer_release_is_reported(
    server: Server, tag: str, current: str, newer: bool
) -> None:
    server.body = json.dumps({"tag_name": tag, "html_url": "http://elsewhere"}).encode()
    found = newer_release(server.address, current)
    version = tag.removeprefix("v")
    page = f"https://github.com/ditar-studio/ditar-studio/releases/tag/v{version}"
    assert found == (Release(version, page) if newer else None)


def test_the_question_says_nothing_of_this_program_or_machine(server: Server) -> None:
    server.body = b'{"tag_name": "v0.2.0"}'
    newer_release(server.address, "0.1.0")
    (head,) = server.heads
    assert set(head) == {"accept-encoding", "host", "user-agent", "connection"}
    assert head["user-agent"] == "ditar-studio"
    assert RELEASES.startswith("https://")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"tag_name": "newest"}', b'{"tag_name": null}', b"[" * 100_000],
)
def test_an_answer_that_tells_none_is_a_failure(server: Server, body: bytes) -> None:
    server.body = body
    with pytest.raises(StudioError, match="release"):
        newer_release(server.address)


def test_no_server_is_a_failure() -> None:
    with pytest.raises(StudioError, match="can't be asked"):
        newer_release("http://127.0.0.1:1/latest", timeout=5)
