"""What an exported file carries as metadata: that it is synthetic, and the recipe it was made from.

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
from dataclasses import dataclass
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
class Tags:
    """What is written into a file. `comment` comes from `comment`."""

    title: str
    voice: str
    comment: str


def mark() -> str:
    """The statement that a file is synthetic speech."""
    return f"{_STATEMENT} {__version__}."


def has_statement(path: Path) -> bool:
    """Whether a sound file's tags say that it is synthetic speech of this program.

    Raises:
        StudioError: it can't be read.
    """
    try:
        return _STATEMENT.encode() in _ends(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def comment(recipes: Sequence[Recipe]) -> str:
    """The mark and the recipes of all pieces in a file, in order."""
    packed = base64.urlsafe_b64encode(zlib.compress(recipes_json(recipes).encode(), 9)).decode()
    return f"{mark()} {MARKER}{packed}."


def recipes_json(recipes: Sequence[Recipe]) -> str:
    """The recipes as one JSON text."""
    return json.dumps([json.loads(recipe.to_json()) for recipe in recipes], ensure_ascii=False)


def open_recipe(path: Path) -> list[Recipe]:
    """The recipes of the pieces in an exported sound file, in order.

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
    """A LIST INFO chunk, as it stands in a WAV file."""
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


def id3(tags: Tags) -> bytes:
    """An ID3v2.4 tag with UTF-8 text, to stand before the first frame of an MP3 file."""
    frames = b""
    for name, text in (
        (b"TIT2", tags.title),
        (b"TPE1", tags.voice),
        (b"TSSE", f"DiTAR Studio {__version__}"),
        (b"COMM", tags.comment),
    ):
        language = b"eng\0" if name == b"COMM" else b""
        data = b"\x03" + language + text.encode() + b"\0"
        frames += name + _syncsafe(len(data)) + b"\0\0" + data
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames


def _syncsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _found(path: Path) -> bytes | None:
    """The packed recipe in a file's beginning or end."""
    match = re.search(re.escape(MARKER).encode() + rb"([A-Za-z0-9_=-]+)\.", _ends(path))
    return match.group(1) if match else None


def _ends(path: Path) -> bytes:
    """A file's beginning and end, where tags are."""
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
