"""The models on this computer: what can be downloaded, and the keeping of what was.

Nothing is fetched unless `Models.download` is called. A download is resumable after anything: each
file grows as ``NAME.part`` and gets its name only when its size and, where known, its sha256 are
right; a model counts as installed once all its files have theirs.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.errors import StudioError

_PART, _FOLDERS = ".part", "folders.json"
_CHUNK = 1 << 18
_SPARE = 64 << 20
"""Bytes that a download leaves free on the disk."""

_TRIES = 6
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
_MIRRORS = ("https://huggingface.co", "https://hf-mirror.com")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a model.

    Attributes:
        name: in the model's folder.
        size: in bytes, where it is known.
        sha256: hexadecimal, where it is known.
    """

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Offer:
    """A model that can be downloaded.

    Attributes:
        name: as commands call it; also its folder's name.
        title: as shown.
        files: all of them.
        addresses: of its folder, without a slash at the end; tried in this order.
        about_bytes: roughly how much there is to download.
        licence: of the weights.
    """

    name: str
    title: str
    files: tuple[RemoteFile, ...]
    addresses: tuple[str, ...]
    about_bytes: int
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class Installed:
    """A model on this computer.

    Attributes:
        name: as commands call it.
        path: its folder.
        bytes: that its files take.
        linked: whether the folder is the user's own, only pointed at.
    """

    name: str
    path: Path
    bytes: int
    linked: bool


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Attributes:
        file: being fetched.
        done: bytes of the whole model that are here.
        total: bytes of the whole model, as far as is known.
        seconds_left: at the present speed; None while there is none.
    """

    file: str
    done: int
    total: int
    seconds_left: float | None


def _at(repository: str) -> tuple[str, ...]:
    return tuple(f"{mirror}/{repository}/resolve/main" for mirror in _MIRRORS)


_SMALL = (
    RemoteFile("config.json"),
    RemoteFile("tokenizer.json"),
    RemoteFile("tokenizer_config.json"),
    RemoteFile("special_tokens_map.json"),
)

OFFERS = (
    Offer(
        "voxcpm-0.5b",
        "VoxCPM 0.5B (Chinese, English; 16 kHz)",
        (*_SMALL, RemoteFile("audiovae.pth", 301_494_192), RemoteFile("pytorch_model.bin")),
        _at("openbmb/VoxCPM-0.5B"),
        1_610_000_000,
    ),
    Offer(
        "voxcpm-1.5",
        "VoxCPM 1.5 (Chinese, English; 44.1 kHz)",
        (*_SMALL, RemoteFile("audiovae.pth"), RemoteFile("model.safetensors")),
        _at("openbmb/VoxCPM1.5"),
        1_950_000_000,
    ),
    Offer(
        "voxcpm-2",
        "VoxCPM 2 (30 languages; 48 kHz)",
        (
            RemoteFile("config.json", 4_336),
            RemoteFile("tokenizer.json", 3_676_772),
            RemoteFile("tokenizer_config.json", 5_059),
            RemoteFile("special_tokens_map.json"),
            RemoteFile("audiovae.pth", 376_951_122),
            RemoteFile("model.safetensors", 4_580_080_592),
        ),
        _at("openbmb/VoxCPM2"),
        4_961_000_000,
    ),
)


class _Retry(Exception):
    """A try failed in a way that another may not."""


class Models:
    """The models in one folder, and the folders elsewhere that the user has pointed at."""

    def __init__(
        self,
        folder: Path,
        offers: Sequence[Offer] = OFFERS,
        timeout: float = 30.0,
        pause: float = 1.0,
    ) -> None:
        """Does not touch the disk.

        Args:
            folder: where models are kept.
            offers: what can be downloaded.
            timeout: seconds after which a silent server is given up.
            pause: seconds before the second try; doubled before each further one.
        """
        self.folder = folder
        self.offers = tuple(offers)
        self._timeout = timeout
        self._pause = pause

    # --- what is here -------------------------------------------------------------------------

    def installed(self) -> list[Installed]:
        """All models that are here, by name."""
        found = {
            name: Installed(name, path, _size(path), True)
            for name, path in self._linked().items()
            if path.is_dir()
        }
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.is_dir() and (path / "config.json").is_file() and not _parts(path):
                    found[path.name] = Installed(path.name, path, _size(path), False)
        return [found[name] for name in sorted(found)]

    def begun(self) -> dict[str, int]:
        """Downloads that were broken off, by name, and how many bytes of each are here."""
        found = {}
        for offer in self.offers:
            folder = self.folder / offer.name
            if folder.is_dir() and _parts(folder):
                found[offer.name] = _size(folder)
        return found

    def find(self, name: str) -> Installed:
        """The model of this name; StudioError if there is none."""
        for model in self.installed():
            if model.name == name:
                return model
        raise StudioError(
            f"There is no model “{name[:80]}” on this computer.",
            "“ditar-studio models list” shows those that are here.",
        )

    def offer(self, name: str) -> Offer:
        """What can be downloaded under this name; StudioError if nothing."""
        for offer in self.offers:
            if offer.name == name:
                return offer
        raise StudioError(
            f"There is no model “{name[:80]}” to download.",
            f"Choose one of: {', '.join(offer.name for offer in self.offers)}.",
        )

    # --- folders at hand ----------------------------------------------------------------------

    def add(self, path: Path, name: str | None = None) -> Installed:
        """Use a folder where it lies; nothing is copied.

        Raises:
            StudioError: it is no model's folder, it is used already, or the name can't be had.
        """
        path = path.expanduser().resolve()
        if not path.is_dir():
            raise StudioError(f"There is no folder {path}.", "Name the folder of a model.")
        if not (path / "config.json").is_file():
            raise StudioError(
                f"There is no config.json in {path}.", "Choose the folder with the model's files."
            )
        name = name or path.name
        if not name.strip(". ") or any(letter in name for letter in "/\\:"):
            raise StudioError(f"“{name[:80]}” can't be a model's name.", "Give it another name.")
        for model in self.installed():
            if model.name == name:
                raise StudioError(f"There is a model “{name}” already.", "Give it another name.")
            if model.path.resolve() == path:
                raise StudioError(f"{path} is used already.", f"It is the model “{model.name}”.")
        self._save_linked({**self._linked(), name: path})
        return self.find(name)

    def _linked(self) -> dict[str, Path]:
        path = self.folder / _FOLDERS
        if not path.is_file():
            return {}
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return {str(name): Path(str(place)) for name, place in values.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise StudioError(
                f"The list of models {path} can't be read.", "Delete that file and add them again."
            ) from error

    def _save_linked(self, folders: dict[str, Path]) -> None:
        _make(self.folder)
        text = json.dumps({name: str(path) for name, path in folders.items()}, indent=1)
        new = self.folder / f"{_FOLDERS}{_PART}"
        new.write_text(text, encoding="utf-8")
        new.replace(self.folder / _FOLDERS)

    def remove(self, name: str) -> Path | None:
        """Delete a downloaded model, or a broken-off download; only forget a folder at hand.

        Returns:
            The folder that was only forgotten.
        """
        linked = self._linked()
        if name in linked:
            kept = linked.pop(name)
            self._save_linked(linked)
            return kept
        ours = list(self.folder.iterdir()) if self.folder.is_dir() else []
        path = next((path for path in ours if path.name == name and path.is_dir()), None)
        if path is None:
            path = self.find(name).path
        _delete(path)
        return None

    def move(self, name: str, target: Path) -> Installed:
        """Move a downloaded model into another folder (or onto another disk) and go on using it.

        The old files are deleted only after the new ones are complete.

        Raises:
            StudioError: it can't be moved there, and stays where it is; or the old files could not
                be deleted.
        """
        model = self.find(name)
        target = target.expanduser().resolve()
        place = target / name
        if place.exists():
            raise StudioError(f"{place} exists already.", "Choose another folder.")
        if target.is_relative_to(model.path.resolve()):
            raise StudioError("A model can't be moved into itself.", "Choose another folder.")
        _make(target)
        _check_space(target, model.bytes)
        unfinished = target / f"{name}{_PART}"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            shutil.copytree(model.path, unfinished)
            whole = _size(unfinished) == model.bytes
        except OSError:
            whole = False
        if not whole:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StudioError("The copy is incomplete.", "Check the disk and try again.")
        unfinished.replace(place)
        self._save_linked({**self._linked(), name: place})
        _delete(model.path)
        return self.find(name)

    # --- checking -----------------------------------------------------------------------------

    def verify(self, name: str) -> list[str]:
        """What is wrong with a model's files, in words; empty if nothing is.

        Downloaded files are held against their sizes and sums as far as these are known, all others
        against what a model's files must hold.
        """
        model, wrong = self.find(name), []
        files = next((o.files for o in self.offers if o.name == name), None)
        if files is None:
            from ditar_studio.engine.voxcpm import check

            try:
                check(model.path)
            except StudioError as error:
                return [error.message.rstrip(".")]
        for file in files or ():
            path = model.path / file.name
            if not path.is_file():
                wrong.append(f"{file.name} is missing")
            elif file.size is not None and path.stat().st_size != file.size:
                wrong.append(f"{file.name} has {path.stat().st_size} bytes instead of {file.size}")
            elif file.sha256 is not None and _sha256(path) != file.sha256:
                wrong.append(f"{file.name} is damaged")
        return wrong

    # --- downloading --------------------------------------------------------------------------

    def download(
        self,
        name: str,
        tell: Callable[[Progress], None] = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> Installed:
        """Fetch a model, or what is missing of it.

        Args:
            name: of an offer.
            tell: called with every quarter of a megabyte.
            cancel: set it to stop; what is here is kept for the next time.

        Raises:
            StudioError: it can't be fetched now; what is here is kept for the next time.
        """
        offer, cancel = self.offer(name), cancel or threading.Event()
        folder = self.folder / offer.name
        _make(folder)
        _check_space(folder, offer.about_bytes - _size(folder))
        meter = _Meter(offer, folder, tell)
        for file in offer.files:
            if not (folder / file.name).is_file():
                # Until all have come, the folder must not look like a model.
                (folder / f"{file.name}{_PART}").touch()
        for file in offer.files:
            if not (folder / file.name).is_file():
                self._fetch(offer, file, folder, meter, cancel)
        return self.find(name)

    def _fetch(
        self, offer: Offer, file: RemoteFile, folder: Path, meter: _Meter, cancel: threading.Event
    ) -> None:
        """One file, by as many tries and mirrors as it takes; a try that brings bytes is free."""
        part = folder / f"{file.name}{_PART}"
        failures, reason, offline = 0, "", True
        while failures < _TRIES:
            if cancel.is_set():
                raise StudioError("The download was stopped.", "Start it again to go on.")
            address = offer.addresses[failures % len(offer.addresses)]
            before = part.stat().st_size if part.exists() else 0
            try:
                self._try(f"{address}/{file.name}", file, part, meter, cancel)
                self._accept(file, part)
            except (_Retry, OSError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
                if isinstance(error, OSError) and error.errno == 28:
                    raise StudioError("The disk is full.", "Make room and start again.") from error
                if part.exists() and part.stat().st_size > before:
                    continue
                failures += 1
                offline = offline and not meter.moved and _is_offline(error)
                if offline and failures >= len(offer.addresses):
                    raise StudioError(
                        "There is no connection to the internet.",
                        "Connect this computer and start again, or copy the model's folder here "
                        "and add it.",
                    ) from error
                if offline:
                    continue
                cancel.wait(self._pause * 2 ** (failures - 1) if failures < _TRIES else 0)
                continue
            part.replace(folder / file.name)
            return
        raise StudioError(
            f"{file.name} could not be downloaded: {reason[:120]}.",
            "Check the connection and start again: what has come is kept.",
        )

    def _try(
        self, url: str, file: RemoteFile, part: Path, meter: _Meter, cancel: threading.Event
    ) -> None:
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
                    meter.tell(file.name)
                    if cancel.is_set():
                        return
            if whole is not None and part.stat().st_size < whole:
                raise _Retry("the connection was cut")

    def _accept(self, file: RemoteFile, part: Path) -> None:
        """Check a complete file; a wrong one is dropped so that the next try starts anew."""
        size = part.stat().st_size
        if file.size is not None and size < file.size:
            raise _Retry("the connection was cut")
        wrong = file.sha256 is not None and _sha256(part) != file.sha256
        if file.name.endswith(".json") and not wrong:
            try:
                json.loads(part.read_text(encoding="utf-8"))
            except ValueError:
                wrong = True
        if wrong or not size:
            part.write_bytes(b"")
            raise _Retry("the bytes that came are not the file's")


class _Meter:
    """Counts what is here and tells it.

    Attributes:
        moved: whether anything has come.
    """

    def __init__(self, offer: Offer, folder: Path, tell: Callable[[Progress], None]) -> None:
        self._tell, self._folder = tell, folder
        known = [file.size for file in offer.files if file.size is not None]
        complete = len(known) == len(offer.files)
        self._total = sum(known) if complete else max(offer.about_bytes, sum(known))
        self._start, self._before = time.monotonic(), _size(folder)
        self.moved = False

    def tell(self, name: str) -> None:
        self.moved = True
        done = _size(self._folder)
        elapsed, came = time.monotonic() - self._start, done - self._before
        left = None
        if came > 0:
            left = max(0, self._total - done) * elapsed / came
        self._tell(Progress(name, done, max(self._total, done), left))


def _is_offline(error: Exception) -> bool:
    """Whether no server was reached at all: its name is not found, or no way leads to it."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, socket.gaierror) or (
        isinstance(reason, OSError) and reason.errno in _UNREACHABLE
    )


def _extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Where what is sent begins in the file, and how long the file is."""
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
    """What comes; what came before the connection was cut is not lost."""
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


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob(f"*{_PART}"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(
            f"The folder {folder} can't be made.", "Choose one where you may write."
        ) from error


def _delete(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StudioError(
            f"The old files in {folder} can't all be deleted.", "Delete that folder yourself."
        ) from error


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    needed += _SPARE
    if needed > free:
        raise StudioError(
            f"{folder} has {free / 1e9:.1f} GB free where {needed / 1e9:.1f} are needed.",
            "Make room, or choose a folder on another disk.",
        )


def default_folder() -> Path:
    """Where models are kept unless the user says otherwise (``DITAR_STUDIO_MODELS``)."""
    import platformdirs

    chosen = os.environ.get("DITAR_STUDIO_MODELS")
    if chosen:
        return Path(chosen)
    return platformdirs.user_data_path("ditar-studio", appauthor=False) / "models"
