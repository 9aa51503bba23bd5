"""`ditar-studio serve`: the local speech endpoint without the studio, until it is interrupted."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import stop_on_interrupt
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.services.loaded_model import SpeechModel, VoiceCache
    from ditar_studio.services.worker import Worker

TOKEN_VARIABLE = "DITAR_STUDIO_TOKEN"

_WORKER_SECONDS = 0.5


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; exit code 0."""
    if not 0 <= arguments.port <= 65535:
        raise StudioError(f"{arguments.port} is no port.", "Choose a number from 0 to 65535.")
    from ditar_studio.api.server import ApiServer, check_token, reserve_port
    from ditar_studio.api.speaker import Speaker
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.services.library import Library
    from ditar_studio.services.loaded_model import BUILT_IN
    from ditar_studio.services.models import located
    from ditar_studio.services.worker import Worker

    console = Console.of(arguments)
    token = check_token(os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24))
    name = Path(arguments.model).expanduser().resolve().name if arguments.model else BUILT_IN
    worker = Worker()
    with contextlib.ExitStack() as ends, stop_on_interrupt() as interrupted:
        reserved = ends.enter_context(reserve_port(arguments.port))
        library = ends.enter_context(Library())
        if library.damaged is not None:
            console.warn(library.damaged.message, library.damaged.remedy)
        library.voices.install_samples(sample_voices())
        ends.callback(worker.stop, _WORKER_SECONDS)
        loaded = _load(located(arguments.model), worker, interrupted)
        if loaded is not None:
            speaker = Speaker(library, worker, *loaded, name, watermark=arguments.watermark)
            server = ApiServer(speaker, token, reserved)
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
    if not worker.stop(0.0):
        # Amid a patch, or still loading: that code must not see the interpreter being taken down.
        sys.stdout.flush()
        os._exit(0)
    return 0


def _load(
    model: str | None, worker: Worker, interrupted: threading.Event
) -> tuple[SpeechModel, VoiceCache] | None:
    """Load the model on the worker's thread; None if interrupted.

    Raises:
        StudioError: there is no such model, or it can't be loaded.
    """
    from ditar_studio.services.loaded_model import ModelRegistry
    from ditar_studio.services.speech_events import Failed

    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work(cancelled: threading.Event) -> Iterator[tuple[SpeechModel, VoiceCache]]:
        yield ModelRegistry().get(model)

    worker.submit(work, outcome.put)
    while not interrupted.is_set():
        with contextlib.suppress(queue.Empty):
            loaded = outcome.get(timeout=0.2)
            if isinstance(loaded, Failed):
                raise StudioError(loaded.message, loaded.remedy)
            return loaded  # type: ignore[no-any-return]
    return None
