"""Voice files from anywhere: taken as they are or refused in one sentence, with nothing left."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.store import bundle
from ditar_studio.store.library import Library
from ditar_studio.store.voices import NewSample

Members = list[tuple[zipfile.ZipInfo | str, bytes]]
Change = Callable[[dict[str, Any], Members], None]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system's temporary files go in these tests."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def good(library: Library, wav: Path, tmp_path: Path) -> Path:
    samples = [NewSample(wav, "One.", {"severity": "good", "items": [{"topic": "noise"}]})] * 2
    voice = library.voices.create("Anna", samples, tags=["warm"], note="n").value
    path = tmp_path / "anna.ditarvoice"
    library.voices.export_bundle(voice.id, path)
    return path


def rebuild(path: Path, change: Change, packing: int = zipfile.ZIP_STORED) -> None:
    """Write a voice file anew with other members or another manifest."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        members: Members = [(n, archive.read(n)) for n in archive.namelist() if n[0] == "0"]
    change(manifest, members)
    text = manifest.pop("raw", None) or json.dumps(manifest)
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("manifest.json", text)
        for name, data in members:
            archive.writestr(name, data, packing)


def put(name: str, value: object) -> Change:
    return lambda manifest, _members: manifest.update({name: value})


def put_in_sample(name: str, value: object) -> Change:
    return lambda manifest, _members: manifest["samples"][0].update({name: value})


def add(name: str, data: bytes = b"x") -> Change:
    return lambda _manifest, members: members.append((name, data))


def rename(name: str) -> Change:
    """Give a sample another name, in the manifest too."""

    def change(manifest: dict[str, Any], members: Members) -> None:
        manifest["samples"][0]["file"] = name
        members[0] = (name, members[0][1])

    return change


def link(_manifest: dict[str, Any], members: Members) -> None:
    info = zipfile.ZipInfo("01.wav")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    members[0] = (info, b"/etc/passwd")


def share_one_file(manifest: dict[str, Any], members: Members) -> None:
    manifest["samples"] = [manifest["samples"][0]] * 1000
    del members[1]


def silence(manifest: dict[str, Any], members: Members) -> None:
    for number in range(3, 10):
        name = f"{number:02d}.wav"
        members.append((name, bytes(4_000_000)))
        manifest["samples"].append({**manifest["samples"][0], "file": name})


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


CHANGES: dict[str, Change] = {
    "a foreign member": add("readme.txt"),
    "a member above the folder": add("../evil.wav"),
    "an absolute member": add("/tmp/evil.wav"),
    "a member by drive": add("C:\\evil.wav"),
    "a folder": add("03.wav/"),
    "a doubled member": add("01.wav"),
    "a doubled manifest": add("manifest.json", b"{}"),
    "a member that no sample has": add("03.wav"),
    "ten thousand members": lambda _m, members: members.extend(
        [(f"{n:04d}.wav", b"") for n in range(100, 9999)]
    ),
    "a sample above the folder": rename("../01.wav"),
    "a sample with an absolute path": rename("/tmp/01.wav"),
    "a sample with a long ending": rename("01." + "w" * 300),
    "a link": link,
    "one file for a thousand samples": share_one_file,
    "a missing sample": lambda _manifest, members: members.pop() and None,
    "a sample that is no sound": lambda _m, members: members.__setitem__(0, ("01.wav", b"x" * 99)),
    "no name": lambda manifest, _members: manifest.pop("name"),
    "an empty name": put("name", " "),
    "half a surrogate pair in the name": put("name", "\ud800"),
    "half a surrogate pair in a tag": put("tags", ["\udfff"]),
    "half a surrogate pair in a transcript": put_in_sample("transcript", "\ud800"),
    "half a surrogate pair in a verdict": put_in_sample("verdict", {"topic": "\ud800"}),
    "a very long name": put("name", "a" * 100_000),
    "a number for a name": put("name", 3),
    "a text for tags": put("tags", "warm"),
    "numbers for tags": put("tags", [1, 2]),
    "nothing for a note": put("note", None),
    "a list for samples": put("samples", {"file": "01.wav"}),
    "numbers for samples": put("samples", [1, 2]),
    "a list for a file": put_in_sample("file", ["01.wav"]),
    "a number for a checksum": put_in_sample("sha256", 1),
    "a list for a verdict": put_in_sample("verdict", [1]),
    "a deep verdict": put_in_sample("verdict", {"items": deep(500)}),
    "a verdict that is no number": put_in_sample("verdict", {"snr": float("nan")}),
    "no end of a number": put_in_sample("verdict", {"snr": 1e999}),
    "a digit for a format": put("format", "1"),
    "true for a format": put("format", True),
    "a later format": put("format", 4),
    "a huge format": put("format", 10**4000),
    "an endless format": put("format", float("inf")),
    "a deep manifest": put("raw", "[" * 200_000),
    "a manifest that is a list": put("raw", "[1]"),
    "a manifest that is no JSON": put("raw", "{"),
    "a manifest in no encoding": put("raw", b"\xff\xfe\xff"),
    "a number of ten thousand digits": put("raw", '{"format": ' + "9" * 10_000 + "}"),
    "a manifest of megabytes": put("note", "a" * (1 << 21)),
    "seven times silence": silence,
}


def refused(library: Library, path: Path, temporary: Path) -> StudioError:
    before = {*library.root.rglob("*")}
    voices = library.voices.all()
    with pytest.raises(StudioError) as received:
        library.voices.import_bundle(path)
    assert received.value.message.endswith(".")
    assert "\n" not in received.value.message
    assert received.value.remedy
    assert list(temporary.iterdir()) == []
    assert {*library.root.rglob("*")} == before
    assert library.voices.all() == voices
    return received.value


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=str)
@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_voice_file_is_refused(
    name: str, packing: int, library: Library, good: Path, temporary: Path
) -> None:
    rebuild(good, CHANGES[name], packing)
    refused(library, good, temporary)


def test_an_unchanged_one_is_taken_packed_or_not(library: Library, good: Path) -> None:
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rebuild(good, lambda _manifest, _members: None, packing)
        assert len(library.voices.import_bundle(good).value.samples) == 2


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str)
def test_other_packings_are_refused(
    packing: int, library: Library, good: Path, temporary: Path
) -> None:
    rebuild(good, lambda _manifest, _members: None, packing)
    refused(library, good, temporary)


def bytes_of(*parts: bytes) -> Callable[[bytes], bytes]:
    return lambda _data: b"".join(parts)


def lock(data: bytes) -> bytes:
    """Say of every member that it needs a password."""
    for sign, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = data.find(sign)
        while start >= 0:
            data = data[: start + place] + b"\x01\x00" + data[start + place + 2 :]
            start = data.find(sign, start + 4)
    return data


def long_directory(data: bytes) -> bytes:
    return data[:-10] + struct.pack("<I", 1 << 30) + data[-6:]


def zip64(data: bytes) -> bytes:
    return data[:-22] + b"PK\6\7" + bytes(16) + data[-22:]


RAW: dict[str, Callable[[bytes], bytes]] = {
    "nothing": bytes_of(),
    "one byte": bytes_of(b"P"),
    "text": bytes_of(b"not a zip at all " * 10),
    "an empty zip": bytes_of(b"PK\5\6", bytes(18)),
    "the first half": lambda data: data[: len(data) // 2],
    "the last half": lambda data: data[len(data) // 2 :],
    "without its last byte": lambda data: data[:-1],
    "with something behind it": lambda data: data + b"x" * 30,
    "zeros in the middle": lambda data: data[:3000] + bytes(9000) + data[12000:],
    "locked": lock,
    "a long directory": long_directory,
    "a directory for large zips": zip64,
}


@pytest.mark.parametrize("name", RAW)
def test_broken_bytes_are_refused(name: str, library: Library, good: Path, temporary: Path) -> None:
    good.write_bytes(RAW[name](good.read_bytes()))
    refused(library, good, temporary)


def test_every_flipped_byte_is_refused_or_harmless(
    library: Library, good: Path, temporary: Path
) -> None:
    data = good.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        audio = archive.getinfo("01.wav").header_offset
    for place in [*range(0, audio, 97), *range(len(data) - 200, len(data))]:
        good.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            with bundle.Bundle(good) as opened:
                assert opened.name == "Anna"
                assert [sample.transcript for sample in opened.samples] == ["One."] * 2
        except StudioError:
            pass
        assert list(temporary.iterdir()) == []


def test_a_small_file_that_would_fill_the_disk_is_refused(
    library: Library, good: Path, temporary: Path
) -> None:
    rebuild(good, silence, zipfile.ZIP_DEFLATED)
    assert good.stat().st_size < 200_000
    assert "would unpack to more" in refused(library, good, temporary).message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_is_no_file_is_reported_at_once(
    library: Library, tmp_path: Path, temporary: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.ditarvoice")
    for path in (tmp_path / "pipe.ditarvoice", tmp_path, tmp_path / "none", Path("/dev/zero")):
        assert "is not there" in refused(library, path, temporary).message


def test_a_full_disk_is_reported_as_such(
    library: Library, good: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_unpack", full)
    assert "No space left on device" in refused(library, good, temporary).message


def test_a_voice_too_large_for_a_file_is_not_written(
    library: Library, wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    monkeypatch.setattr(bundle, "LARGEST", 1000)
    with pytest.raises(StudioError, match="larger than"):
        library.voices.export_bundle(voice.id, tmp_path / "anna.ditarvoice")
    assert not (tmp_path / "anna.ditarvoice").exists()


def test_a_damaged_sample_is_not_passed_on(library: Library, wav: Path, tmp_path: Path) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    sound = voice.samples[0].path
    for spoil in (lambda: sound.write_bytes(sound.read_bytes()[:-1] + b"x"), sound.unlink):
        spoil()
        with pytest.raises(StudioError, match="missing or damaged"):
            library.voices.export_bundle(voice.id, tmp_path / "anna.ditarvoice")
    assert not (tmp_path / "anna.ditarvoice").exists()
