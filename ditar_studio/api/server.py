"""The HTTP side: uvicorn on this machine's loopback address, on a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

import uvicorn

from ditar_studio.api.application import application
from ditar_studio.api.connection import LARGEST_MESSAGE, Connection, WebSocketConnection
from ditar_studio.api.speaker import Speaker
from ditar_studio.errors import StudioError
from ditar_studio.version import __version__

BACKLOG = 256
"""Connections that the system holds until they are taken."""

_GRACE_SECONDS = 0.5


BIND_VARIABLE = "DITAR_STUDIO_BIND"
"""Names another address to listen at, for containers: their own loopback can't be reached from
outside of them."""


def reserve_port(port: int = 0) -> socket.socket:
    """Return a socket at this machine's loopback address, or $DITAR_STUDIO_BIND, that does not
    listen yet.

    Args:
        port: 0 for any that is free.

    Raises:
        StudioError: the port is taken.
    """
    reserved = socket.socket()
    try:
        # On Windows, SO_REUSEADDR would let another program share the port.
        option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        reserved.setsockopt(socket.SOL_SOCKET, option, 1)
        reserved.bind((os.environ.get(BIND_VARIABLE) or "127.0.0.1", port))
    except OSError as error:
        reserved.close()
        raise StudioError(
            f"The port {port} cannot be used: {error.strerror}.", "Choose another port."
        ) from error
    return reserved


def check_token(token: str) -> str:
    """Return the token, if it can be one.

    Raises:
        StudioError: it is too short, or no header can hold it.
    """
    if len(token) < 16 or not token.isascii() or not token.isprintable() or token != token.strip():
        raise StudioError("The token cannot be used.", "Use at least 16 letters and digits.")
    return token


class ApiServer:
    """The endpoint: `start` it, `stop` it once.

    Args:
        speaker: speaks for the clients.
        token: what clients send as "Authorization: Bearer ..."; see `check_token`.
        reserved: from `reserve_port`; closed by `stop`.
    """

    def __init__(self, speaker: Speaker, token: str, reserved: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        self._speaker = speaker
        self._reserved = reserved
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(speaker, token),
                loop="asyncio",
                http=Connection,
                ws=WebSocketConnection,
                ws_max_size=LARGEST_MESSAGE,
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                headers=[("Server", f"DiTAR-Studio/{__version__}"), ("Connection", "close")],
                backlog=BACKLOG,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="api")

    def start(self) -> None:
        """Listen for requests.

        Raises:
            StudioError: another program has begun to listen at the port.
        """
        try:
            self._reserved.listen(BACKLOG)
        except OSError as error:
            raise StudioError(
                f"The port cannot be used: {error.strerror}.", "Choose another port."
            ) from error
        self._thread.start()
        self._listening.wait()

    def stop(self) -> None:
        """Cancel what is spoken for clients, tell those who wait, and listen no more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join()
            self._loop = None
        self._reserved.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening.set()
        await self._server.serve([self._reserved])

    def _end(self) -> None:
        self._server.should_exit = True
        self._speaker.stop()
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._abort_connections)

    def _abort_connections(self) -> None:
        for connection in list(self._server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
