"""Reading a VoxCPM folder: strictly, without running anything, and in about the file's memory.

Weights are checked by name and shape before any is kept. They are then taken from the file block
by block, so that fusing, merging LoRA matrices and changing the dtype never hold two copies of
the model.
"""

from __future__ import annotations

import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ditar_studio.errors import StudioError
from ditar_studio.model.checks import all_finite
from ditar_studio.model.threads import one_thread
from ditar_studio.model.voxcpm.audio_vae import AudioVae, vae_shapes
from ditar_studio.model.voxcpm.compiling import compile_transformers
from ditar_studio.model.voxcpm.config import TransformerConfig, VoxCPMConfig, read_config
from ditar_studio.model.voxcpm.errors import run_modules
from ditar_studio.model.voxcpm.precision import (
    Choice,
    Packer,
    Precision,
    Rows,
    Trial,
    put,
    settle,
    stays_plain,
)
from ditar_studio.model.voxcpm.tokenizer import Tokenizer
from ditar_studio.model.voxcpm.voxcpm import VoxCPM

_MAIN_FILES = ("model.safetensors", "pytorch_model.bin")
_VAE_FILES = ("audiovae.safetensors", "audiovae.pth")
_LORA_FILES = ("lora_weights.safetensors", "lora_weights.ckpt")
_REMAP = 256 << 20
"""Bytes read from one mapping of a pickled file before it is closed and opened again."""

_AGAIN = "Download the model again, or choose the folder of an intact copy."

Shapes = dict[str, tuple[int, ...]]
_PLAIN = Precision("fp32", torch.float32, None, "it is exact")


# --- files ------------------------------------------------------------------------------------


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
            raise _unreadable(path) from error

    def take(self, name: str) -> Tensor:
        """The tensor, which this object then no longer holds; StudioError if it holds no weights.

        To look at all values costs 0.06 s a gigabyte.
        """
        tensor = self._take(name)
        if not tensor.is_floating_point() or not all_finite(tensor):
            raise StudioError(
                f"{self.path.name} is damaged: {name[:80]} holds values that can't be weights.",
                _AGAIN,
            )
        return tensor

    def _take(self, name: str) -> Tensor:
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


def _unreadable(path: Path) -> StudioError:
    return StudioError(f"{path.name} is damaged or is not a weights file.", _AGAIN)


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """A ``torch.save`` file's state dict; nothing in the file is executed."""
    try:
        mapped = zipfile.is_zipfile(path)
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise StudioError(
            f"{path.name} holds more than tensors, or is damaged; it was not opened.", _AGAIN
        ) from error
    except (RuntimeError, EOFError, KeyError, AttributeError, IndexError) as error:
        raise _unreadable(path) from error
    except zipfile.BadZipFile as error:
        raise _unreadable(path) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise StudioError(f"{path.name} does not hold a model's weights.", _AGAIN)
    return dict(content)


def _find(folder: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise StudioError(
        f"There is no {' or '.join(names)} in {folder}.",
        f"That file holds the {what}; download the model again or copy it into the folder.",
    )


def _check(file: TensorFile, found: Shapes, expected: Shapes, optional: frozenset[str]) -> None:
    """StudioError that names what is missing, wrong or foreign."""
    missing = sorted(expected.keys() - found.keys() - optional)
    foreign = sorted(found.keys() - expected.keys())
    wrong = sorted(n for n in expected.keys() & found.keys() if expected[n] != found[n])
    if missing:
        raise StudioError(
            f"{file.path.name} lacks {_some(missing)}.",
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
            f"{file.path.name} holds tensors this model has no place for: {_some(foreign)}.",
            "It belongs to another model; choose the folder as it was released.",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


# --- names ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Source:
    """A parameter of ours and the released tensors that it is stacked from."""

    target: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def _sources(config: VoxCPMConfig) -> Iterator[_Source]:
    lm, dit, encoder = config.base_lm.hidden, config.dit.hidden, config.encoder.hidden
    released_dit = "feat_decoder.estimator"
    yield _Source("embedding.weight", ("base_lm.embed_tokens.weight",), ((config.vocabulary, lm),))
    yield from _transformer("base_lm", "base_lm", config.base_lm)
    yield from _transformer("residual_lm", "residual_lm", config.residual_lm)
    yield _Source("encoder.token", ("feat_encoder.special_token",), ((1, 1, 1, encoder),))
    yield from _linear("encoder.in_proj", "feat_encoder.in_proj", encoder, config.latent_dim)
    yield from _transformer("encoder.transformer", "feat_encoder.encoder", config.encoder)
    for name in ("in_proj", "cond_proj"):
        yield from _linear(f"dit.{name}", f"{released_dit}.{name}", dit, config.latent_dim)
    yield from _linear("dit.out_proj", f"{released_dit}.out_proj", config.latent_dim, dit)
    for name in ("time_mlp", "delta_time_mlp"):
        for part in ("linear_1", "linear_2"):
            yield from _linear(f"dit.{name}.{part}", f"{released_dit}.{name}.{part}", dit, dit)
    yield from _transformer("dit.transformer", f"{released_dit}.decoder", config.dit)
    yield from _linear("fsq.in_proj", "fsq_layer.in_proj", config.fsq_dim, lm)
    yield from _linear("fsq.out_proj", "fsq_layer.out_proj", lm, config.fsq_dim)
    yield from _linear("encoder_to_lm", "enc_to_lm_proj", lm, encoder)
    yield from _linear("base_to_dit", "lm_to_dit_proj", dit, lm)
    yield from _linear("residual_to_dit", "res_to_dit_proj", dit, lm)
    yield from _linear("stop_proj", "stop_proj", lm, lm)
    yield _Source("stop_head.weight", ("stop_head.weight",), ((2, lm),))
    if config.generation == 2:
        yield from _linear("fusion", "fusion_concat_proj", lm, 2 * lm)


def _linear(target: str, released: str, outputs: int, inputs: int) -> Iterator[_Source]:
    yield _Source(f"{target}.weight", (f"{released}.weight",), ((outputs, inputs),))
    yield _Source(f"{target}.bias", (f"{released}.bias",), ((outputs,),))


def _transformer(target: str, released: str, config: TransformerConfig) -> Iterator[_Source]:
    wide, narrow = config.heads * config.head_dim, config.kv_heads * config.head_dim
    hidden, ffn = config.hidden, config.ffn
    for layer in range(config.layers):
        ours, theirs = f"{target}.blocks.{layer}", f"{released}.layers.{layer}"
        yield _Source(
            f"{ours}.attention.qkv.weight",
            tuple(f"{theirs}.self_attn.{part}_proj.weight" for part in "qkv"),
            ((wide, hidden), (narrow, hidden), (narrow, hidden)),
        )
        yield _Source(
            f"{ours}.attention.out.weight",
            (f"{theirs}.self_attn.o_proj.weight",),
            ((hidden, wide),),
        )
        yield _Source(
            f"{ours}.feed_forward.gate_up.weight",
            (f"{theirs}.mlp.gate_proj.weight", f"{theirs}.mlp.up_proj.weight"),
            ((ffn, hidden), (ffn, hidden)),
        )
        yield _Source(
            f"{ours}.feed_forward.down.weight",
            (f"{theirs}.mlp.down_proj.weight",),
            ((hidden, ffn),),
        )
        yield _Source(
            f"{ours}.attention_norm.weight", (f"{theirs}.input_layernorm.weight",), ((hidden,),)
        )
        yield _Source(
            f"{ours}.feed_forward_norm.weight",
            (f"{theirs}.post_attention_layernorm.weight",),
            ((hidden,),),
        )
    yield _Source(f"{target}.norm.weight", (f"{released}.norm.weight",), ((hidden,),))


def main_shapes(config: VoxCPMConfig) -> Shapes:
    """Every tensor that the main weights file must hold, by its released name."""
    return {
        name: shape
        for source in _sources(config)
        for name, shape in zip(source.names, source.shapes, strict=True)
    }


# --- LoRA -------------------------------------------------------------------------------------


class Lora:
    """Low-rank additions to some projections, to be merged into them."""

    def __init__(self, folder: Path, known: Shapes, alpha: float | None = None) -> None:
        """Read a LoRA folder.

        Args:
            folder: holds ``lora_weights.*`` and, normally, ``lora_config.json``.
            known: the model's tensors, by released name.
            alpha: the scale's numerator, for folders without a ``lora_config.json``.

        Raises:
            StudioError: files are missing, contradict each other, or fit another model.
        """
        self._file = TensorFile(_find(folder, _LORA_FILES, "LoRA weights"))
        stated_rank, stated_alpha = _read_lora_config(folder / "lora_config.json")
        scale_of = stated_alpha if stated_alpha is not None else alpha
        if scale_of is None:
            raise StudioError(
                "The LoRA folder has no lora_config.json, so the strength it was trained with "
                "is unknown.",
                "Copy lora_config.json beside the weights, or give the LoRA's alpha.",
            )
        self._alpha = scale_of
        self._places = self._check(known, stated_rank)

    def _check(self, known: Shapes, stated_rank: int | None) -> frozenset[str]:
        shapes = self._file.shapes
        name = self._file.path.name
        places = {key.rsplit(".", 1)[0] for key in shapes}
        if not places:
            raise StudioError(f"{name} holds no LoRA weights.", "Choose another LoRA folder.")
        for place in sorted(places):
            a, b = shapes.get(f"{place}.lora_A"), shapes.get(f"{place}.lora_B")
            target = known.get(f"{place}.weight")
            if a is None or b is None or target is None or len(target) != 2:
                raise StudioError(
                    f"{name} holds weights for {place[:80]}, which this model cannot take.",
                    "The LoRA was made for another model.",
                )
            if a != (a[0], target[1]) or b != (target[0], a[0]):
                raise StudioError(
                    f"{name} does not fit the model: the shapes for {place[:80]} differ.",
                    "The LoRA was made for another model.",
                )
            if stated_rank is not None and a[0] != stated_rank:
                raise StudioError(
                    f"lora_config.json says rank {stated_rank} but {name} has rank {a[0]}.",
                    "The LoRA folder mixes files of different runs.",
                )
        extra = shapes.keys() - {f"{p}.lora_{side}" for p in places for side in "AB"}
        if extra:
            raise StudioError(
                f"{name} holds tensors that are no LoRA weights: {_some(sorted(extra))}.",
                "Choose another LoRA folder.",
            )
        return frozenset(f"{place}.weight" for place in places)

    def merge(self, name: str, weight: Tensor) -> Tensor:
        """weight + B A alpha / r, or the weight itself where the LoRA has nothing for it."""
        if name not in self._places:
            return weight
        place = name.removesuffix(".weight")
        a = self._file.take(f"{place}.lora_A").float()
        b = self._file.take(f"{place}.lora_B").float()
        merged = torch.addmm(weight.float(), b, a, alpha=self._alpha / a.shape[0])
        return merged.to(weight.dtype)


def _read_lora_config(path: Path) -> tuple[int | None, float | None]:
    """(rank, alpha) of a ``lora_config.json``; (None, None) without the file."""
    if not path.is_file():
        return None, None
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("lora_config", content)
        rank, alpha = content["r"], float(content["alpha"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StudioError(
            "lora_config.json cannot be read or lacks r and alpha.",
            "Copy the file again from where the LoRA came from.",
        ) from error
    if not isinstance(rank, int) or rank < 1 or not math.isfinite(alpha):
        raise StudioError(
            "lora_config.json gives an impossible rank or alpha.",
            "Copy the file again from where the LoRA came from.",
        )
    return rank, alpha


# --- loading ----------------------------------------------------------------------------------


class Loaded(NamedTuple):
    """A model with its tokenizer, and what was found for each projection where int8 was tried."""

    model: VoxCPM
    tokenizer: Tokenizer
    choices: list[Choice]


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without torch's warnings: of odd pickles, which are refused, and of quantised tensors.

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
            choices = settle(model, trials)
            compile_transformers(model)
        except (SafetensorError, OSError, RuntimeError) as error:
            raise _unreadable(main_path) from error
        finally:
            packer.close()
    model.attach_vae(vae.result())
    return Loaded(model.eval().requires_grad_(False), tokenizer, choices)


@_unwarned()
def check(folder: Path) -> None:
    """Whether a folder holds a whole model, by its files' names and shapes.

    Raises:
        StudioError: as `load`.
    """
    config, _, main_path, vae_path = _open(folder)
    _open_vae(vae_path, config)
    _open_main(main_path, config)


def _open(folder: Path) -> tuple[VoxCPMConfig, Tokenizer, Path, Path]:
    """The configuration, the tokenizer that fits it, and where main and VAE weights are."""
    config = read_config(folder / "config.json")
    main_path = _find(folder, _MAIN_FILES, "main weights")
    vae_path = _find(folder, _VAE_FILES, "audio VAE's weights")
    tokenizer = Tokenizer(folder / "tokenizer.json")
    if tokenizer.size > config.vocabulary:
        raise StudioError(
            f"tokenizer.json has {tokenizer.size} entries but the model only {config.vocabulary}.",
            "The folder mixes files of different models; download one of them again.",
        )
    return config, tokenizer, main_path, vae_path


def _open_main(path: Path, config: VoxCPMConfig) -> TensorFile:
    file = TensorFile(path)
    _check(file, file.shapes, main_shapes(config), frozenset())
    return file


def _open_vae(path: Path, config: VoxCPMConfig) -> tuple[TensorFile, dict[str, str]]:
    """The VAE's file, and the name in it of every tensor that is needed."""
    file = TensorFile(path)
    names = {name.removeprefix("module."): name for name in file.shapes}
    expected = vae_shapes(config.vae)
    found = {short: file.shapes[name] for short, name in names.items()}
    # Neither is read at inference, and conversions of the released files leave them out.
    optional = frozenset(
        n for n in expected if n.startswith("encoder.fc_logvar.") or n.endswith("boundaries")
    )
    _check(file, found, expected, optional)
    return file, {short: names[short] for short in expected.keys() - optional}


def _build_vae(
    config: VoxCPMConfig, file: TensorFile, names: dict[str, str], precision: Precision
) -> AudioVae:
    try:
        vae = AudioVae(config.vae, {short: file.take(name) for short, name in names.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        raise _unreadable(file.path) from error
    if precision.name == "int8":
        vae.quicken()
    return vae


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
    for source in _sources(config):
        parts = [file.take(name) for name in source.names]
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
            if precision.name == "int8" and not stays_plain(place):
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
    """Numbers in the main weights and the VAE together."""
    shapes = [*main_shapes(config).values(), *vae_shapes(config.vae).values()]
    return sum(math.prod(shape) for shape in shapes)
