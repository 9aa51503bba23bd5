"""More than two hundred malformed requests: each gets an error in the API's own form, soon."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from endpoint import TOKEN, Endpoint, post, reported_error, valid

HUGE = 10**400

WRONG_TEXTS: tuple[Any, ...] = ("", " \n\t", 3, 0.5, True, [], ["x"], {}, {"a": 1}, "\ud800", HUGE)
WRONG_NUMBERS: tuple[Any, ...] = ("1", "", True, [], [1], {}, "\ud800", -1, 1e300, HUGE, -HUGE)

FIELDS: dict[str, tuple[Any, ...]] = {
    "input": (None, *WRONG_TEXTS, "x" * 20_001, "...", "\x00", "\u2028", "\ufffe"),
    "voice": (None, *WRONG_TEXTS, "x" * 201, "nobody", "../../etc/passwd", "\x00", {"id": []}),
    "model": (*WRONG_TEXTS, "x" * 201, "another", "/etc/passwd", "..", "\x00"),
    "instructions": (*WRONG_TEXTS[1:], "x" * 4097, "like a pirate"),
    "response_format": (*WRONG_TEXTS, "MP3", "midi", "../wav", "x" * 10_000),
    "stream_format": (*WRONG_TEXTS, "SSE", "morse"),
    "speed": (*WRONG_NUMBERS, 0, 0.24, 4.01),
    "temperature": (*WRONG_NUMBERS, 1.5),
    "guidance": (*WRONG_NUMBERS, 5.5),
    "steps": (*WRONG_NUMBERS, 0, 1.5, 101),
    "seed": (*WRONG_NUMBERS, 0.5, 2**63),
    "unknown": (1, None, "x", {}),
    "\ud800": (1,),
    "x" * 5000: (1,),
}

BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n ",
    "cut": b'{"input": "Hi.',
    "trailing": json.dumps(valid()).encode() + b"}",
    "single quotes": b"{'input': 'Hi.'}",
    "comment": b'{"input": "Hi." /* x */}',
    "null": b"null",
    "true": b"true",
    "number": b"3",
    "text": b'"Hi."',
    "list": b"[]",
    "list of bodies": json.dumps([valid()]).encode(),
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "100,000 braces": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "brackets in a field": b'{"input":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "950 brackets": b"[" * 950 + b"]" * 950,
    "400 digits": b'{"seed": ' + b"1" * 400 + b"}",
    "5,000 digits": b"9" * 5000,
    "a million digits": b"9" * 1_000_000,
    "400 digits after the point": b'{"speed": 0.' + b"1" * 400 + b"}",
    "1e999": b'{"speed": 1e999}',
    "-1e999": b'{"speed": -1e999}',
    "NaN": b'{"speed": NaN}',
    "Infinity": b'{"temperature": Infinity}',
    "-Infinity": b'{"temperature": -Infinity}',
    "UTF-16": json.dumps(valid()).encode("utf-16"),
    "UTF-32": json.dumps(valid()).encode("utf-32"),
    "UTF-8 with a mark": json.dumps(valid()).encode("utf-8-sig"),
    "Latin-1": '{"input": "\xe4"}'.encode("latin-1"),
    "cut UTF-8": b'{"input": "\xe2\x82"}',
    "overlong UTF-8": b'{"input": "\xc0\x80"}',
    "a surrogate in UTF-8": b'{"input": "\xed\xa0\x80"}',
    "an escaped surrogate": b'{"input": "\\ud800", "voice": "\xc3\xa4nna"}',
    "two surrogates the wrong way": b'{"input": "\\udc00\\ud800", "voice": "x"}',
    "a surrogate deep inside": b'{"voice": {"id": ["\\udfff"]}}',
    "a raw control character": b'{"input": "\x01"}',
    "a form": b"input=Hi.&voice=anna",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="input"\r\n\r\nHi.\r\n--x--\r\n',
    "bytes": bytes(range(256)) * 16,
    "a megabyte of blanks": b" " * (1 << 20),
    "too large": b" " * ((1 << 20) + 1),
}

HOST = b"Host: localhost\r\n"
AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()
GET = b"GET /v1/models HTTP/1.1\r\n"
POST = b"POST /v1/audio/speech HTTP/1.1\r\n" + HOST + AUTH
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REQUESTS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "nonsense": (b"nonsense\r\n\r\n", (400,)),
    "blank lines and nonsense": (b"\r\n\r\n\r\nx\r\n\r\n", (400,)),
    "HTTP/0.9": (b"GET /v1/models\r\n\r\n", (400,)),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 403)),
    "HTTP/9.9": (b"GET /v1/models HTTP/9.9\r\n" + HOST + b"\r\n", (400, 401)),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500 + b"\r\n\r\n", (400,)),
    "zeros": (b"\0" * 1000 + b"\r\n\r\n", (400,)),
    "bytes": (bytes(range(256)) * 4 + b"\r\n\r\n", (400,)),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", (400,)),
    "a target with a blank": (b"GET /v1/ models HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "a target with bytes": (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "a long target": (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", (400, 401)),
    "a long method": (b"G" * 70_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 401)),
    "no host": (GET + AUTH + b"\r\n", (400,)),
    "two hosts": (GET + HOST + HOST + AUTH + b"\r\n", (400,)),
    "another host": (GET + b"Host: example.org\r\n" + AUTH + b"\r\n", (403,)),
    "a host with a user": (GET + b"Host: localhost@example.org\r\n" + AUTH + b"\r\n", (403,)),
    "an origin": (GET + HOST + AUTH + b"Origin: http://localhost\r\n\r\n", (403,)),
    "no token": (GET + HOST + b"\r\n", (401,)),
    "a token in the target": (
        f"GET /v1/models?token={TOKEN.replace(' ', '+')} HTTP/1.1\r\n".encode() + HOST + b"\r\n",
        (401,),
    ),
    "two tokens": (GET + HOST + b"Authorization: Bearer x\r\n" + AUTH + b"\r\n", (401,)),
    "a token of bytes": (GET + HOST + b"Authorization: Bearer \xff\xfe\r\n\r\n", (401,)),
    "a long token": (GET + HOST + b"Authorization: Bearer " + b"x" * 8000 + b"\r\n\r\n", (401,)),
    "a header without a colon": (GET + HOST + b"nonsense\r\n\r\n", (400,)),
    "a header without a name": (GET + HOST + b": x\r\n\r\n", (400,)),
    "a name with a blank": (GET + HOST + b"X y: z\r\n\r\n", (400,)),
    "a name with a zero": (GET + HOST + b"X\0: z\r\n\r\n", (400,)),
    "a value with a zero": (GET + HOST + b"X: \0\r\n\r\n", (400,)),
    "a long header": (GET + HOST + b"X: " + b"x" * 100_000 + b"\r\n\r\n", (400, 401)),
    "many headers": (GET + HOST + b"X: y\r\n" * 20_000 + b"\r\n", (400, 401)),
    "a folded first header": (GET + b" folded\r\n" + HOST + b"\r\n", (400,)),
    "percent signs": (b"GET /v1/%ff%00%zz HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (404,)),
    "climbing": (b"GET /v1/../../etc/passwd HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (404,)),
    "climbing, escaped": (
        b"GET /v1/models/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        (404,),
    ),
    "a whole address": (
        b"GET http://example.org/v1/models HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        (404,),
    ),
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (404, 405)),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (404,)),
    "TRACE": (b"TRACE /v1/models HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (405,)),
    "an invented method": (b"SPEAK /v1/models HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (405,)),
    "a method in small letters": (b"get /v1/models HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", (405,)),
    "a web socket": (
        b"GET /v1/audio/speech HTTP/1.1\r\n"
        + HOST
        + AUTH
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n",
        (405,),
    ),
    "a web socket without a version": (
        b"GET /v1/audio/speech/stream HTTP/1.1\r\n"
        + HOST
        + AUTH
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n",
        (400,),
    ),
    "no length": (POST + b"\r\n", (400,)),
    "a length of letters": (POST + b"Content-Length: many\r\n\r\n", (400,)),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", (400,)),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", (400,)),
    "a length in hexadecimal": (POST + b"Content-Length: 0x2\r\n\r\n{}", (400,)),
    "a length of 400 digits": (POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", (400, 413)),
    "a length of a terabyte": (POST + b"Content-Length: 1099511627776\r\n\r\n", (413,)),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (400,)),
    "two lengths in one": (POST + b"Content-Length: 2, 3\r\n\r\n{}", (400,)),
    "chunks and a length": (
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        (400,),
    ),
    "an unknown encoding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", (400,)),
    "two encodings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", (400,)),
    "a chunk of letters": (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", (400,)),
    "a negative chunk": (CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", (400,)),
    "a chunk of 400 digits": (CHUNKED + b"f" * 400 + b"\r\n", (400,)),
    "a chunk that is longer than it says": (CHUNKED + b"1\r\n{}{}{}\r\n0\r\n\r\n", (400,)),
    "a bad chunk after a good one": (CHUNKED + b"2\r\n{}\r\nzz\r\n", (400,)),
    "a long trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", (400,)),
    "too many chunks": (CHUNKED + b"4000\r\n" + (b" " * 0x4000 + b"\r\n4000\r\n") * 80, (413,)),
    "an expectation": (POST + b"Content-Length: 2\r\nExpect: miracles\r\n\r\n{}", (400,)),
    "two requests": (POST + b"Content-Length: 2\r\n\r\n{}" + GET + HOST + AUTH + b"\r\n", (400,)),
    "a request and nonsense": (POST + b"Content-Length: 2\r\n\r\n{}\0\0\0nonsense", (400,)),
}


def _answered(api: Endpoint, data: bytes, expected: tuple[int, ...]) -> dict[str, Any]:
    start = time.monotonic()
    status, headers, body = api.raw(data)
    assert time.monotonic() - start < 5.0
    assert status in expected
    assert headers["content-type"] == "application/json"
    assert len(body) == int(headers["content-length"])
    return reported_error(body)


@pytest.fixture(autouse=True)
def _nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


CASES = [(field, value) for field, values in FIELDS.items() for value in values]


@pytest.mark.parametrize(
    ("field", "value"), CASES, ids=[f"{f[:20]!a}-{n}" for n, (f, _) in enumerate(CASES)]
)
def test_a_wrong_field(shared_api: Endpoint, field: str, value: Any) -> None:
    error = _answered(shared_api, post(json.dumps(valid(**{field: value})).encode()), (400, 404))
    assert (
        error["param"] == field[:200] or "surrogate" in error["message"] or error["param"] is None
    )


@pytest.mark.parametrize("name", BODIES)
def test_a_wrong_body(shared_api: Endpoint, name: str) -> None:
    _answered(shared_api, post(BODIES[name]), (413,) if name == "too large" else (400,))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_wrong_request(shared_api: Endpoint, name: str) -> None:
    _answered(shared_api, *REQUESTS[name])


def test_there_are_two_hundred() -> None:
    assert len(CASES) + len(BODIES) + len(REQUESTS) >= 200
