"""The models on this computer: fetching, checking, moving and removing them.

All of it happens on a thread of its own, one thing after another, because a download takes as long
as it takes; the window gets a few words on it several times a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, Signal

from ditar_studio.errors import StudioError
from ditar_studio.services.download import Progress
from ditar_studio.services.models import Installed, Models
from ditar_studio.services.offers import Offer
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.translate import tr

T = TypeVar("T")

_EVERY = 0.2
"""Seconds between two words on a download's progress."""


class ModelManager(QObject):
    """Keeps models for the interface; see `Models` for what it does with them.

    Signals:
        changed: what is here, or what is being done, changed.
        progressed: a `Progress` of the download under way.
        notified: message, remedy and tone of something that has ended.
    """

    changed = Signal()
    progressed = Signal(object)
    notified = Signal(str, str, str)

    def __init__(self, bridge: Bridge, models: Models, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._models = models
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._cancel = threading.Event()
        self.installed: tuple[Installed, ...] = ()
        self.begun: dict[str, int] = {}
        self.busy = ""
        self.downloading = ""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What can be downloaded and isn't here."""
        here = {model.name for model in self.installed}
        return tuple(offer for offer in self._models.offers if offer.name not in here)

    def host(self, offer: Offer) -> str:
        """Return the name of the computer that an offer is fetched from."""
        return urlsplit(self._models.hosts(offer)[0]).netloc

    def refresh(self) -> None:
        """Look at the disk again."""
        self._bridge.follow(self._thread.submit(_guarded, self._look), self._show, owner=self)

    def download(self, name: str) -> None:
        """Fetch a model, or the rest of it."""
        if self.busy:
            return
        self._cancel.clear()
        self.downloading = name
        last = [0.0]

        def report(progress: Progress) -> None:
            now = time.monotonic()
            if now - last[0] >= _EVERY:
                last[0] = now
                self._bridge.post(lambda: self.progressed.emit(progress))

        def done(model: Installed) -> None:
            if model.verified:
                self.notified.emit(tr("{model} is here.", model=model.name), "", "success")
            else:
                words = tr("{model} is here, not verified.", model=model.name)
                self.notified.emit(words, _unknown(), "success")

        self._do(name, lambda: self._models.download(name, report, self._cancel), done)

    def cancel(self) -> None:
        """Stop the download under way; what has come is kept."""
        self._cancel.set()

    def add(self, path: Path) -> None:
        """Use a folder where it lies."""
        self._do("", lambda: self._models.add(path), lambda _model: None)

    def verify(self, name: str) -> None:
        """Check a model's files and show what is wrong with them."""

        def done(found: tuple[list[str], bool]) -> None:
            wrong, verified = found
            if wrong:
                words = tr("{model} is not in order: {first}.", model=name, first=wrong[0])
                self.notified.emit(words, tr("Remove it and download it again."), "danger")
            elif verified:
                words = tr("All files of {model} are as they should be.", model=name)
                self.notified.emit(words, "", "success")
            else:
                words = tr("All files of {model} are whole; they are not verified.", model=name)
                self.notified.emit(words, _unknown(), "success")

        def check() -> tuple[list[str], bool]:
            return self._models.verify(name), self._models.find(name).verified

        self._do(name, check, done)

    def move(self, name: str, folder: Path) -> None:
        """Move a model into another folder, perhaps on another disk."""

        def done(model: Installed) -> None:
            words = tr("{model} is now in {folder}.", model=name, folder=str(model.path.parent))
            self.notified.emit(words, "", "success")

        self._do(name, lambda: self._models.move(name, folder), done)

    def remove(self, name: str) -> None:
        """Delete a model or a broken-off download; the user's own folders only leave the list."""
        self._do(name, lambda: self._models.remove(name), lambda _none: None)

    def close(self) -> None:
        """Stop what is under way, and wait for it."""
        self._cancel.set()
        self._thread.shutdown(cancel_futures=True)

    # --- inside

    def _do(self, name: str, work: Callable[[], T], done: Callable[[T], object]) -> None:
        """Do `work` on the manager's thread; `name` is the model that it occupies."""
        if name:
            if self.busy:
                return
            self.busy = name
            self.changed.emit()

        def on_done(result: T) -> None:
            self._end(name)
            done(result)

        def failed(error: StudioError) -> None:
            self._end(name)
            tone = "info" if self._cancel.is_set() else "danger"
            self._cancel.clear()
            self.notified.emit(error.message, error.remedy, tone)

        self._bridge.follow(self._thread.submit(_guarded, work), on_done, failed, self)

    def _end(self, name: str) -> None:
        if name:
            self.busy = self.downloading = ""
            self.changed.emit()
        self.refresh()

    def _look(self) -> tuple[tuple[Installed, ...], dict[str, int]]:
        return tuple(self._models.installed()), self._models.begun()

    def _show(self, found: tuple[tuple[Installed, ...], dict[str, int]]) -> None:
        self.installed, self.begun = found
        self.changed.emit()


def _unknown() -> str:
    return tr("The publisher's checksums are not known here.")


def _guarded(work: Callable[[], T]) -> T:
    """Return `work`, with trouble with the disk as a `StudioError`."""
    try:
        return work()
    except OSError as error:
        raise StudioError(
            tr("The files can't be changed: {reason}.", reason=error.strerror or str(error)),
            tr("Check whether the folder is there and may be written to."),
        ) from error
