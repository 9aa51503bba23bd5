"""Access to the endpoint, in two layers around the application."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ditar_studio.api.errors import RefusedError

_HOSTS = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_DRAINED_BYTES, _DRAINED_SECONDS = 8 << 20, 1.0


def answer(refusal: RefusedError) -> JSONResponse:
    """Return a refusal as an HTTP answer."""
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


class Guard:
    """Lets programs on this machine in that have the token.

    Web pages cannot use it: a request with an Origin, or with another Host than this machine (DNS
    rebinding), is refused before the token is looked at.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer those who may ask, and refuse the others."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            self._check(Headers(scope=scope))
        except RefusedError as refusal:
            await answer(refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        if not _HOSTS.fullmatch(headers.get("Host", "")) or "Origin" in headers:
            raise RefusedError("Web pages and other machines are refused.", 403)
        kind, _, sent = headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(sent.strip().encode("latin-1"), self._token)
        if kind.lower() != "bearer" or not right:
            raise RefusedError("The token is missing or wrong.", 401, code="invalid_api_key")


class Drain:
    """Reads what a refused client is still sending before it is answered.

    A socket closed with unread bytes resets the connection, and the client never sees the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and read the rest of the body before an error is sent."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("Content-Length", "")
        # These clients send nothing before they are asked to, or more than is worth reading.
        more = "Expect" not in headers and not (length.isdigit() and int(length) > _DRAINED_BYTES)

        async def receiving() -> Message:
            nonlocal more
            message = await receive()
            more = more and bool(message.get("more_body"))
            return message

        async def rest() -> None:
            size = 0
            while more and size < _DRAINED_BYTES:
                size += len((await receiving()).get("body", b""))

        async def sending(message: Message) -> None:
            if message.get("status", 0) >= 400 and more:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(rest(), _DRAINED_SECONDS)
            await send(message)

        await self._app(scope, receiving, sending)
