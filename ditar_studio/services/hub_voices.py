"""Voice files, from a folder or from a model hub."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from ditar_studio.services import hub
from ditar_studio.services.download import Download
from ditar_studio.services.offers import hosts_of


@contextlib.contextmanager
def voice_file(name: str, timeout: float = 30.0, pause: float = 1.0) -> Iterator[Path]:
    """Yield a voice's file; one of a hub is fetched, and is there as long as it is used.

    Args:
        name: a path, or hf://OWNER/NAME, of several voices hf://OWNER/NAME/FILE.
        timeout: seconds after which a silent server is given up.
        pause: seconds before a second try.

    Raises:
        StudioError: the hub can't be reached or has no such voice.
    """
    if not name.startswith(hub.SCHEME):
        yield Path(name)
        return
    offer = hub.voice_of(name, timeout)
    with tempfile.TemporaryDirectory(prefix="ditar-voice-") as folder:
        place = Path(folder)
        Download(
            offer, hosts_of(offer), place, lambda _: None, threading.Event(), timeout, pause
        ).run()
        yield place / offer.files[0].name
