"""Loading of models by name or path, and the one model in memory."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.assets import asset
from ditar_studio.engine.device import default_threads, release_memory, use_threads
from ditar_studio.engine.preload import import_torch
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.inference.precisions import Precision

BUILT_IN = "builtin"

_VOXCPM_MARK = "config.json"


def built_in_folder() -> Path:
    """Return the folder of the model that comes with the program."""
    return asset("models", BUILT_IN)


def load_model(
    name_or_path: str | os.PathLike[str] | None = None,
    precision: Precision | None = None,
    adapter: Adapter | None = None,
) -> SpeechModel:
    """Load a model of either family.

    Args:
        name_or_path: “builtin” (or None), or a folder or file of weights.
        precision: of the numbers; None lets the model's family choose.
        adapter: a LoRA to merge into a VoxCPM.

    Raises:
        StudioError: there is no such model, or its files can't be used.
    """
    if name_or_path is None or str(name_or_path) == BUILT_IN:
        path = built_in_folder()
        if not path.is_dir():
            raise StudioError(
                "The built-in model is not among the program's files.",
                "Install DiTAR Studio again, or name a model with its folder.",
            )
    else:
        path = Path(name_or_path).expanduser()
    if not os.path.exists(path):  # False, too, of what no file can be called
        raise StudioError(
            f"There is no model “{name_or_path}”.",
            "Name a model's folder, or leave it out for the built-in model.",
        )
    try:
        return _load(path, precision, adapter)
    except StudioError as error:
        _free_frames(error)
        raise


def _load(path: Path, precision: Precision | None, adapter: Adapter | None) -> SpeechModel:
    import_torch()
    if (path / _VOXCPM_MARK).is_file():
        from ditar_studio.engine import integrity, voxcpm

        integrity.check(path)
        if adapter is not None:
            return voxcpm.load(path, precision, adapter.folder, adapter.alpha)
        return voxcpm.load(path, precision)
    if adapter is not None:
        raise StudioError(
            "This model can't take a LoRA.", "Name the folder of the VoxCPM it was made for."
        )
    if path.is_file() and (path.parent / _VOXCPM_MARK).is_file():
        raise StudioError(
            f"“{path.name}” is one file of a model.", f"Name its folder: {path.parent}"
        )
    from ditar_studio.engine import native

    return native.load(path, precision)


def _free_frames(error: BaseException) -> None:
    """Free what the frames hold in which a load failed: it can be most of a model."""
    failed: BaseException | None = error
    while failed is not None:
        traceback.clear_frames(failed.__traceback__)
        failed = failed.__cause__ or failed.__context__
    release_memory()


@dataclass(frozen=True)
class Adapter:
    """A LoRA: small additions to a model's weights, in a folder of their own.

    Attributes:
        folder: with ``lora_weights.*`` and, normally, ``lora_config.json``.
        alpha: its strength times its rank, if the folder doesn't say.
    """

    folder: Path
    alpha: float | None = None


class ModelRegistry:
    """The one model that is in memory, with the voices that it has encoded.

    Used on one thread. Asking for another model unloads the one before.

    Args:
        threads: that torch may take; None takes `device.default_threads`.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._key: tuple[str, Precision | None] | None = None
        self._model: SpeechModel | None = None
        self._voices: VoiceCache | None = None

    @property
    def loaded(self) -> bool:
        """Whether a model is in memory."""
        return self._model is not None

    def get(
        self, name_or_path: str | os.PathLike[str] | None = None, precision: Precision | None = None
    ) -> tuple[SpeechModel, VoiceCache]:
        """Return the model and its voices, loaded if it isn't the one in memory.

        Raises:
            StudioError: as `load_model`; then no model is in memory.
        """
        key = (str(name_or_path or BUILT_IN), precision)
        if self._key != key or self._model is None or self._voices is None:
            self.unload()
            self._model = load_model(name_or_path, precision)
            use_threads(self._threads or default_threads(self._model.info.parameters))
            self._voices = VoiceCache(self._model)
            self._key = key
        return self._model, self._voices

    def unload(self) -> None:
        """Free the model and its memory."""
        self._key = self._model = self._voices = None
        release_memory()
