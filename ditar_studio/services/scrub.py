"""Removing from a text who somebody is, where their files are and what they write."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Iterable
from pathlib import Path

_OWN = re.compile(r"[^\s\"'“”]*[/\\]((?:ditar_studio|site-packages|lib[/\\]python3\.\d+)[/\\])")
_POSIX_PATH = re.compile(r"(?<![\w…./\\])(?:~|/[\w.@+-])[^\s\"'“”:,;)]*(?:/[^\s\"'“”:,;)]*)+")
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:\\|\\\\)[^\"'“”\n:;,]*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_QUOTED = re.compile(r"“[^”\n]*”")
_SHORTEST = 3


class Scrubber:
    """Takes private things out of texts.

    Args:
        private: names and texts to take out wherever they stand; those of under 3 letters stay.
        folders: folders to take out, besides the user's own.
    """

    def __init__(self, private: Iterable[str], folders: Iterable[Path] = ()) -> None:
        words = {_user(), platform.node(), Path.home().name}
        for text in private:
            words.add(text.strip())
            words.update(part.strip() for part in text.splitlines())
        kept = {word for word in words if len(word) >= _SHORTEST}
        kept |= {repr(word)[1:-1] for word in kept}
        kept -= {"root", "home", "user"}
        ordered = sorted(kept, key=len, reverse=True)
        pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in ordered)
        self._private = re.compile(pattern or r"(?!)", re.IGNORECASE)
        places = sorted({str(Path.home()), *map(str, folders)}, key=len, reverse=True)
        self._folders = re.compile("|".join(re.escape(place) for place in places))

    def scrub(self, text: str) -> str:
        """Return the text without user names, private words, quoted names, mail addresses and
        paths.

        Paths of program files keep the part that says which file of the program it is.
        """
        text = _MAIL.sub("<mail>", _QUOTED.sub("“…”", text))
        text = _OWN.sub(r"…/\1", text)
        text = self._private.sub("<private>", text)
        text = self._folders.sub("<folder>", text)
        text = _WINDOWS_PATH.sub("<path>", text)
        return _POSIX_PATH.sub("<path>", text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
