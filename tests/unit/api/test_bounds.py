"""What clients can drag out or leave behind: connections, headers, bodies, answers, places."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time

import pytest
from endpoint import (
    Endpoint,
    HeldModel,
    post,
    read_all,
    reported_error,
    split_answer,
    valid,
    wait_until,
)

from ditar_studio.api import application, connection
from ditar_studio.api.speaker import MOST_WAITING

LONG = "Some words to say. " * 400

Held = tuple[Endpoint, HeldModel]


def _ask(**changes: object) -> bytes:
    return post(json.dumps(valid(**changes)).encode())


def test_the_speech_of_clients_that_left_ends_at_the_next_patch(held: Held) -> None:
    api, model = held
    clients = [api.connect(_ask(input=LONG, response_format="mp3")) for _ in range(4)]
    assert model.reached.wait(60)
    wait_until(lambda: api.live == 4)
    for client in clients:
        client.close()
    wait_until(lambda: api.live == 0)
    model.permits.release(1)  # the patch that was being made
    model.go.set()
    assert api.speech(input="Hi.")[0] == 200
    assert model.begun == [LONG.split(". ")[0] + ".", "Hi."]


def test_a_place_that_a_client_leaves_is_free_at_once(held: Held) -> None:
    api, model = held
    clients = [api.connect(_ask()) for _ in range(1 + MOST_WAITING)]
    wait_until(lambda: api.live == 1 + MOST_WAITING)
    status, headers, body = api.speech()
    assert status == 429
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert reported_error(body)["code"] == "rate_limit_exceeded"
    assert str(MOST_WAITING) in reported_error(body)["message"]
    for client in clients[:10]:
        client.close()
    wait_until(lambda: api.live == MOST_WAITING - 9)
    clients[:10] = [api.connect(_ask()) for _ in range(10)]
    wait_until(lambda: api.live == 1 + MOST_WAITING)
    assert api.speech()[0] == 429
    model.go.set()
    for client in clients:
        with client:
            assert split_answer(read_all(client))[0] == 200
    assert api.speech()[0] == 200


def test_two_hundred_at_once_of_which_fifty_die(api: Endpoint) -> None:
    """Every one that lives is answered in full or told when to come again."""
    answers: list[tuple[int, dict[str, str], bytes]] = []
    ready = threading.Barrier(200)
    chance = random.Random(7)

    def live() -> None:
        ready.wait()
        answers.append(api.raw(_ask(input="Some words to say.", response_format="mp3")))

    def die(where: float, reset: bool) -> None:
        request = _ask(input=LONG)
        ready.wait()
        with contextlib.suppress(ConnectionError):
            client = api.connect(request[: round(where * len(request))])
            if where == 1.0:
                client.recv(10)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()

    threads = [threading.Thread(target=live) for _ in range(150)]
    for number in range(50):
        where = 1.0 if number % 3 else chance.random()
        threads.append(threading.Thread(target=die, args=(where, number % 2 == 0)))
    chance.shuffle(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 150
    for status, headers, body in answers:
        if status == 200:
            assert body.endswith(b"\r\n0\r\n\r\n")
        else:
            assert status == 429
            assert int(headers["retry-after"]) >= 1
            reported_error(body)
    assert any(status == 200 for status, _, _ in answers)
    wait_until(lambda: api.live == 0)
    wait_until(lambda: api.connections == 0)
    assert api.speech()[0] == 200


def test_a_header_has_to_come_in_time(api: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.2)
    for begun in (b"", b"G", b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: "):
        status, _, body = api.raw(begun)
        assert status == 408
        reported_error(body)
    assert api.speech(input=LONG[:200])[0] == 200


def test_a_header_has_an_end(api: Endpoint) -> None:
    with api.connect(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n") as client:
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                client.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
        status, _, body = split_answer(read_all(client))
    assert status == 400
    reported_error(body)


def test_a_body_has_to_come_in_time(api: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "BODY_SECONDS", 0.2)
    status, _, body = api.raw(post(b"{", Content_Length="100"))
    assert status == 408
    reported_error(body)


def test_connections_have_a_greatest_number(api: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 5)
    with contextlib.ExitStack() as clients:
        for _ in range(5):
            clients.enter_context(api.connect())
        wait_until(lambda: api.connections == 5)
        status, headers, body = api.raw(_ask())
        assert (status, headers["retry-after"]) == (503, "1")
        reported_error(body)
    wait_until(lambda: api.connections == 0)
    assert api.speech()[0] == 200


def test_a_client_that_takes_nothing_is_let_go(
    api: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.3)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", api.port))
        client.sendall(_ask(input=LONG, speed=0.25))  # more than any socket's buffers hold
        wait_until(lambda: api.connections == 1)
        wait_until(lambda: api.connections == 0)
    assert api.live == 0
    assert api.speech()[0] == 200


def test_it_stops_soon_whatever_is_connected(held: Held) -> None:
    api, model = held
    model.permits.release(20)
    speaking = api.connect(_ask(input=LONG))
    assert speaking.recv(12) == b"HTTP/1.1 200"
    waiting = [api.connect(_ask(input=LONG)) for _ in range(10)]
    wait_until(lambda: api.live == 11)
    idle = [
        *(api.connect() for _ in range(10)),
        *(api.connect(b"GET / HTTP/1.1\r\nX-Half:") for _ in range(10)),
        *(api.connect(post(b"{", Content_Length="100")) for _ in range(10)),
    ]
    wait_until(lambda: api.connections == 41)
    start = time.monotonic()
    api.server.stop()
    assert time.monotonic() - start < 5.0  # 0.7 s on a quiet machine
    with speaking:
        assert not read_all(speaking).endswith(b"0\r\n\r\n")
    for client in waiting:
        with client:
            status, _, body = split_answer(read_all(client))
            assert status == 503
            reported_error(body)
    for client in idle:
        with client:
            read_all(client)
