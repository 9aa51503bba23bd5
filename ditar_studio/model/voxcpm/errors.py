"""How far a model in fewer bits is from the same model in float32, module by module.

Every module gets what its exact counterpart would get, so that one's error does not count as
another's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.model.voxcpm.config import CONTROL_TOKENS
from ditar_studio.model.voxcpm.layers import KVCache, Transformer
from ditar_studio.model.voxcpm.voxcpm import VoxCPM

_WORDS, _PATCHES, _TIME = 24, 8, 0.5


@torch.inference_mode()
def module_errors(exact: VoxCPM, fast: VoxCPM) -> dict[str, float]:
    """Relative error (norm of the difference by norm of the exact output) of each module.

    Args:
        exact: in float32.
        fast: the same weights in another precision.

    The input is a short seeded text followed by patches of seeded noise.
    """
    config = exact.config
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(CONTROL_TOKENS, config.vocabulary, (_WORDS,), generator=generator)
    patches = torch.randn(_PATCHES, config.patch_size, config.latent_dim, generator=generator)
    found: dict[str, float] = {}

    def compare(name: str, right: Tensor, other: Tensor) -> Tensor:
        found[name] = float((other.float() - right).norm() / right.norm())
        return right

    dtype = fast.dtype
    codes = compare("LocEnc", exact.encoder(patches), fast.encoder(patches.to(dtype)))
    heard = compare(
        "projection to the LM", exact.encoder_to_lm(codes), fast.encoder_to_lm(codes.to(dtype))
    )
    words = exact.embedding(ids) * config.embedding_scale
    embedded = torch.cat([words, heard])
    hidden = compare(
        "base LM", _read(exact.base_lm, embedded), _read(fast.base_lm, embedded.to(dtype))
    )
    hidden = torch.cat([hidden[:_WORDS], exact.fsq(hidden[_WORDS:])])
    heard = torch.cat([torch.zeros_like(words), heard])
    fused = exact.fuse(hidden, heard)
    if exact.fusion is not None:
        compare("fusion", fused, fast.fuse(hidden.to(dtype), heard.to(dtype)))
    residual = compare(
        "residual LM", _read(exact.residual_lm, fused), _read(fast.residual_lm, fused.to(dtype))
    )
    base, residual = hidden[-1:], residual[-1:]
    condition = compare(
        "projections to LocDiT",
        exact.condition(base, residual),
        fast.condition(base.to(dtype), residual.to(dtype)),
    )
    compare(
        "LocDiT",
        _velocities(exact, condition, patches),
        _velocities(fast, condition.to(dtype), patches.to(dtype)),
    )
    return found


def _read(transformer: Transformer, x: Tensor) -> Tensor:
    return transformer.causal(x, KVCache(transformer.config, len(x), x.dtype, x.device))


def _velocities(model: VoxCPM, condition: Tensor, patches: Tensor) -> Tensor:
    """With the condition and without it, in the middle of the way from noise to patch."""
    time = model.dit.time_tokens(torch.tensor([_TIME]), model.sinusoid_dtype)[0]
    conditions = torch.stack([condition, torch.zeros_like(condition)])
    velocities: Tensor = model.dit(
        patches[-1], conditions, time, model.dit.previous_tokens(patches[-2])
    )
    return velocities
