"""The models that can be downloaded: from where, which files, and what is known of them.

Sizes and checksums are those of the publisher's listing of a pinned revision, as several public
projects have recorded them alike. Where none is known, sizes and checksums are None and the
program says that the model is not verified.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote

_PUBLISHER, _MIRROR = "https://huggingface.co", "https://hf-mirror.com"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a model.

    Attributes:
        name: in the model's folder.
        size: in bytes, where it is known.
        sha256: hexadecimal, where it is known.
    """

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Offer:
    """A model that can be downloaded.

    Attributes:
        name: as commands call it; also its folder's name.
        title: as shown.
        repository: of the publisher, as OWNER/NAME.
        revision: the commit of it that is fetched.
        files: all of them.
        about_bytes: roughly how much there is to download.
        licence: of the weights.
    """

    name: str
    title: str
    repository: str
    revision: str
    files: tuple[RemoteFile, ...]
    about_bytes: int
    licence: str = "Apache-2.0"

    @property
    def verified(self) -> bool:
        """Whether the checksums of all files are known."""
        return all(file.sha256 is not None for file in self.files)

    def address(self, host: str, file: RemoteFile) -> str:
        """Return the address of a file at one of the hosts."""
        return f"{host}/{self.repository}/resolve/{self.revision}/{quote(file.name)}"


def hosts_of(offer: Offer) -> tuple[str, ...]:
    """Return where to fetch a model, without a slash at the end, in the order to try them.

    `HF_ENDPOINT` names another host, as for other programs. What can't be verified is fetched from
    the publisher's or the user's alone.
    """
    chosen = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    if chosen:
        return (chosen,)
    return (_PUBLISHER, _MIRROR) if offer.verified else (_PUBLISHER,)


_TEXTS = (
    RemoteFile("config.json"),
    RemoteFile("tokenizer.json"),
    RemoteFile("tokenizer_config.json"),
    RemoteFile("special_tokens_map.json"),
)

OFFERS = (
    Offer(
        "voxcpm-0.5b",
        "VoxCPM 0.5B (Chinese, English; 16 kHz)",
        "openbmb/VoxCPM-0.5B",
        "f67d35a3848e0bec0fdb8c33e6fc92cf293ee72f",
        (*_TEXTS, RemoteFile("audiovae.pth", 301_494_192), RemoteFile("pytorch_model.bin")),
        1_610_000_000,
    ),
    Offer(
        "voxcpm-1.5",
        "VoxCPM 1.5 (Chinese, English; 44.1 kHz)",
        "openbmb/VoxCPM1.5",
        "8cdc403854cda0e3af12252d27da038fda5982ac",
        (*_TEXTS, RemoteFile("audiovae.pth"), RemoteFile("model.safetensors")),
        1_950_000_000,
    ),
    Offer(
        "voxcpm-2",
        "VoxCPM 2 (30 languages; 48 kHz)",
        "openbmb/VoxCPM2",
        "bffb3df5a29440629464e5e839f4d214c8714c3d",
        (
            RemoteFile(
                "config.json",
                4_336,
                "405f0dcd92f7feba6011ed4eac5c8d4f74cba9712f07fd5cfa3063bbdd95402c",
            ),
            RemoteFile(
                "tokenizer.json",
                3_676_772,
                "f8984687e4a92a3503d521396d454b7d68e9fdaab2a0288eb3536c7c1aa4bc20",
            ),
            RemoteFile(
                "tokenizer_config.json",
                5_059,
                "e78a3ebb48a0b9437efd1823b6b726c823da89e49dd8bcc90c02419d9baa772b",
            ),
            RemoteFile(
                "special_tokens_map.json",
                1_632,
                "068594063e37662c02b21acf42ebb334ef6a74fb810e68a2368f88f08351de76",
            ),
            RemoteFile(
                "audiovae.pth",
                376_951_122,
                "94b5d51e107e0507d4acc976cfdadb64edd6fd06d1f751dadbf2fd1594274bf1",
            ),
            RemoteFile(
                "model.safetensors",
                4_580_080_592,
                "f7f964cfa9da23653baec6e6f7750719977ad944ed9f95fe52fe3a620506891d",
            ),
        ),
        4_961_000_000,
    ),
)
