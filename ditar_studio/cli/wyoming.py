"""`ditar-studio wyoming`: text to speech for Home Assistant, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from urllib.parse import urlsplit

from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; exit code 0."""
    try:
        from wyoming.server import AsyncServer

        from ditar_studio.api.wyoming_server import WyomingHandler
    except ModuleNotFoundError as error:
        raise StudioError(
            f"The package “{error.name}” is missing.", how_to_add("wyoming")
        ) from error
    from ditar_studio.python_api.model import load_model
    from ditar_studio.services.models import located

    console = Console.of(arguments)
    try:
        server = AsyncServer.from_uri(arguments.uri)
        host = urlsplit(arguments.uri).hostname
    except ValueError as error:
        raise StudioError(
            f"“{arguments.uri}” is no address to serve at.",
            "Write tcp://127.0.0.1:10200 or unix:///path/of/a/socket.",
        ) from error
    if host is not None and host not in _LOOPBACK:
        console.warn(
            "Wyoming knows no passwords: whoever reaches this port can have texts spoken.",
            "Keep it inside your home's network.",
        )
    model = load_model(located(arguments.model))
    if arguments.voice:
        model.voice(arguments.voice)

    async def serve() -> None:
        voice, watermark = arguments.voice or "", arguments.watermark
        await server.start(lambda r, w: WyomingHandler(r, w, model, voice, watermark))
        console.result(
            {"uri": arguments.uri},
            f"Serving Wyoming at {arguments.uri}. In Home Assistant add the integration “Wyoming "
            "Protocol” with this machine's address and port. Ctrl+C ends it.",
        )
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve())
    except OSError as error:
        raise StudioError(
            f"“{arguments.uri}” can't be served at: {error.strerror or error}.",
            "Choose another address or port.",
        ) from error
    return 0
