"""The configuration of a VoxCPM folder (``config.json``), validated.

Three generations share one description. Sizes that a file leaves out fall back to those of the
released model of its generation, as the reference package does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ditar_studio.errors import StudioError

AUDIO_START = 101
REFERENCE_START = 103
REFERENCE_END = 104
CONTROL_TOKENS = 105
"""Ids below this one hold the control tokens, so a vocabulary must be larger."""


@dataclass(frozen=True)
class RopeConfig:
    """LongRoPE: per-frequency stretch factors (one for each pair of a head's channels)."""

    theta: float
    factors: tuple[float, ...]
    scale: float
    """Factor on the cos/sin tables; 1 in every released model."""


@dataclass(frozen=True)
class TransformerConfig:
    """One stack of MiniCPM-4 blocks: pre-norm, grouped-query attention, SwiGLU, no biases."""

    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    residual_scale: float
    """Factor on every residual branch (1 unless the model was trained with muP)."""
    rope: RopeConfig | None


@dataclass(frozen=True)
class VaeConfig:
    """The audio VAE: 1-D causal convolutions around ``latent_dim`` channels."""

    generation: Literal[1, 2]
    encoder_dim: int
    encoder_rates: tuple[int, ...]
    latent_dim: int
    decoder_dim: int
    decoder_rates: tuple[int, ...]
    sample_rate: int
    """Rate in Hz of what is encoded."""
    out_sample_rate: int
    """Rate in Hz of what is decoded."""
    rate_boundaries: tuple[int, ...]
    """Bins in Hz of the decoder's output-rate condition; empty where there is none."""

    @property
    def encoder_hop(self) -> int:
        """Input samples per latent."""
        return math.prod(self.encoder_rates)

    @property
    def decoder_hop(self) -> int:
        """Output samples per latent."""
        return math.prod(self.decoder_rates)


@dataclass(frozen=True)
class VoxCPMConfig:
    """All sizes of one VoxCPM model."""

    generation: Literal[1, 2]
    vocabulary: int
    embedding_scale: float
    base_lm: TransformerConfig
    residual_lm: TransformerConfig
    encoder: TransformerConfig
    dit: TransformerConfig
    patch_size: int
    latent_dim: int
    fsq_dim: int
    fsq_scale: int
    max_length: int
    """Most positions (text and patches together) that fit the models' caches."""
    vae: VaeConfig

    @property
    def patch_samples(self) -> int:
        """Output samples per patch."""
        return self.patch_size * self.vae.decoder_hop

    @property
    def prompt_patch_samples(self) -> int:
        """Input samples per patch of a voice prompt."""
        return self.patch_size * self.vae.encoder_hop

    @property
    def patches_per_second(self) -> float:
        return self.vae.out_sample_rate / self.patch_samples

    @property
    def context_patches(self) -> int:
        """Prompt patches that the decoder hears before a continuation's first patch."""
        return 2 if self.generation == 1 else 3


_MOST_LAYERS = 1024
"""More are a mistake, and listing the tensors of a billion layers would take for ever."""


class _Section:
    """A JSON object whose values are read with their type checked and their place named."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, Mapping):
            raise _broken(f"{place} is not an object")
        self._values = values
        self._place = place

    def section(self, name: str) -> _Section:
        values = self._values.get(name)
        return _Section({} if values is None else values, name)

    def has(self, *names: str) -> bool:
        return any(self._values.get(name) is not None for name in names)

    def _find(self, names: tuple[str, ...], default: Any) -> Any:
        for name in names:
            if self._values.get(name) is not None:
                return self._values[name]
        if default is None:
            raise _broken(f"{self._place} lacks {names[0]}")
        return default

    def integer(
        self, *names: str, default: int | None = None, least: int = 1, most: int = 1 << 31
    ) -> int:
        value = self._find(names, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise _broken(f"{self._place}.{names[0]} is not a whole number from {least}")
        if value > most:
            raise _broken(f"{self._place}.{names[0]} is far too large")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self._find((name,), default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _broken(f"{self._place}.{name} is not a number")
        if not math.isfinite(value) or value <= 0:
            raise _broken(f"{self._place}.{name} is not a positive number")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._find((name,), default)
        if not isinstance(value, bool):
            raise _broken(f"{self._place}.{name} is neither true nor false")
        return value

    def numbers(self, name: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        values = self._find((name,), default)
        if not isinstance(values, list | tuple) or not all(
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) and v > 0
            for v in values
        ):
            raise _broken(f"{self._place}.{name} is not a list of positive numbers")
        return tuple(float(v) for v in values)

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        values = self.numbers(name, default)
        if any(v != int(v) for v in values):
            raise _broken(f"{self._place}.{name} is not a list of whole numbers")
        return tuple(int(v) for v in values)

    def text(self, name: str, default: str) -> str:
        value = self._find((name,), default)
        if not isinstance(value, str):
            raise _broken(f"{self._place}.{name} is not a text")
        return value


def _broken(what: str) -> StudioError:
    return StudioError(
        f"The model's config.json cannot be used: {what}.",
        "Choose the folder of an unmodified VoxCPM model, or download it again.",
    )


def read_config(path: Path) -> VoxCPMConfig:
    """Read and validate a ``config.json``.

    Raises:
        StudioError: the file is missing, no JSON, or does not describe a VoxCPM model.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudioError(
            f"There is no config.json in {path.parent}.",
            "Choose the folder that holds the model's config.json and weights.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _broken("it cannot be read as JSON") from error
    return parse_config(values)


def parse_config(values: Any) -> VoxCPMConfig:
    """Validate the content of a ``config.json``; StudioError if it describes no VoxCPM model."""
    top = _Section(values, "the file")
    architecture = top.text("architecture", "voxcpm").lower()
    if architecture not in ("voxcpm", "voxcpm2"):
        raise _broken(f'it describes a "{architecture[:40]}" model, not VoxCPM')
    generation: Literal[1, 2] = 2 if architecture == "voxcpm2" else 1
    if not top.has("lm_config"):
        raise _broken("lm_config is missing")
    lm = top.section("lm_config")

    base, mup_depth = _base_transformer(lm)
    residual_layers = top.integer(
        "residual_lm_num_layers", default=6 if generation == 1 else 8, most=_MOST_LAYERS
    )
    residual = replace(
        base, layers=residual_layers, residual_scale=_residual_scale(mup_depth, residual_layers)
    )
    if top.flag("residual_lm_no_rope", False):
        residual = replace(residual, rope=None)
    vocabulary = lm.integer("vocab_size", least=CONTROL_TOKENS)
    latent_dim = top.integer("feat_dim", default=64)
    vae = _vae(top.section("audio_vae_config"), generation)
    if vae.latent_dim != latent_dim:
        raise _broken("feat_dim differs from the VAE's latent_dim")
    return VoxCPMConfig(
        generation=generation,
        vocabulary=vocabulary,
        embedding_scale=lm.number("scale_emb", 12.0) if mup_depth is not None else 1.0,
        base_lm=base,
        residual_lm=residual,
        encoder=_local_transformer(top.section("encoder_config"), lm, base, mup_depth),
        dit=_local_transformer(top.section("dit_config"), lm, base, mup_depth),
        patch_size=top.integer("patch_size", default=2 if generation == 1 else 4),
        latent_dim=latent_dim,
        fsq_dim=top.integer(
            "scalar_quantization_latent_dim", default=256 if generation == 1 else 512
        ),
        fsq_scale=top.integer("scalar_quantization_scale", default=9),
        max_length=top.integer("max_length", default=4096 if generation == 1 else 8192, least=16),
        vae=vae,
    )


def _base_transformer(lm: _Section) -> tuple[TransformerConfig, float | None]:
    hidden = lm.integer("hidden_size")
    heads = lm.integer("num_attention_heads")
    layers = lm.integer("num_hidden_layers", most=_MOST_LAYERS)
    kv_heads = lm.integer("num_key_value_heads")
    if heads % kv_heads:
        raise _broken("num_attention_heads is not a multiple of num_key_value_heads")
    head_dim = _head_dim(lm, hidden, heads)
    mup_depth = lm.number("scale_depth", 1.4) if lm.flag("use_mup", True) else None
    config = TransformerConfig(
        hidden=hidden,
        ffn=lm.integer("intermediate_size"),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        eps=lm.number("rms_norm_eps"),
        residual_scale=_residual_scale(mup_depth, layers),
        rope=_rope(lm, head_dim),
    )
    return config, mup_depth


def _local_transformer(
    local: _Section, lm: _Section, base: TransformerConfig, mup_depth: float | None
) -> TransformerConfig:
    hidden = local.integer("hidden_dim", "hidden_size", default=1024)
    heads = local.integer("num_heads", "num_attention_heads", default=16)
    layers = local.integer("num_layers", "num_hidden_layers", default=4, most=_MOST_LAYERS)
    if heads % base.kv_heads:
        raise _broken("a local module's num_heads is not a multiple of num_key_value_heads")
    head_dim = _head_dim(local, hidden, heads)
    return replace(
        base,
        hidden=hidden,
        ffn=local.integer("ffn_dim", "intermediate_size", default=4096),
        layers=layers,
        heads=heads,
        head_dim=head_dim,
        residual_scale=_residual_scale(mup_depth, layers),
        rope=_rope(lm, head_dim),
    )


def _residual_scale(mup_depth: float | None, layers: int) -> float:
    return 1.0 if mup_depth is None else mup_depth / math.sqrt(layers)


def _head_dim(section: _Section, hidden: int, heads: int) -> int:
    if section.has("kv_channels"):
        head_dim = section.integer("kv_channels", least=2)
    elif hidden % heads:
        raise _broken("a hidden size is not a multiple of its number of heads")
    else:
        head_dim = hidden // heads
    if head_dim % 2:
        raise _broken("a head has an odd number of channels")
    return head_dim


def _rope(lm: _Section, head_dim: int) -> RopeConfig:
    scaling = lm.section("rope_scaling")
    longest = lm.integer("max_position_embeddings", default=32768)
    original = scaling.integer("original_max_position_embeddings", default=32768, least=2)
    factors = scaling.numbers("long_factor" if longest > original else "short_factor")
    if len(factors) != head_dim // 2:
        raise _broken(f"rope_scaling has {len(factors)} factors where {head_dim // 2} are needed")
    stretch = 1 + math.log(longest / original) / math.log(original)
    if stretch <= 0:
        raise _broken("max_position_embeddings is too small")
    return RopeConfig(lm.number("rope_theta", 10000.0), factors, math.sqrt(stretch))


def _vae(section: _Section, generation: Literal[1, 2]) -> VaeConfig:
    rate = section.integer("sample_rate", default=16000, least=4000)
    second = generation == 2
    rates = section.integers("decoder_rates", (8, 6, 5, 2, 2, 2) if second else (8, 8, 5, 2))
    encoder_rates = section.integers("encoder_rates", (2, 5, 8, 8))
    if (
        not rates
        or not encoder_rates
        or max(*rates, *encoder_rates) > 64
        or (max(len(rates), len(encoder_rates)) > 16)
    ):
        raise _broken("the VAE's rates are not the strides of a VAE")
    decoder_dim = section.integer("decoder_dim", default=2048 if second else 1536)
    if decoder_dim % (1 << len(rates)):
        raise _broken("decoder_dim cannot be halved once for each of decoder_rates")
    boundaries = section.integers("sr_bin_boundaries", (20000, 30000, 40000)) if second else ()
    out_rate = section.integer("out_sample_rate", default=48000, least=4000) if second else rate
    return VaeConfig(
        generation=generation,
        encoder_dim=section.integer("encoder_dim", default=128),
        encoder_rates=encoder_rates,
        latent_dim=section.integer("latent_dim", default=64),
        decoder_dim=decoder_dim,
        decoder_rates=rates,
        sample_rate=rate,
        out_sample_rate=out_rate,
        rate_boundaries=boundaries,
    )
