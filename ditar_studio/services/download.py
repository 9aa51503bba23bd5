"""The transfer of a model's files, which ends in checked files or in something to go on with.

Each file grows as ``NAME.part`` and gets its name only when its size and checksum are right, as far
as they are known. A try that fails goes on where the one before ended; see
``docs/decisions/downloads.md`` for why no library does this.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ditar_studio.engine import integrity
from ditar_studio.engine.integrity import FileSum, Manifest
from ditar_studio.errors import StudioError
from ditar_studio.services.offers import Offer, RemoteFile
from ditar_studio.store.files import sha256

PART = ".part"
_CHUNK = 1 << 18
_LONGEST_LISTING = 4 << 20
_TRIES = 6
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


@dataclass(frozen=True)
class Progress:
    """The progress of a download.

    Attributes:
        file: name of the file that is being fetched.
        done: bytes of the whole model that are here.
        total: bytes of the whole model, as far as is known.
        seconds_left: at the present speed; None while there is none.
    """

    file: str
    done: int
    total: int
    seconds_left: float | None


class _Retry(Exception):
    """A try failed in a way that another may not."""


class Download:
    """Fetches what is missing or damaged of a model.

    Args:
        offer: of the model.
        hosts: to try, in this order.
        folder: where its files are and go; it must exist.
        on_progress: called with every quarter of a megabyte.
        cancel: set it to stop; what is here is kept for the next time.
        timeout: seconds after which a silent server is given up.
        pause: seconds before the second try; doubled before each further one.
    """

    def __init__(
        self,
        offer: Offer,
        hosts: Sequence[str],
        folder: Path,
        on_progress: Callable[[Progress], None],
        cancel: threading.Event,
        timeout: float,
        pause: float,
    ) -> None:
        self._offer, self._hosts, self._folder = offer, hosts, folder
        self._cancel, self._timeout, self._pause = cancel, timeout, pause
        self._meter = _Meter(offer, folder, on_progress)

    def run(self) -> Manifest:
        """Fetch until all files are here.

        Returns:
            What they hold.

        Raises:
            StudioError: it can't be done now; what is here is kept for the next time.
        """
        missing = [file for file in self._offer.files if not self._intact(file)]
        for file in missing:
            # Until all have come, the folder must not look like a model.
            self._part(file).touch()
        listed = self._listing() if missing and not self._offer.verified else {}
        for file in missing:
            self._fetch(listed.get(file.name, file))
        sums = {}
        for file in self._offer.files:
            path = self._folder / file.name
            digest = integrity.checksum(path)
            sums[file.name] = FileSum(path.stat().st_size, digest, file.sha256 == digest)
        return Manifest(sums, self._offer.repository, self._offer.revision)

    def _part(self, file: RemoteFile) -> Path:
        return self._folder / f"{file.name}{PART}"

    def _intact(self, file: RemoteFile) -> bool:
        """Return whether a file is here; one that is damaged is removed."""
        path = self._folder / file.name
        if not path.is_file():
            return False
        expected = file.sha256
        if expected is None:
            with contextlib.suppress(StudioError, KeyError):  # no manifest yet, or a damaged one
                expected = integrity.read_manifest(self._folder).files[file.name].sha256
        if expected is None or integrity.checksum(path) == expected:
            return True
        path.unlink()
        return False

    def _listing(self) -> dict[str, RemoteFile]:
        """Return the files with what the server says of their sizes and checksums, if it does.

        It can't vouch for itself, but what is lost or altered on the way shows.
        """
        address = f"{self._hosts[0]}/api/models/{self._offer.repository}"
        address += f"/revision/{self._offer.revision}?blobs=true"
        try:
            with urllib.request.urlopen(address, timeout=self._timeout) as response:
                values = json.loads(response.read(_LONGEST_LISTING))
            listed = {each["rfilename"]: each for each in values["siblings"]}
            return {
                file.name: replace(
                    file,
                    size=file.size or int(listed[file.name]["size"]),
                    sha256=file.sha256 or (listed[file.name].get("lfs") or {}).get("sha256"),
                )
                for file in self._offer.files
                if file.name in listed
            }
        except (OSError, http.client.HTTPException):
            return {}
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return {}

    def _fetch(self, file: RemoteFile) -> None:
        """Fetch one file, by as many tries and hosts as it takes; a try that brings bytes
        is free.
        """
        part, hosts = self._part(file), self._hosts
        failures, reason, offline = 0, "", True
        while failures < _TRIES:
            if self._cancel.is_set():
                raise StudioError("The download was stopped.", "Start it again to go on.")
            address = self._offer.address(hosts[failures % len(hosts)], file)
            before = part.stat().st_size if part.exists() else 0
            try:
                self._try(address, file, part)
                digest = self._accept(file, part)
            except (_Retry, OSError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise StudioError("The disk is full.", "Make room and start again.") from error
                if part.exists() and part.stat().st_size > before:
                    continue
                failures += 1
                offline = offline and not self._meter.moved and _is_offline(error)
                if offline and failures >= len(hosts):
                    raise StudioError(
                        "There is no connection to the internet.",
                        "Connect this computer and start again, or copy the model's folder here "
                        "and add it.",
                    ) from error
                if offline:
                    continue
                self._cancel.wait(self._pause * 2 ** (failures - 1) if failures < _TRIES else 0)
                continue
            part.replace(self._folder / file.name)
            integrity.remember(self._folder / file.name, digest)
            return
        raise StudioError(
            f"{file.name} could not be downloaded: {reason[:120]}.",
            "Check the connection and start again: what has come is kept.",
        )

    def _try(self, url: str, file: RemoteFile, part: Path) -> None:
        have = part.stat().st_size if part.exists() else 0
        if file.size is not None and have == file.size:
            return
        if file.size is not None and have > file.size:
            part.write_bytes(b"")
            have = 0
        request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            response = urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:
                part.write_bytes(b"")  # what is here is not the beginning of what is there
            raise _Retry(f"the server answered {error.code}") from error
        with response:
            start, whole = _extent(response)
            if start not in (0, have):
                raise _Retry("the server sent another part than was asked for")
            if file.size is not None and whole is not None and whole != file.size:
                raise _Retry(f"the server's file has {whole} bytes instead of {file.size}")
            with part.open("r+b" if part.exists() else "w+b") as out:
                out.truncate(start)
                out.seek(start)
                for block in _blocks(response):
                    if file.size is not None and out.tell() + len(block) > file.size:
                        out.truncate(0)
                        raise _Retry("the server sent more bytes than the file has")
                    out.write(block)
                    self._meter.report(file.name)
                    if self._cancel.is_set():
                        return
            if whole is not None and part.stat().st_size < whole:
                raise _Retry("the connection was cut")

    def _accept(self, file: RemoteFile, part: Path) -> str:
        """Return the checksum of a complete file; a wrong one is dropped, so that the next try
        starts anew.
        """
        size = part.stat().st_size
        if self._cancel.is_set() or (file.size is not None and size < file.size):
            raise _Retry("the connection was cut")
        digest = sha256(part)
        wrong = file.sha256 is not None and digest != file.sha256
        if file.name.endswith(".json") and not wrong:
            try:
                json.loads(part.read_text(encoding="utf-8"))
            except (ValueError, RecursionError):
                wrong = True
        if wrong or not size:
            part.write_bytes(b"")
            raise _Retry("the bytes that came are not the file's")
        return digest


class _Meter:
    """Counts what is here and reports it.

    Attributes:
        moved: whether anything has come.
    """

    def __init__(self, offer: Offer, folder: Path, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress, self._folder = on_progress, folder
        known = [file.size for file in offer.files if file.size is not None]
        complete = len(known) == len(offer.files)
        self._total = sum(known) if complete else max(offer.about_bytes, sum(known))
        self._start, self._before = time.monotonic(), size_of(folder)
        self.moved = False

    def report(self, name: str) -> None:
        self.moved = True
        done = size_of(self._folder)
        elapsed, came = time.monotonic() - self._start, done - self._before
        left = None
        if came > 0:
            left = max(0, self._total - done) * elapsed / came
        self._on_progress(Progress(name, done, max(self._total, done), left))


def size_of(folder: Path) -> int:
    """Add up the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _is_offline(error: Exception) -> bool:
    """Return whether no server was reached at all: its name is not found, or no way leads to it."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, socket.gaierror) or (
        isinstance(reason, OSError) and reason.errno in _UNREACHABLE
    )


def _extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Return where what is sent begins in the file, and how long the file is."""
    if response.status == 206:
        given = response.headers.get("Content-Range", "")
        try:
            unit, _, rest = given.partition(" ")
            span, _, whole = rest.partition("/")
            if unit != "bytes":
                raise ValueError
            return int(span.partition("-")[0]), None if whole == "*" else int(whole)
        except ValueError as error:
            raise _Retry("the server's answer makes no sense") from error
    if response.status != 200:
        raise _Retry(f"the server answered {response.status}")
    length = response.headers.get("Content-Length")
    return 0, int(length) if length and length.isdigit() else None


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Return what comes; what came before the connection was cut is not lost."""
    while True:
        try:
            block = response.read1(_CHUNK)
        except http.client.IncompleteRead as error:
            if error.partial:
                yield error.partial
            raise
        if not block:
            return
        yield block
