"""File names from a template, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from ditar_studio.errors import StudioError

FIELDS = ("project", "number", "speaker", "text", "date", "seed", "chapter")
DEFAULT_TEMPLATE = "{project} {number} {speaker}"

_LONGEST = 150
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)}


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a safe file name, without suffix, from a template such as "{project} {number}".

    Raises:
        StudioError: the template names a field that does not exist.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in FIELDS:
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise StudioError(f"The file name has no {{{name}}}.", f"Use {known}.")
        return values.get(name, "")

    return safe(re.sub(r"\{(\w*)\}", value, template))


def safe(name: str) -> str:
    """Return the name without what Windows, macOS or Linux cannot have in one; never empty."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r'[<>:"/\\|?*]', " ", name)
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    name = " ".join(name.split())
    name = name.encode()[:_LONGEST].decode(errors="ignore")
    name = name.strip(" .")
    if is_reserved(name):
        name = f"_{name}"
    return name or "Untitled"


def is_reserved(name: str) -> bool:
    """Return whether Windows keeps the name for a device."""
    return name.split(".")[0].strip().casefold() in _RESERVED


def free(name: str, taken: Collection[str]) -> str:
    """Return the name itself, or with a number behind it; `taken` holds names in lower case."""
    number, tried = 1, name
    while tried.casefold() in taken:
        number += 1
        tried = f"{name} {number}"
    return tried
