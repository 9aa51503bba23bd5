"""Reading a VoxCPM folder: strictly, without running anything, and in about the file's memory.

Weights are checked by name and shape before any is kept. They are then taken from the file block
by block, so that fusing, merging LoRA matrices and changing the dtype never hold two copies of
the model.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ditar_studio.errors import StudioError
from ditar_studio.inference.threads import one_thread
from ditar_studio.inference.voxcpm.lora import Lora
from ditar_studio.inference.voxcpm.module_errors import run_modules
from ditar_studio.inference.voxcpm.native import compile_transformers
from ditar_studio.inference.voxcpm.packed_vae import PackedVae
from ditar_studio.inference.voxcpm.precision import (
    Choice,
    Packer,
    Precision,
    Rows,
    Trial,
    apply_choices,
    keeps_precision,
    put,
)
from ditar_studio.inference.voxcpm.runtime import VoxCPMRuntime
from ditar_studio.model.voxcpm.audio_vae import AudioVae, vae_shapes
from ditar_studio.model.voxcpm.config import VoxCPMConfig, read_config
from ditar_studio.model.voxcpm.released_names import main_shapes, sources
from ditar_studio.model.voxcpm.tensor_file import (
    TensorFile,
    check_shapes,
    find_file,
    unreadable,
)
from ditar_studio.model.voxcpm.tokenizer import Tokenizer
from ditar_studio.model.voxcpm.voxcpm import VoxCPM

_MAIN_FILES = ("model.safetensors", "pytorch_model.bin")
_VAE_FILES = ("audiovae.safetensors", "audiovae.pth")
_PLAIN = Precision("fp32", torch.float32, None, "it is exact")


class Loaded(NamedTuple):
    """A loaded model: its runtime, its tokenizer, and what was found for each projection where
    int8 was tried.
    """

    runtime: VoxCPMRuntime
    tokenizer: Tokenizer
    choices: list[Choice]


@contextmanager
def _unwarned() -> Iterator[None]:
    """Silence torch's warnings of odd pickles, which are refused, and of quantised tensors.

    Filters belong to all threads, so they are set before any starts, and set back after the last.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@_unwarned()
def load(
    folder: Path,
    precision: Precision = _PLAIN,
    lora: Path | None = None,
    lora_alpha: float | None = None,
    threads: int = 1,
) -> Loaded:
    """Load a model folder onto the CPU.

    Args:
        folder: a folder in the released layout.
        precision: what to compute in.
        lora: a LoRA folder to merge.
        lora_alpha: see ``Lora``.
        threads: to pack weights with.

    Raises:
        StudioError: anything that is missing, damaged, foreign or contradictory, by name.
    """
    config, tokenizer, main_path, vae_path = _open(folder)
    vae_file, vae_names = _open_vae(vae_path, config)
    main = _open_main(main_path, config)
    expected = main_shapes(config)
    adapter = Lora(lora, expected, lora_alpha) if lora is not None else None
    with torch.device("meta"):
        model = VoxCPM(config)
    with one_thread():  # each of the packer's threads does whole operations by itself
        packer = Packer(threads)
        vae = packer.start(partial(_build_vae, config, vae_file, vae_names, precision))
        try:
            trials = _fill(model, config, main, precision, adapter, packer)
            if trials:
                run_modules(model)
            choices = apply_choices(model, trials)
            compile_transformers(model)
        except (SafetensorError, OSError, RuntimeError) as error:
            raise unreadable(main_path) from error
        finally:
            packer.close()
    model.attach_vae(vae.result())
    model.eval().requires_grad_(False)
    return Loaded(VoxCPMRuntime(model), tokenizer, choices)


@_unwarned()
def check(folder: Path) -> None:
    """Check that a folder holds a whole model, by its files' names and shapes.

    Raises:
        StudioError: as `load`.
    """
    config, _, main_path, vae_path = _open(folder)
    _open_vae(vae_path, config)
    _open_main(main_path, config)


def _open(folder: Path) -> tuple[VoxCPMConfig, Tokenizer, Path, Path]:
    """Return the configuration, the tokenizer that fits it, and where main and VAE weights are."""
    config = read_config(folder / "config.json")
    main_path = main_weights(folder)
    vae_path = find_file(folder, _VAE_FILES, "audio VAE's weights")
    tokenizer = Tokenizer(folder / "tokenizer.json")
    if tokenizer.size > config.vocabulary:
        raise StudioError(
            f"tokenizer.json has {tokenizer.size} entries but the model only {config.vocabulary}.",
            "The folder mixes files of different models; download one of them again.",
        )
    return config, tokenizer, main_path, vae_path


def main_weights(folder: Path) -> Path:
    """Return the file of a model's weights but for the VAE's; StudioError if there is none."""
    return find_file(folder, _MAIN_FILES, "main weights")


def _open_main(path: Path, config: VoxCPMConfig) -> TensorFile:
    file = TensorFile(path)
    check_shapes(file, file.shapes, main_shapes(config), frozenset())
    return file


def _open_vae(path: Path, config: VoxCPMConfig) -> tuple[TensorFile, dict[str, str]]:
    """Return the VAE's file, and the name in it of every tensor that is needed."""
    file = TensorFile(path)
    names = {name.removeprefix("module."): name for name in file.shapes}
    expected = vae_shapes(config.vae)
    found = {short: file.shapes[name] for short, name in names.items()}
    # Neither is read at inference, and conversions of the released files leave them out.
    optional = frozenset(
        n for n in expected if n.startswith("encoder.fc_logvar.") or n.endswith("boundaries")
    )
    check_shapes(file, found, expected, optional)
    return file, {short: names[short] for short in expected.keys() - optional}


def _build_vae(
    config: VoxCPMConfig, file: TensorFile, names: dict[str, str], precision: Precision
) -> AudioVae:
    try:
        kind = PackedVae if precision.name == "int8" else AudioVae
        return kind(config.vae, {short: file.pop(name) for short, name in names.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        raise unreadable(file.path) from error


def _fill(
    model: VoxCPM,
    config: VoxCPMConfig,
    file: TensorFile,
    precision: Precision,
    lora: Lora | None,
    packer: Packer,
) -> dict[str, Trial]:
    """Put the file's tensors where they belong, one parameter at a time.

    Returns:
        The projections that may go into int8, by place.
    """
    trials: dict[str, Trial] = {}
    packed: dict[str, Future[nn.Module]] = {}
    waiting: dict[str, tuple[Rows, bool]] = {}
    for source in sources(config):
        parts = [file.pop(name) for name in source.names]
        if lora is not None:
            parts = [lora.merge(n, part) for n, part in zip(source.names, parts, strict=True)]
        place, leaf = source.target.rsplit(".", 1)
        module = model.get_submodule(place)
        bias: Tensor | None = None
        if leaf == "weight" and isinstance(module, nn.Linear | nn.Embedding):
            parts = [part.to(precision.weights or part.dtype) for part in parts]
        else:
            parts = [part.to(precision.dtype) for part in parts]
        if isinstance(module, nn.Linear) and precision.dtype == torch.float32:
            if leaf == "weight":
                waiting[place] = Rows(*parts), module.bias is not None
            else:
                bias = parts[0].clone()
            rows, has_bias = waiting[place]
            if has_bias and bias is None:
                continue
            del waiting[place]
            if precision.name == "int8" and not keeps_precision(place):
                trials[place] = Trial(rows, bias, packer)
                put(model, place, trials[place])
            else:
                packed[place] = packer.exact(rows, bias, precision)
        else:
            value = torch.cat(parts) if len(parts) > 1 else parts[0].clone()
            setattr(module, leaf, nn.Parameter(value, requires_grad=False))
    for place, made in packed.items():
        put(model, place, made.result())
    return trials


def parameter_count(config: VoxCPMConfig) -> int:
    """Count the numbers in the main weights and the VAE together."""
    shapes = [*main_shapes(config).values(), *vae_shapes(config.vae).values()]
    return sum(math.prod(shape) for shape in shapes)
