"""Reading documents that are zip files: bounded in every respect, whatever the file says."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import Final
from urllib.parse import unquote

from ditar_studio.errors import StudioError

MOST_MEMBERS: Final = 50_000
LARGEST_MEMBER: Final = 96 << 20
LARGEST_TOTAL: Final = 384 << 20
_LARGEST_RATIO: Final = 400
"""Of what is unpacked to what is packed; a novel gets three to ten times smaller."""
_SMALL: Final = 4 << 20
_BLOCK: Final = 1 << 20


class Archive:
    """The members of a zip file.

    Raises:
        StudioError: it is no zip file, or not one that a document would be.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._name = name
        self._read = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise self._damaged() from error
        if len(self._zip.infolist()) > MOST_MEMBERS:
            raise self._too_large()
        self._members = {info.filename: info for info in self._zip.infolist()}
        self._folded = {name.casefold(): info for name, info in self._members.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._members or name.casefold() in self._folded

    def read(self, name: str) -> bytes:
        """Read a member's content.

        Raises:
            StudioError: there is none of this name, it is damaged, locked or too large.
        """
        info = self._members.get(name) or self._folded.get(name.casefold())
        if info is None:
            raise self._damaged()
        if info.flag_bits & 1:
            raise StudioError(
                f"“{self._name}” is locked.", "Choose one without copy protection or password."
            )
        blocks: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as file:
                while block := file.read(_BLOCK):
                    blocks.append(block)
                    size += len(block)
                    self._read += len(block)
                    self._check(size, info.compress_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as e:
            raise self._damaged() from e
        except NotImplementedError as error:
            raise self._damaged() from error
        return b"".join(blocks)

    def _check(self, size: int, packed: int) -> None:
        swollen = size > _SMALL and size > _LARGEST_RATIO * max(1, packed)
        if size > LARGEST_MEMBER or self._read > LARGEST_TOTAL or swollen:
            raise self._too_large()

    def _damaged(self) -> StudioError:
        return StudioError(
            f"“{self._name}” is damaged, or not what its name says.",
            "Open it in the program that made it, and save it again.",
        )

    def _too_large(self) -> StudioError:
        return StudioError(
            f"“{self._name}” unpacks to more than any document holds.", "Choose another file."
        )


def beside(member: str, link: str) -> tuple[str, str]:
    """Return the member that a link in another one leads to, and the place in it."""
    path, _, fragment = link.partition("#")
    path = unquote(path)
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(member), path)) if path else member
    return whole.lstrip("/"), unquote(fragment)
