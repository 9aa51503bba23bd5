"""`ditar-studio serve`: the local speech endpoint without the studio, until it is interrupted."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import stop_on_interrupt
from ditar_studio.errors import StudioError

TOKEN_VARIABLE = "DITAR_STUDIO_TOKEN"


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; exit code 0."""
    if not 0 <= arguments.port <= 65535:
        raise StudioError(f"{arguments.port} is no port.", "Choose a number from 0 to 65535.")
    from ditar_studio.api.server import ApiServer
    from ditar_studio.api.speech import Speaker
    from ditar_studio.engine.load import BUILT_IN, ModelShelf
    from ditar_studio.engine.worker import Worker
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.store.library import Library

    console = Console.of(arguments)
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    with contextlib.ExitStack() as ends, stop_on_interrupt() as interrupted:
        library = ends.enter_context(Library())
        library.voices.install_samples(sample_voices())
        worker, shelf = Worker(), ModelShelf()
        ends.callback(worker.stop)
        speaker = Speaker(
            library, worker, lambda: shelf.get(arguments.model), arguments.model or BUILT_IN
        )
        server = ApiServer(speaker, token, arguments.port)
        server.start()
        ends.callback(server.stop)
        console.result(
            {"url": server.url, "token": token},
            f"Serving at {server.url} for programs on this machine that send\n"
            f"    Authorization: Bearer {token}\n"
            f"Set {TOKEN_VARIABLE} to keep the token. Ctrl+C ends it.",
        )
        while not interrupted.wait(0.2):
            pass
    return 0
