"""Checksums of a model's files against those of its release.

`manifest.json` in a model's folder holds the size and the SHA-256 of its files. Gigabytes take
seconds to read, so the checksum of a large file is remembered in the user's cache folder and is not
computed again before the file's path, size, time or inode changes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store.files import replacing, sha256

MANIFEST = "manifest.json"
_REMEDY = "Install the model again; the built-in one comes with DiTAR Studio."


@dataclass(frozen=True)
class FileSum:
    """A file's size in bytes and its SHA-256 in hexadecimal.

    Attributes:
        verified: whether the publisher is known to have released exactly this; otherwise it is
            what was downloaded, so that later damage shows.
    """

    size: int
    sha256: str
    verified: bool = True


@dataclass(frozen=True)
class Manifest:
    """The files that a model consists of.

    Attributes:
        files: sizes and checksums by file name.
        source: where they were downloaded from.
        revision: of the source.
    """

    files: Mapping[str, FileSum] = field(default_factory=dict)
    source: str = ""
    revision: str = ""


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in a model's folder; an empty one where there is none.

    Raises:
        StudioError: it is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): FileSum(**given) for name, given in values.pop("files").items()}
        return Manifest(files, **values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StudioError(f"The list of checksums {path} is damaged.", _REMEDY) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a model's folder."""
    with replacing(folder / MANIFEST) as partial:
        partial.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")


def record(folder: Path, names: Sequence[str]) -> None:
    """Record the checksums that these files of a folder have now."""
    sums = {name: FileSum((folder / name).stat().st_size, sha256(folder / name)) for name in names}
    write_manifest(folder, Manifest(sums))


def damaged(folder: Path) -> list[str]:
    """Return names of the files in a folder that don't hold what its manifest says, or
    are missing.
    """
    return [
        name
        for name, recorded in read_manifest(folder).files.items()
        if not (folder / name).is_file()
        or (folder / name).stat().st_size != recorded.size
        or checksum(folder / name) != recorded.sha256
    ]


def check(folder: Path) -> None:
    """Raise StudioError if a file of a model is damaged."""
    if names := damaged(folder):
        raise damage(names[0])


def damage(name: str) -> StudioError:
    """Return the error of a damaged file."""
    return StudioError(f"The model's weights are damaged ({name}).", _REMEDY)


def checksum(path: Path, anew: bool = False) -> str:
    """Return the SHA-256 of a file, which is read if it isn't remembered, or `anew`."""
    *identity, digest = _remembered().get(str(path.resolve()), [""])
    if identity == _identity(path) and not anew:
        return str(digest)
    digest = sha256(path)
    remember(path, digest)
    return digest


def remember(path: Path, digest: str) -> None:
    """Note the SHA-256 of a file as it is now, for `checksum`."""
    kept = {name: value for name, value in _remembered().items() if os.path.exists(name)}
    kept[str(path.resolve())] = [*_identity(path), digest]
    with contextlib.suppress(StudioError), replacing(_cache()) as partial:  # then it's read again
        partial.write_text(json.dumps(kept), encoding="utf-8")


def _identity(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _remembered() -> dict[str, list[int | str]]:
    try:
        known = json.loads(_cache().read_text(encoding="utf-8"))
        return known if all(len(value) == 4 for value in known.values()) else {}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("ditar-studio", appauthor=False) / "checksums.json"
