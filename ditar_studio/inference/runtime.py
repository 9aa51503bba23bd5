"""The protocol of the runtimes of both families, which execute a model.

A model (`ditar_studio.model`) is networks and weights; it keeps nothing between two calls. A
runtime owns what speaking needs beyond that: packed weights, caches, the solver, the decoder's
stream, and on which threads all this is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from ditar_studio.model.sampling import Sampling

RequestT = TypeVar("RequestT", contravariant=True)
StateT = TypeVar("StateT")


@dataclass(frozen=True, eq=False)
class Patch:
    """One step's outcome.

    Attributes:
        latents: [P, latent_dim] in float32.
        stop_probability: 0..1, that this patch is the last one.
    """

    latents: Tensor
    stop_probability: float


class Runtime(Protocol[RequestT, StateT]):
    """Generates patch by patch: `prefill` once, then `step` and `decode` by turns, then `flush`.

    Several generations may be under way, each with a state of its own. A runtime may have packed
    the weights: later changes of them reach it in part or not at all.
    """

    def prefill(
        self, request: RequestT, sampling: Sampling, generator: torch.Generator | None = None
    ) -> StateT:
        """Read a text and what speaks it.

        Args:
            request: text and voice, as this family of models takes them.
            sampling: how patches are drawn.
            generator: of all noise, on the CPU; None for torch's own.

        Returns:
            The state before the first patch.
        """

    def step(self, state: StateT) -> Patch:
        """Make the next patch; `state` moves on."""

    def decode(self, state: StateT, patch: Patch) -> Tensor:
        """Turn the patch that `step` has made into samples.

        Returns:
            Samples [n] in float32, those that are final: a decoder that looks ahead gives fewer at
            first.
        """

    def flush(self, state: StateT) -> Tensor:
        """Return the samples [n] that the decoder still held back; the stream ends here."""
