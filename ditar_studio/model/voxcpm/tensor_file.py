"""Files of weights: what is in them, read without running anything, and each tensor only once."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.model.checks import all_finite

_REMAP = 256 << 20
"""Bytes read from one mapping of a pickled file before it is closed and opened again."""

_AGAIN = "Download the model again, or choose the folder of an intact copy."

Shapes = dict[str, tuple[int, ...]]


class TensorFile:
    """The tensors of one weights file, by name, mapped; each is given out once, to be copied."""

    def __init__(self, path: Path) -> None:
        """Raises StudioError if the file is unreadable or holds anything but tensors."""
        self.path = path
        self._safe = path.suffix == ".safetensors"
        self._taken = 0
        self._held: dict[str, Tensor] = {}
        self.shapes: Shapes = {}
        try:
            if self._safe:
                with safe_open(path, framework="pt") as file:
                    names = list(file.keys())
                    for name in names:
                        self.shapes[name] = tuple(file.get_slice(name).get_shape())
            else:
                self._held = _read_pickle(path)
                self.shapes = {name: tuple(value.shape) for name, value in self._held.items()}
        except StudioError:
            raise
        except (SafetensorError, OSError, ValueError, TypeError) as error:
            raise unreadable(path) from error

    def pop(self, name: str) -> Tensor:
        """Return the tensor, which this object then no longer holds; StudioError if it holds no
        weights.

        To look at all values costs 0.06 s a gigabyte.
        """
        tensor = self._load(name)
        if not tensor.is_floating_point() or not all_finite(tensor):
            raise StudioError(
                f"{self.path.name} is damaged: {name[:80]} holds values that can't be weights.",
                _AGAIN,
            )
        return tensor

    def _load(self, name: str) -> Tensor:
        # Pages of a mapping count as this process's memory while it is open: it is opened anew each
        # time, or, where that takes long, now and then.
        if self._safe:
            with safe_open(self.path, framework="pt") as file:
                tensor: Tensor = file.get_tensor(name)
            return tensor
        if self._taken > _REMAP:
            self._held, self._taken = {}, 0
            self._held = _read_pickle(self.path)
        tensor = self._held.pop(name)
        self._taken += tensor.nbytes
        return tensor


def unreadable(path: Path) -> StudioError:
    """Return the error of a file that is none of weights."""
    return StudioError(f"{path.name} is damaged or is not a weights file.", _AGAIN)


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """Read a ``torch.save`` file's state dict; nothing in the file is executed."""
    try:
        mapped = zipfile.is_zipfile(path)
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise StudioError(
            f"{path.name} holds more than tensors, or is damaged; it was not opened.", _AGAIN
        ) from error
    except (RuntimeError, EOFError, KeyError, AttributeError, IndexError) as error:
        raise unreadable(path) from error
    except zipfile.BadZipFile as error:
        raise unreadable(path) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise StudioError(f"{path.name} does not hold a model's weights.", _AGAIN)
    return dict(content)


def find_file(folder: Path, names: tuple[str, ...], what: str) -> Path:
    """Find the first of some files that a folder has; StudioError if it has none."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise StudioError(
        f"There is no {' or '.join(names)} in {folder}.",
        f"That file holds the {what}; download the model again or copy it into the folder.",
    )


def check_shapes(
    file: TensorFile, found: Shapes, expected: Shapes, optional: frozenset[str]
) -> None:
    """Raise StudioError that names what is missing, wrong or foreign."""
    missing = sorted(expected.keys() - found.keys() - optional)
    foreign = sorted(found.keys() - expected.keys())
    wrong = sorted(n for n in expected.keys() & found.keys() if expected[n] != found[n])
    if missing:
        raise StudioError(
            f"{file.path.name} lacks {first_names(missing)}.",
            "It belongs to another model or is incomplete; choose the folder as it was released.",
        )
    if wrong:
        first = wrong[0]
        raise StudioError(
            f"{file.path.name} does not fit config.json: {first} has shape {list(found[first])} "
            f"where {list(expected[first])} is needed.",
            "The folder mixes files of different models; download one of them again.",
        )
    if foreign:
        raise StudioError(
            f"{file.path.name} holds tensors this model has no place for: {first_names(foreign)}.",
            "It belongs to another model; choose the folder as it was released.",
        )


def first_names(names: list[str]) -> str:
    """Return a few names, and how many more there are."""
    shown = ", ".join(name[:80] for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
