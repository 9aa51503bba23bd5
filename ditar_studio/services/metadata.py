"""Metadata of an exported file: that it is synthetic, and the recipe it was made from.

Both stand in the comment tag: in a LIST INFO chunk of WAV (RIFF), a Vorbis comment of FLAC and Opus
(RFC 7845), an ID3v2.4 COMM frame of MP3. The recipe is compressed JSON in letters that every tag
keeps, so that it is found again by its marker whatever the format. Where a recipe is too long for
the format it goes into a file beside the sound.
"""

from __future__ import annotations

import base64
import json
import os
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store.recipe import Recipe
from ditar_studio.version import __version__

_STATEMENT = "Synthetic speech, made with DiTAR Studio"
MARKER = "ditar-recipe:"
SIDECAR = ".recipe.json"
LONGEST_OPUS_COMMENT = 30_000  # the whole comment header has to fit one Ogg page of 65 kB

_SCANNED = 8 << 20
_LARGEST_RECIPE = 64 << 20


@dataclass(frozen=True)
class ChapterMark:
    """A chapter of a sound file, and when it begins, in seconds."""

    title: str
    start: float


@dataclass(frozen=True)
class Tags:
    """The tags of a sound file.

    Attributes:
        title: of the file.
        voice: name of the voice.
        comment: comes from `comment`.
        author, album: of the whole that the file is (a part of).
        track: its number among the files of the album, and how many there are.
        cover: a picture, JPEG or PNG.
        chapters: in order; only formats for audiobooks have them.
    """

    title: str
    voice: str
    comment: str
    author: str = ""
    album: str = ""
    track: tuple[int, int] | None = None
    cover: bytes = field(default=b"", repr=False)
    chapters: tuple[ChapterMark, ...] = ()

    @property
    def program(self) -> str:
        """What made the file."""
        return f"DiTAR Studio {__version__}"


def mark() -> str:
    """Return the statement that a file is synthetic speech."""
    return f"{_STATEMENT} {__version__}."


def has_statement(path: Path) -> bool:
    """Return whether a sound file's tags say that it is synthetic speech of this program.

    Raises:
        StudioError: it can't be read.
    """
    try:
        return _STATEMENT.encode() in _ends(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def comment(recipes: Sequence[Recipe]) -> str:
    """Return the mark and the recipes of all pieces in a file, in order."""
    packed = base64.urlsafe_b64encode(zlib.compress(recipes_json(recipes).encode(), 9)).decode()
    return f"{mark()} {MARKER}{packed}."


def recipes_json(recipes: Sequence[Recipe]) -> str:
    """Return the recipes as one JSON text."""
    return json.dumps([json.loads(recipe.to_json()) for recipe in recipes], ensure_ascii=False)


def open_recipe(path: Path) -> list[Recipe]:
    """Return the recipes of the pieces in an exported sound file, in order.

    Raises:
        StudioError: the file has none, or cannot be read.
    """
    try:
        if not path.is_file():
            raise StudioError(f"There is no file “{path}”.", "Check the path.")
        sidecar = path.with_name(path.name + SIDECAR)
        if path.name.endswith(SIDECAR):
            text = path.read_text("utf-8")
        elif (packed := _found(path)) is not None:
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(base64.urlsafe_b64decode(packed), _LARGEST_RECIPE).decode()
        elif sidecar.is_file():
            text = sidecar.read_text("utf-8")
        else:
            raise StudioError(
                f"There is no recipe in {path.name}.", "Choose a file that DiTAR Studio exported."
            )
        return [Recipe.from_json(json.dumps(values)) for values in json.loads(text)]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, TypeError, RecursionError, zlib.error) as error:
        raise StudioError(
            f"The recipe in {path.name} is damaged.", "Use the file as it was exported."
        ) from error


def riff_info(tags: Tags) -> bytes:
    """Return a LIST INFO chunk, as it stands in a WAV file."""
    chunks = b"INFO"
    for name, text in (
        (b"INAM", tags.title),
        (b"IART", tags.voice),
        (b"ISFT", f"DiTAR Studio {__version__}"),
        (b"ICMT", tags.comment),
    ):
        data = text.encode() + b"\0"
        chunks += name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"LIST" + struct.pack("<I", len(chunks)) + chunks


def tag_wav(path: Path, tags: Tags) -> None:
    """Append a LIST INFO chunk to a WAV file."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        file.write(b"\0" * (end % 2) + riff_info(tags))
        length = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", length))


def id3(tags: Tags, seconds: float = 0.0) -> bytes:
    """Return an ID3v2.4 tag with UTF-8 text, to stand before the first frame of an MP3 file.

    Chapters are those of the ID3v2 Chapter Frame Addendum.

    Args:
        tags: what to write.
        seconds: length of the sound, where the last chapter ends.
    """
    number = "/".join(map(str, tags.track)) if tags.track else ""
    frames = b"".join(
        _text_frame(name, text)
        for name, text in (
            (b"TIT2", tags.title),
            (b"TALB", tags.album),
            (b"TPE1", tags.author or tags.voice),
            (b"TPE2", tags.author),
            (b"TCOM", tags.voice if tags.author else ""),
            (b"TCON", "Audiobook" if tags.chapters or tags.author else ""),
            (b"TRCK", number),
            (b"TSSE", tags.program),
        )
        if text
    )
    frames += _frame(b"COMM", b"\x03eng\0" + tags.comment.encode() + b"\0")
    if tags.cover:
        kind = b"image/png" if tags.cover.startswith(b"\x89PNG") else b"image/jpeg"
        frames += _frame(b"APIC", b"\x03" + kind + b"\0\x03\0" + tags.cover)
    frames += _chapter_frames(tags.chapters, seconds)
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames


def _chapter_frames(chapters: Sequence[ChapterMark], seconds: float) -> bytes:
    if not chapters:
        return b""
    chapters = chapters[:255]
    names = [f"chp{number}".encode() + b"\0" for number in range(len(chapters))]
    contents = b"toc\0\x03" + bytes([len(chapters)]) + b"".join(names)
    frames = _frame(b"CTOC", contents)
    ends = [*(chapter.start for chapter in chapters[1:]), seconds]
    for name, chapter, end in zip(names, chapters, ends, strict=True):
        times = struct.pack(
            ">IIII", round(1000 * chapter.start), round(1000 * end), 0xFFFFFFFF, 0xFFFFFFFF
        )
        frames += _frame(b"CHAP", name + times + _text_frame(b"TIT2", chapter.title))
    return frames


def _text_frame(name: bytes, text: str) -> bytes:
    return _frame(name, b"\x03" + text.encode() + b"\0")


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _syncsafe(len(content)) + b"\0\0" + content


def _syncsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _found(path: Path) -> bytes | None:
    """Return the packed recipe in a file's beginning or end."""
    match = re.search(re.escape(MARKER).encode() + rb"([A-Za-z0-9_=-]+)\.", _ends(path))
    return match.group(1) if match else None


def _ends(path: Path) -> bytes:
    """Return a file's beginning and end, where tags are."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        data = file.read(_SCANNED)
        if size > _SCANNED:
            file.seek(max(_SCANNED, size - _SCANNED))
            data += file.read()
    return data


def _unreadable(path: Path, error: OSError) -> StudioError:
    return StudioError(
        f"{path.name} could not be read: {error.strerror or error}.", "Choose another file."
    )
