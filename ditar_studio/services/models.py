"""The models on this computer: those that were downloaded, and folders at hand.

Nothing is fetched unless `Models.download` is called. A model counts as installed once all its
files are here.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.assets import asset
from ditar_studio.engine import integrity
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.services import hub
from ditar_studio.services.download import PART, Download, Progress, size_of
from ditar_studio.services.offers import OFFERS, Offer, hosts_of
from ditar_studio.store.lock import exclusive

_FOLDERS = "folders.json"
_SPARE = 64 << 20
"""Bytes that a download leaves free on the disk."""


@dataclass(frozen=True)
class Installed:
    """A model on this computer.

    Attributes:
        name: as commands call it.
        path: of the model's folder.
        bytes: that its files take.
        linked: whether the folder is the user's own, only pointed at.
        verified: whether all its files had the publisher's checksums when they were downloaded.
    """

    name: str
    path: Path
    bytes: int
    linked: bool
    verified: bool = False


class Models:
    """The models in one folder, and the folders elsewhere that the user has pointed at."""

    def __init__(
        self,
        folder: Path,
        offers: Sequence[Offer] = OFFERS,
        hosts: Callable[[Offer], Sequence[str]] = hosts_of,
        timeout: float = 30.0,
        pause: float = 1.0,
    ) -> None:
        """Leave the disk as it is.

        Args:
            folder: where models are kept.
            offers: what can be downloaded.
            hosts: addresses to download from.
            timeout: seconds after which a silent server is given up.
            pause: seconds before the second try; doubled before each further one.
        """
        self.folder = folder
        self.offers = tuple(offers)
        self.hosts = hosts
        self._timeout = timeout
        self._pause = pause
        self._from_hub: dict[str, Offer] = {}

    # --- what is here -------------------------------------------------------------------------

    def installed(self) -> list[Installed]:
        """Return all models that are here, by name."""
        found = {
            name: _installed(name, path, linked=True)
            for name, path in self._linked().items()
            if path.is_dir()
        }
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.is_dir() and _is_model(path) and not _parts(path):
                    found[path.name] = _installed(path.name, path, linked=False)
        return [found[name] for name in sorted(found)]

    def begun(self) -> dict[str, int]:
        """Return the downloads that were broken off, by name, and how many bytes of each
        are here.
        """
        found = {}
        for offer in self.offers:
            folder = self.folder / offer.name
            if folder.is_dir() and _parts(folder):
                found[offer.name] = size_of(folder)
        return found

    def find(self, name: str) -> Installed:
        """Find the model of this name; StudioError if there is none."""
        for model in self.installed():
            if model.name == name:
                return model
        raise StudioError(
            f"There is no model “{name[:80]}” on this computer.",
            f"“{program()} models list” shows those that are here.",
        )

    def offer(self, name: str) -> Offer:
        """Return what can be downloaded under this name; StudioError if nothing.

        A name that begins with hf:// is asked of the hub, once.
        """
        if name.startswith(hub.SCHEME):
            if name not in self._from_hub:
                self._from_hub[name] = hub.offer_of(name, self._timeout)
            return self._from_hub[name]
        for offer in self.offers:
            if offer.name == name:
                return offer
        raise StudioError(
            f"There is no model “{name[:80]}” to download.",
            f"Choose one of: {', '.join(offer.name for offer in self.offers)}; or hf://OWNER/NAME.",
        )

    # --- folders at hand ----------------------------------------------------------------------

    def add(self, path: Path, name: str | None = None) -> Installed:
        """Use a folder where it lies; nothing is copied.

        Raises:
            StudioError: it is no model's folder, it is used already, or the name can't be had.
        """
        path = Path(os.path.realpath(path.expanduser()))
        if not path.is_dir():
            raise StudioError(f"There is no folder {path}.", "Name the folder of a model.")
        if not _is_model(path):
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
        new = self.folder / f"{_FOLDERS}{PART}"
        new.write_text(text, encoding="utf-8")
        new.replace(self.folder / _FOLDERS)

    def remove(self, name: str) -> Path | None:
        """Delete a downloaded model or a broken-off download; folders at hand only leave the list.

        Returns:
            The folder that was only taken off the list.
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
        unfinished = target / f"{name}{PART}"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            shutil.copytree(model.path, unfinished)
            whole = size_of(unfinished) == model.bytes and not integrity.damaged(unfinished)
        except OSError:
            whole = False
        if not whole:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StudioError(
                "The copy is incomplete or damaged.",
                "Check the disk and the model's files, and try again.",
            )
        unfinished.replace(place)
        for file, recorded in integrity.read_manifest(place).files.items():
            integrity.remember(place / file, recorded.sha256)
        self._save_linked({**self._linked(), name: place})
        _delete(model.path)
        return self.find(name)

    # --- checking and downloading -------------------------------------------------------------

    def verify(self, name: str) -> list[str]:
        """Return what is wrong with a model's files, in words; empty if nothing is.

        They are held against the checksums of their manifest, or, where there is none, against
        those that are known and against what a model's files must hold.
        """
        model = self.find(name)
        files = integrity.read_manifest(model.path).files
        if not files:
            offered = next((offer.files for offer in self.offers if offer.name == name), ())
            files = {
                file.name: integrity.FileSum(file.size, file.sha256)
                for file in offered
                if file.size is not None and file.sha256 is not None
            }
        wrong = []
        for file, known in files.items():
            path = model.path / file
            if not path.is_file():
                wrong.append(f"{file} is missing")
            elif path.stat().st_size != known.size:
                wrong.append(f"{file} has {path.stat().st_size} bytes instead of {known.size}")
            elif integrity.checksum(path, anew=True) != known.sha256:
                wrong.append(f"{file} is damaged")
        if not files:
            from ditar_studio.engine.voxcpm import check

            try:
                check(model.path)
            except StudioError as error:
                return [error.message.rstrip(".")]
        return wrong

    def download(
        self,
        name: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> Installed:
        """Fetch a model, or what is missing or damaged of it.

        Args:
            name: of an offer, or hf://OWNER/NAME.
            on_progress: called with every quarter of a megabyte.
            cancel: set it to stop; what is here is kept for the next time.

        Raises:
            StudioError: it can't be fetched now; what is here is kept for the next time.
        """
        offer = self.offer(name)
        folder = self.folder / offer.name
        _make(folder)
        _check_space(folder, offer.about_bytes - size_of(folder))
        cancel = cancel or threading.Event()
        hosts = self.hosts(offer)
        download = Download(offer, hosts, folder, on_progress, cancel, self._timeout, self._pause)
        busy = StudioError(
            f"Another program is downloading {name}.", "Wait for it, or stop it there."
        )
        with exclusive(folder, busy):
            integrity.write_manifest(folder, download.run())
        return self.find(offer.name)


def _installed(name: str, path: Path, *, linked: bool) -> Installed:
    try:
        files = integrity.read_manifest(path).files
    except StudioError:  # reported where the model is used or checked
        files = {}
    verified = bool(files) and all(file.verified for file in files.values())
    return Installed(name, path, size_of(path), linked, verified)


def _is_model(folder: Path) -> bool:
    """Return whether a folder holds a VoxCPM, or a DiTAR as it is published."""
    marks = ("config.json", "model.json")
    return any((folder / mark).is_file() for mark in marks)


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob(f"*{PART}"))


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
    """Return where models are kept unless the user says otherwise (``DITAR_STUDIO_MODELS``)."""
    import platformdirs

    chosen = os.environ.get("DITAR_STUDIO_MODELS")
    if chosen:
        return Path(chosen)
    return platformdirs.user_data_path("ditar-studio", appauthor=False) / "models"


def located(model: str | os.PathLike[str] | None) -> str | None:
    """Return the folder of an installed model of this name; else the name or path itself.

    Raises:
        StudioError: it can be downloaded, but has not been.
    """
    if model is None:
        return None
    model = os.fspath(model)
    if os.path.exists(Path(model).expanduser()):
        return model
    models = Models(default_folder())
    for installed in models.installed():
        if installed.name == model:
            return str(installed.path)
    if any(offer.name == model for offer in models.offers):
        raise StudioError(
            f"The model “{model}” is not on this computer.",
            f"“{program()} models download {model}” fetches it.",
        )
    return model


def expected_settings(model: str) -> GenerationSettings:
    """Return the settings that a model will sound best with, as far as its card says, before it is
    loaded.

    Args:
        model: “builtin”, or the folder of a model.
    """
    folder = asset("models", "builtin") if model in ("", "builtin") else Path(model)
    try:
        card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return GenerationSettings.from_dict(card.get("default_settings", {}))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError, StudioError):
        return GenerationSettings()
