"""A connection that is bounded in all that a client can drag out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from ditar_studio.api.errors import RefusedError

MOST_CONNECTIONS = 400
"""Open at once; the next one is refused, to be retried later."""

HEADER_SECONDS = 10.0
"""From connecting to the end of the request's header."""

STALLED_SECONDS = 30.0
"""So long may a client that is being sent something take nothing of it."""

_LINGER_SECONDS = 1.0
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")


SESSION_PATH = "/v1/audio/speech/stream"
"""The one place that speaks over a WebSocket."""

LARGEST_MESSAGE = 1 << 20
"""Bytes of a message over a WebSocket."""


class WebSocketConnection(WSProtocol):
    """uvicorn's protocol without the header that closes connections after their answer."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        kept = [pair for pair in self.default_headers if pair[0].lower() != b"connection"]
        self.default_headers = kept


class Connection(H11Protocol):
    """uvicorn's protocol with deadlines, a greatest number, and refusals in the API's own JSON.

    The application finds in its scope's state "cut_short", which closes the connection amid an
    answer, so that the client sees that something is missing.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.app_state = {"cut_short": self._cut_short}
        self._deadline: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(
                RefusedError(
                    "There are too many connections. Try again in 1 s.",
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    retry_after=1,
                )
            )
        else:
            self._limit(HEADER_SECONDS, self._header_is_late)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        waited_for_header = self.cycle is None
        super().data_received(data)
        if waited_for_header and self.cycle is not None:
            self._unlimit()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        headers = dict(self.headers)
        if event.target.partition(b"?")[0] != SESSION_PATH.encode():
            self._refuse(
                RefusedError("This is not spoken over WebSockets.", HTTPStatus.METHOD_NOT_ALLOWED)
            )
        elif headers.get(b"sec-websocket-version") != b"13" or not _KEY.fullmatch(
            headers.get(b"sec-websocket-key", b"")
        ):
            self._refuse(RefusedError("The request begins no WebSocket of version 13."))
        else:
            self._unlimit()
            super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        self._refuse(RefusedError("The request is not HTTP, or its header is too long."))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limit(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        ended = self.cycle is not None and self.cycle.response_complete
        if ended:
            self._limit(STALLED_SECONDS, self.transport.abort)
        else:
            self._unlimit()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._limit(STALLED_SECONDS, self.transport.abort)  # for what the client has yet to take

    def connection_lost(self, exc: Exception | None) -> None:
        self._unlimit()
        super().connection_lost(exc)

    def _header_is_late(self) -> None:
        self._refuse(
            RefusedError("The request's header took too long.", HTTPStatus.REQUEST_TIMEOUT)
        )

    def _refuse(self, refusal: RefusedError) -> None:
        """Answer without the application, and close a moment later.

        What the client still sends is let pass until then: closing a socket with unread bytes
        would take the answer back.
        """
        self._refused = True
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(refusal.to_http())
            if self.transport.can_write_eof():
                self.transport.write_eof()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._limit(_LINGER_SECONDS, self.transport.abort)

    def _cut_short(self) -> None:
        self.cycle.disconnected = True
        self.transport.close()
        self._limit(STALLED_SECONDS, self.transport.abort)

    def _limit(self, seconds: float, late: Callable[[], None]) -> None:
        """Have something done in so many seconds, instead of what was to be done before."""
        self._unlimit()
        self._deadline = self.loop.call_later(seconds, late)

    def _unlimit(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
