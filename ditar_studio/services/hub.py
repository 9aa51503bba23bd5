"""Models and voices of a model hub by name: hf://OWNER/NAME, or hf://OWNER/NAME@REVISION.

Asked only when the user names one. The revision is looked up once and pinned, and of the files only
those are fetched that this program reads, none of which can execute anything.
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.services.offers import Offer, RemoteFile, hosts_of
from ditar_studio.store import bundle

SCHEME = "hf://"

_ADDRESS = re.compile(r"hf://([\w.-]+)/([\w.-]+?)(?:@([\w./-]+))?")
_VOICE_ADDRESS = re.compile(r"(hf://[\w.-]+/[\w.-]+?(?:@[\w.-]+)?)(?:/([\w. -]+))?")
_LONGEST_ANSWER = 4 << 20
_NATIVE = ("model.safetensors", "model.json")
_VOXCPM_TEXTS = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
_VAES = ("audiovae.safetensors", "audiovae.pth")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def offer_of(address: str, timeout: float = 30.0) -> Offer:
    """Return what a hub has under an address.

    Args:
        address: hf://OWNER/NAME or hf://OWNER/NAME@REVISION.
        timeout: seconds after which a silent server is given up.

    Raises:
        StudioError: it is no such address, the hub can't be reached, or has no model of a kind that
            this program reads.
    """
    offer, sizes = _resolve(address, timeout)
    return _with(offer, _needed(sizes, offer.repository), sizes)


def voice_of(address: str, timeout: float = 30.0) -> Offer:
    """Return the one file that a hub has of a voice.

    Args:
        address: as for `offer_of`; of several voices /FILE names the one.
        timeout: seconds after which a silent server is given up.

    Raises:
        StudioError: it is no such address, the hub can't be reached, has no voice there or several,
            or one that is too large.
    """
    found = _VOICE_ADDRESS.fullmatch(address)
    repository, wanted = found.groups() if found is not None else (address, None)
    offer, sizes = _resolve(repository, timeout)
    names = sorted(name for name in sizes if PurePosixPath(name).suffix == bundle.SUFFIX)
    if wanted is not None:
        names = [name for name in names if name == wanted]
    if len(names) > 1:
        raise StudioError(
            f"{offer.repository} has several voices: {', '.join(names)[:300]}.",
            f"Name one: {repository}/{names[0]}",
        )
    if not names:
        raise StudioError(
            f"{offer.repository} has no such voice.",
            f"Name one that has a file which ends in “{bundle.SUFFIX}”.",
        )
    if sizes[names[0]] > bundle.LARGEST:
        raise StudioError(f"{names[0]} is too large for a voice.", "Name another.")
    return _with(offer, names, sizes)


def _resolve(address: str, timeout: float) -> tuple[Offer, dict[str, int]]:
    """Return a repository at the revision that it has now, as an offer without files, and their
    sizes.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or ".." in address:
        raise StudioError(
            f"“{address[:80]}” is not the address of a model or voice.", "Write hf://OWNER/NAME."
        )
    owner, name, wanted = found.groups()
    repository = f"{owner}/{name}"
    offer = Offer(f"{owner}--{name}", repository, repository, wanted or "main", (), 0, "unknown")
    api = f"{hosts_of(offer)[0]}/api/models/{repository}"
    described = _fetch_json(
        f"{api}/revision/{urllib.parse.quote(offer.revision, safe='')}", timeout
    )
    revision = str(described.get("sha", "")) if isinstance(described, dict) else ""
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise _not_understood(repository)
    licence = str((described.get("cardData") or {}).get("license", "unknown"))
    listing = _fetch_json(f"{api}/tree/{revision}", timeout)
    return replace(offer, revision=revision, licence=licence), _sizes(listing, repository)


def _with(offer: Offer, names: list[str], sizes: dict[str, int]) -> Offer:
    files = tuple(RemoteFile(name, sizes[name]) for name in names)
    return replace(offer, files=files, about_bytes=sum(sizes[name] for name in names))


def _needed(sizes: dict[str, int], repository: str) -> list[str]:
    """Return the files of a model among those of a repository."""
    if all(name in sizes for name in _NATIVE):
        return list(_NATIVE)
    vae = next((name for name in _VAES if name in sizes), None)
    weights = next((name for name in _WEIGHTS if name in sizes), None)
    texts = [name for name in _VOXCPM_TEXTS if name in sizes]
    if vae is None or weights is None or not {"config.json", "tokenizer.json"} <= set(texts):
        raise StudioError(
            f"{repository} has no model that can be used here.",
            "Name one of DiTAR Studio's or of VoxCPM's.",
        )
    return [*texts, vae, weights]


def _sizes(listing: Any, repository: str) -> dict[str, int]:
    try:
        return {str(each["path"]): int(each["size"]) for each in listing if each["type"] == "file"}
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(repository) from error


def _fetch_json(address: str, timeout: float) -> Any:
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:
            return json.loads(answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):
            raise StudioError(
                "The hub has no such model or voice, or it is private.",
                "Check the name and the revision.",
            ) from error
        raise StudioError(
            f"The hub refuses with the code {error.code}.", "Try again later."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise StudioError(
            "The hub can't be reached.", "Check the connection, or name another with HF_ENDPOINT."
        ) from error
    except ValueError as error:
        raise _not_understood(address) from error


def _not_understood(what: str) -> StudioError:
    return StudioError(f"The hub's answer about {what} can't be understood.", "Try again later.")
