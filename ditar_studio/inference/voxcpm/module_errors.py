"""Errors of a model in fewer bits against the same model in float32, module by module.

Every module gets what its exact counterpart would get, so that one's error does not count as
another's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ditar_studio.model.voxcpm.config import CONTROL_TOKENS
from ditar_studio.model.voxcpm.layers import KVCache, Transformer
from ditar_studio.model.voxcpm.voxcpm import VoxCPM

_WORDS, _PATCHES, _TIME = 6, 4, 0.5

VAE = "VAE"

_PLACES = {
    "encoder_to_lm": "projection to the LM",
    "encoder.": "LocEnc",
    "base_lm.": "base LM",
    "residual_lm.": "residual LM",
    "fusion": "fusion",
    "base_to_dit": "projections to LocDiT",
    "residual_to_dit": "projections to LocDiT",
    "dit.": "LocDiT",
}
"""How the places of projections begin, and the module that each belongs to."""

_Call = Callable[[VoxCPM], Tensor]
"""Runs one module of a model on the input that the walk has come to."""


@torch.inference_mode()
def module_errors(exact: VoxCPM, fast: VoxCPM) -> dict[str, float]:
    """Return relative error (norm of the difference by norm of the exact output) of each module.

    Args:
        exact: the model in float32.
        fast: the same weights in another precision.

    The input is a short seeded text followed by patches of seeded noise.
    """
    found: dict[str, float] = {}

    def compare(name: str, call: _Call) -> Tensor:
        right = call(exact)
        found[name] = float((call(fast).float() - right).norm() / right.norm())
        return right

    _walk(exact, compare)
    return found


def module_of(place: str) -> str | None:
    """Return the module of `module_errors` that a projection belongs to; None for those of none."""
    return next((name for start, name in _PLACES.items() if place.startswith(start)), None)


@torch.inference_mode()
def run_modules(model: VoxCPM) -> None:
    """Run every module but the VAE once on the input of `module_errors`."""
    _walk(model, lambda name, call: model.embedding.weight if name == VAE else call(model))


def _walk(exact: VoxCPM, visit: Callable[[str, _Call], Tensor]) -> None:
    """Visit module after module, each with what the ``exact`` ones before it gave."""
    config = exact.config
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(CONTROL_TOKENS, config.vocabulary, (_WORDS,), generator=generator)
    patches = torch.randn(_PATCHES, config.patch_size, config.latent_dim, generator=generator)
    codes = visit("LocEnc", lambda m: m.encoder(patches.to(m.dtype)))
    audio = visit("projection to the LM", lambda m: m.encoder_to_lm(codes.to(m.dtype)))
    words = exact.embed(ids)
    embedded = torch.cat([words, audio])
    base = visit("base LM", lambda m: _read(m.base_lm, embedded.to(m.dtype)))
    hidden = torch.cat([base[:_WORDS], exact.fsq(base[_WORDS:])])
    fed_back = torch.cat([torch.zeros_like(words), audio])
    if exact.fusion is None:
        fused = exact.fuse(hidden, fed_back)
    else:
        fused = visit("fusion", lambda m: m.fuse(hidden.to(m.dtype), fed_back.to(m.dtype)))
    answer = visit("residual LM", lambda m: _read(m.residual_lm, fused.to(m.dtype)))
    condition = visit(
        "projections to LocDiT",
        lambda m: m.condition(hidden[-1:].to(m.dtype), answer[-1:].to(m.dtype)),
    )
    visit("LocDiT", lambda m: _velocities(m, condition.to(m.dtype), patches.to(m.dtype)))
    visit(VAE, lambda m: m.vae.decode(patches.flatten(0, 1)))


def _read(transformer: Transformer, x: Tensor) -> Tensor:
    return transformer.causal(x, KVCache(transformer.config, len(x), x.dtype, x.device))


def _velocities(model: VoxCPM, condition: Tensor, patches: Tensor) -> Tensor:
    """Return velocities with the condition and without it, in the middle of the way from noise to
    patch.
    """
    time = model.dit.time_tokens(torch.tensor([_TIME]), model.sinusoid_dtype)[0]
    conditions = torch.stack([condition, torch.zeros_like(condition)])
    velocities: Tensor = model.dit(
        patches[-1], conditions, time, model.dit.previous_tokens(patches[-2])
    )
    return velocities
