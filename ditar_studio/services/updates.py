"""The newest release. Asked for only where the user has switched that on."""

from __future__ import annotations

import http.client
import json
import re
import urllib.request
from dataclasses import dataclass

from ditar_studio.errors import StudioError
from ditar_studio.version import __version__

RELEASES = "https://api.github.com/repos/ditar-studio/ditar-studio/releases/latest"
"""Tells the newest release that is neither a draft nor a trial."""

_LONGEST_ANSWER = 1 << 20
_PAGES = "https://github.com/ditar-studio/ditar-studio/releases/"


@dataclass(frozen=True)
class Release:
    """A release of this program: its version, and the address of its page."""

    version: str
    page: str


def newer_release(
    address: str = RELEASES, current: str = __version__, timeout: float = 10.0
) -> Release | None:
    """Return the newest release, if it is newer than this program. The request says nothing of
    either.

    Args:
        address: that is asked.
        current: this program's version.
        timeout: seconds after which a silent server is given up.

    Raises:
        StudioError: it can't be asked, or the answer can't be understood.
    """
    request = urllib.request.Request(address, headers={"User-Agent": "ditar-studio"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            newest = json.loads(answer.read(_LONGEST_ANSWER))
        version = str(newest["tag_name"]).removeprefix("v")
        newer = _numbers(version) > _numbers(current)
    except (OSError, http.client.HTTPException) as error:
        raise StudioError(f"The newest release can't be asked for: {error}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StudioError("The answer about the newest release can't be understood.") from error
    return Release(version, f"{_PAGES}tag/v{version}") if newer else None


def _numbers(version: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6}){0,3}", version):
        raise ValueError(f"{version!r} is no version")
    numbers = tuple(map(int, version.split(".")))
    return numbers + (0,) * (4 - len(numbers))
