"""A voice as one file: a zip of its samples and a manifest with their checksums."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.voice import NewSample, Voice

SUFFIX = ".ditarvoice"
MANIFEST = "manifest.json"
FORMAT = 1

_LARGEST_SAMPLE = 1 << 30
_LARGEST_MANIFEST = 1 << 22


def write_bundle(voice: Voice, path: Path) -> None:
    """Write a voice to `path`, whole or not at all."""
    manifest = {
        "format": FORMAT,
        "name": voice.name,
        "tags": list(voice.tags),
        "note": voice.note,
        "consent": voice.consent,
        "samples": [
            {
                "file": f"{number:02d}{sample.path.suffix}",
                "sha256": sample.sha256,
                "transcript": sample.transcript,
                "verdict": dict(sample.verdict),
            }
            for number, sample in enumerate(voice.samples, start=1)
        ],
    }
    with files.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        for number, sample in enumerate(voice.samples, start=1):
            archive.write(sample.path, f"{number:02d}{sample.path.suffix}")


class Bundle:
    """A voice file, verified and unpacked into a temporary folder for as long as it is open.

    Attributes:
        name, tags, note, consent: as they were when it was written.
        samples: to be added to a library.

    Raises:
        StudioError: it is no voice file, is damaged, or is of a later format.
    """

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ditar-voice-")
        try:
            with zipfile.ZipFile(path) as archive:
                self._read(archive, Path(self._folder.name))
        except StudioError:
            self._folder.cleanup()
            raise
        except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
            self._folder.cleanup()
            raise StudioError(
                f"{path.name} is not a voice file, or it is damaged.",
                "Get it again from where it came from.",
            ) from error

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def _read(self, archive: zipfile.ZipFile, folder: Path) -> None:
        if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise ValueError("manifest too large")
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if int(manifest["format"]) > FORMAT:
            raise StudioError(
                "This voice file was written by a newer DiTAR Studio.", "Update DiTAR Studio."
            )
        self.name = str(manifest["name"])
        self.tags = tuple(str(tag) for tag in manifest["tags"])
        self.note = str(manifest["note"])
        self.consent = str(manifest["consent"])
        self.samples = tuple(
            _unpack(archive, entry, folder / f"{number}")
            for number, entry in enumerate(manifest["samples"])
        )


def _unpack(archive: zipfile.ZipFile, entry: dict[str, Any], target: Path) -> NewSample:
    """One sample out of the archive; what the manifest calls it never becomes a path."""
    member = archive.getinfo(str(entry["file"]))
    if member.file_size > _LARGEST_SAMPLE:
        raise ValueError("sample too large")
    path = target.with_suffix(Path(member.filename).suffix)
    digest = hashlib.sha256()
    with archive.open(member) as source, path.open("wb") as copy:
        while block := source.read(1 << 20):
            digest.update(block)
            copy.write(block)
    if digest.hexdigest() != entry["sha256"]:
        raise StudioError(
            "This voice file is damaged: a sample does not match its checksum.",
            "Get it again from where it came from.",
        )
    if files.audio_seconds(path) == 0:
        raise ValueError("sample is not audio")
    return NewSample(path, str(entry["transcript"]), dict(entry.get("verdict", {})))
