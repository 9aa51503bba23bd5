"""A voice as one file: a zip of its samples, what it was fine-tuned to and a manifest with their
checksums.

Such a file comes from anywhere. What DiTAR Studio itself would not have written is refused before
anything is unpacked: other members, links, locked or doubled ones, and more than a voice can be.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import adapter, files, foreign
from ditar_studio.store.voice import NewSample, Voice

SUFFIX = ".ditarvoice"
MANIFEST = "manifest.json"
FORMAT = 3
"""2 brought what a voice was fine-tuned to, 3 what it was mixed of; a voice without either is
written as 1."""

LARGEST = 1 << 29
"""Bytes of a voice file."""
_LARGEST_MANIFEST = _LARGEST_DIRECTORY = 1 << 20
_LARGEST_RATIO = 50
"""Of what is unpacked to what is packed: sound hardly gets smaller in a zip."""
_LONGEST_NAME = 1000
_MOST_MIXED = 8
_ADAPTER = f"adapter{adapter.SUFFIX}"
_SAMPLE = re.compile(r"\d{2,4}\.\w{1,10}", re.ASCII)
_END = 22
"""Length of the record at a zip's end, which tells where its directory is."""


def write_bundle(voice: Voice, path: Path) -> None:
    """Write a voice to `path`, whole or not at all.

    Raises:
        StudioError: a sample is missing, they are too large for one file, or the disk is full.
    """
    members = {
        f"{number:02d}{sample.path.suffix}": sample.path
        for number, sample in enumerate(voice.samples, start=1)
    }
    for sample in voice.samples:
        if not sample.path.is_file() or files.sha256(sample.path) != sample.sha256:
            raise StudioError(
                f"The sample {sample.path.name} is missing or damaged.",
                "Delete this sample of the voice, or record it again.",
            )
    if voice.adapter is not None:
        members[_ADAPTER] = voice.adapter.checked()
    if sum(source.stat().st_size for source in members.values()) > LARGEST:
        raise StudioError(
            f"The samples of this voice are larger than the {LARGEST >> 20} MB of a voice file.",
            "Delete some of its samples.",
        )
    manifest: dict[str, Any] = {
        "format": 1,
        "name": voice.name,
        "tags": list(voice.tags),
        "note": voice.note,
        "consent": voice.consent,
        "samples": [
            {
                "file": member,
                "sha256": sample.sha256,
                "transcript": sample.transcript,
                "verdict": dict(sample.verdict),
            }
            for member, sample in zip(members, voice.samples, strict=False)
        ],
    }
    if voice.adapter is not None:
        manifest.update(format=2, adapter={"file": _ADAPTER, "sha256": voice.adapter.sha256})
    if voice.made_of:
        manifest.update(format=FORMAT, made_of=[list(each) for each in voice.made_of])
    with files.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        for member, source in members.items():
            archive.write(source, member)


class Bundle:
    """A voice file, verified and unpacked into a temporary folder for as long as it is open.

    Attributes:
        name, tags, note, consent: as they were when it was written.
        samples: to be added to a library.
        adapter: the file that the voice was fine-tuned to; None for an instant voice.
        made_of: names and shares of the voices that it was mixed of.

    Raises:
        StudioError: it is no voice file, is damaged, too large, or of a later format.
    """

    def __init__(self, path: Path) -> None:
        with contextlib.ExitStack() as ends, _refusing(path):
            folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="ditar-voice-"))
            if not path.is_file():
                raise StudioError(f"{path.name} is not there.", "Choose a file that exists.")
            _check_end(path)
            with zipfile.ZipFile(path) as archive:
                self._read(archive, _members(archive, path.stat().st_size), Path(folder))
            self._ends = ends.pop_all()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def _read(
        self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], folder: Path
    ) -> None:
        manifest = json.loads(
            archive.read(members.pop(MANIFEST)), parse_constant=foreign.no_constant
        )
        if foreign.typed(int, manifest["format"]) > FORMAT:
            raise StudioError(
                "This voice file was written by a newer DiTAR Studio.", "Update DiTAR Studio."
            )
        self.name = foreign.text(manifest["name"], _LONGEST_NAME)
        self.tags = tuple(
            foreign.text(tag, _LONGEST_NAME) for tag in foreign.typed(list, manifest["tags"])
        )
        self.note = foreign.text(manifest["note"])
        self.consent = foreign.text(manifest["consent"])
        entries = foreign.typed(list, manifest["samples"])
        tuned = foreign.typed(dict, manifest["adapter"]) if "adapter" in manifest else None
        named = [entry["file"] for entry in (*entries, *([tuned] if tuned else ()))]
        if sorted(named) != sorted(members) or (tuned and tuned["file"] != _ADAPTER):
            raise ValueError("not the members that the manifest names")
        self.samples = tuple(
            _sample(_unpack(archive, members[entry["file"]], entry, folder), entry)
            for entry in entries
        )
        self.made_of = _mixture(manifest.get("made_of", []))
        self.adapter = None
        if tuned is not None:
            self.adapter = _unpack(archive, members[_ADAPTER], tuned, folder)
            adapter.read_card(self.adapter)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except StudioError:
        raise
    except OSError as error:
        raise StudioError(
            f"{path.name} could not be unpacked: {error.strerror or error}.",
            "Check that it may be read and that the disk is not full.",
        ) from error
    except Exception as error:  # zipfile, zlib and json raise nearly anything at foreign data
        raise StudioError(
            f"{path.name} is not a voice file, or it is damaged.",
            "Get it again from where it came from.",
        ) from error


def _check_end(path: Path) -> None:
    """Refuse a directory so long that reading it alone would fill the memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END - 20))
        tail = file.read()
    end, before = tail[-_END:], tail[:-_END]
    if not end.startswith(b"PK\5\6") or end[-2:] != b"\0\0" or before.startswith(b"PK\6\7"):
        raise ValueError("not the end of a zip that we write")
    if int.from_bytes(end[12:16], "little") > _LARGEST_DIRECTORY:
        raise ValueError("directory too long")


def _members(archive: zipfile.ZipFile, packed: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, when all are such as we write."""
    members = {info.filename: info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise ValueError("a member is there twice")
    for name, info in members.items():
        if name not in (MANIFEST, _ADAPTER) and not _SAMPLE.fullmatch(name):
            raise ValueError("a member of another kind")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise ValueError("a link, or locked")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("packed in another way")
    unpacked = sum(info.file_size for info in members.values())
    if unpacked > min(LARGEST, _LARGEST_RATIO * packed):
        raise StudioError(
            "This voice file would unpack to more than a voice can be.",
            "Get it again from where it came from.",
        )
    if members[MANIFEST].file_size > _LARGEST_MANIFEST:
        raise ValueError("manifest too long")
    return members


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, entry: dict[str, Any], folder: Path
) -> Path:
    """Unpack one member of the archive, which must be as its entry in the manifest says."""
    path = folder / member.filename
    digest = hashlib.sha256()
    with archive.open(member) as source, path.open("wb") as copy:
        while block := source.read(1 << 20):
            digest.update(block)
            copy.write(block)
    if digest.hexdigest() != entry["sha256"]:
        raise StudioError(
            "This voice file is damaged: a part does not match its checksum.",
            "Get it again from where it came from.",
        )
    return path


def _mixture(values: Any) -> tuple[tuple[str, float], ...]:
    mixed = []
    for name, share in foreign.typed(list, values)[:_MOST_MIXED]:
        if not 0 < foreign.typed(float, share) <= 1:
            raise ValueError("not a share")
        mixed.append((foreign.text(name, _LONGEST_NAME), share))
    return tuple(mixed)


def _sample(path: Path, entry: dict[str, Any]) -> NewSample:
    if files.audio_seconds(path) == 0:
        raise ValueError("sample is not audio")
    return NewSample(
        path, foreign.text(entry["transcript"]), foreign.plain(entry.get("verdict", {}))
    )
