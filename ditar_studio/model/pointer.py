"""The monotonic text pointer of the built-in model.

The paper's language model finds its place in the text by attention alone, which takes thousands of
hours of speech to learn. The built-in model keeps a pointer instead: for every latent, the position
in the text of the sound that is spoken then. It only moves forward, by at most one sound a latent.
The language model gets the pointer's position with each patch and predicts how it moves within the
next one; LocDiT gets the content of each latent of that patch: the text embedding at the pointer.
Alignments from the VAE's phonetic head place it in training and in prompts; the idea is that of
neural transducers and of supervised alignment in small autoregressive speech models.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.layers import ConvNeXtBlock

_LONGEST = 40  # latents on one sound that have embeddings of their own: a second


class TextPointer(nn.Module):
    """Networks of the pointer; its position is the caller's.

    A *pattern* says at which of a patch's P latents the pointer moves on: bit f of the integer is
    latent f.
    """

    def __init__(self, config: DiTARConfig) -> None:
        super().__init__()
        dim = config.language_model.dim
        self.patch = config.patch
        self.context = nn.Sequential(*(ConvNeXtBlock(dim, causal=False) for _ in range(2)))
        self.elapsed = nn.Embedding(_LONGEST + 1, dim)
        self.heard = nn.Linear(dim, dim, bias=False)  # feeds the content back
        self.pattern = nn.Sequential(
            nn.Linear(dim, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, 2**config.patch)
        )
        nn.init.normal_(self.elapsed.weight, std=0.1)

    def read(self, embeddings: Tensor) -> Tensor:
        """Map text embeddings [B, N, dim] to each position in its context of neighbours, both ways
        [B, N, dim].
        """
        context: Tensor = self.context(embeddings)
        return context

    def content(self, context: Tensor, positions: Tensor, elapsed: Tensor) -> Tensor:
        """Return content embeddings [B, T, dim] of latents.

        Args:
            context: [B, N, dim] from `read`.
            positions: [B, T] the pointer's position in the text.
            elapsed: [B, T] latents since the pointer reached it.
        """
        index = positions[..., None].expand(-1, -1, context.shape[-1])
        embedded: Tensor = context.gather(1, index) + self.elapsed(elapsed.clamp(0, _LONGEST))
        return embedded


def elapsed_since_move(units: Tensor) -> Tensor:
    """Count the latents since the pointer last moved [..., T], for units [..., T] that never
    decrease.
    """
    time = torch.arange(units.shape[-1], device=units.device).expand_as(units)
    moved = torch.ones_like(units, dtype=torch.bool)
    moved[..., 1:] = units[..., 1:] != units[..., :-1]
    started = torch.where(moved, time, torch.zeros_like(time)).cummax(-1).values
    return time - started


def patterns(units: Tensor, before: Tensor, patch: int) -> Tensor:
    """Return patterns [..., T / patch] of units [..., T], the pointer standing at `before` [...]
    ahead of the first.
    """
    previous = torch.cat((before[..., None], units[..., :-1]), dim=-1)
    moves = (units != previous).long().reshape(*units.shape[:-1], -1, patch)
    return (moves << torch.arange(patch, device=units.device)).sum(-1)


def choose_pattern(logits: Tensor, survival: float, patch: int) -> tuple[int, float]:
    """Return the pattern of median durations: the pointer moves once it is likelier than not to
    have moved.

    Args:
        logits: [2 ** patch] for the next patch.
        survival: probability that the pointer had not moved yet, since its last move.

    Returns:
        The pattern, and the survival after it. Deterministic, so that temperature 0 is.
    """
    probabilities = dict(enumerate(logits.double().softmax(-1).tolist()))
    chosen = 0
    for latent in range(patch):
        agreeing = {code: p for code, p in probabilities.items() if code % (1 << latent) == chosen}
        moving = sum(p for code, p in agreeing.items() if code >> latent & 1)
        total = sum(agreeing.values())
        chance = moving / total if total > 0 else 0.0
        survival *= 1 - chance
        if survival < 0.5:
            chosen |= 1 << latent
            survival = 1.0
    return chosen, survival
