"""Generation with a VoxCPM: patch after patch from its networks, with all state in one place."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.inference.kernels.thread_pool import reserve_cores
from ditar_studio.inference.runtime import Patch
from ditar_studio.inference.voxcpm.native import NativeTransformer
from ditar_studio.inference.voxcpm.packed_vae import PackedVae
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Guidance, Solver
from ditar_studio.model.voxcpm import audio_vae
from ditar_studio.model.voxcpm.flow import Schedule
from ditar_studio.model.voxcpm.layers import KVCache
from ditar_studio.model.voxcpm.voxcpm import Prompt, VoxCPM, reference_parts


@dataclass(frozen=True, eq=False)
class PrefilledReference:
    """A reference that both language models have read: the caches of its positions.

    It comes first in a prompt, so that all sentences in one voice begin with it.
    """

    reference: Tensor
    base: KVCache
    residual: KVCache


@dataclass(frozen=True, eq=False)
class VoxCPMRequest:
    """A request to say a text in a voice.

    Attributes:
        prompt: the text and whom to speak like.
        patches: the most that will be asked for.
        prefilled: the prompt's reference, if it has been read before.
    """

    prompt: Prompt
    patches: int
    prefilled: PrefilledReference | None = None


@dataclass
class VoxCPMState:
    """State of one generation."""

    sampling: Sampling
    generator: torch.Generator | None
    solver: Solver
    base_cache: KVCache
    residual_cache: KVCache
    base_hidden: Tensor
    residual_hidden: Tensor
    previous: Tensor
    decoder: audio_vae.State
    time_tokens: Tensor
    pending: Tensor | None = None
    """The last patch, until it is fed back: while it is decoded, or when the next is asked for."""

    @property
    def room(self) -> int:
        """Patches that still fit the caches."""
        free = self.base_cache.capacity - self.base_cache.length
        return free + (1 if self.pending is None else 0)


class VoxCPMRuntime:
    """Executes a VoxCPM whose modules are what computes it; implements `runtime.Runtime`.

    `checkpoint.load` chooses these modules by the precision: torch's, packed ones, or those of the
    compiled kernels.
    """

    def __init__(self, model: VoxCPM) -> None:
        self.model = model
        self._native = isinstance(model.base_lm, NativeTransformer)

    @torch.inference_mode()
    def prefill(
        self, request: VoxCPMRequest, sampling: Sampling, generator: torch.Generator | None = None
    ) -> VoxCPMState:
        """Read the prompt; see `Runtime.prefill`.

        Raises:
            StudioError: the prompt leaves no room for a patch.
        """
        model, prompt, prefilled = self.model, request.prompt, request.prefilled
        room = model.most_patches(prompt)
        if room < 1:
            raise StudioError(
                f"The text and the voice sample take {prompt.positions} places, more than the "
                f"model's {model.config.max_length}.",
                "Shorten the voice sample or split the text.",
            )
        read = replace(prompt, reference=None) if prefilled is not None else prompt
        base_cache, residual_cache = model.cache(prompt.positions + min(request.patches, room) - 1)
        if prefilled is not None:
            base_cache.begin_with(prefilled.base)
            residual_cache.begin_with(prefilled.residual)
        hidden, residual, audio = model.read(read.parts(), base_cache, residual_cache)
        silence = torch.zeros(
            model.config.patch_size, model.config.latent_dim, dtype=model.dtype, device=model.device
        )
        decoder = model.vae.start()
        if prompt.continuation is not None:
            # Short prompts are filled up from the reference, as in the family's own package.
            known = [part for part in (prompt.reference, prompt.continuation) if part is not None]
            context = torch.cat(known)[-model.config.context_patches :]
            model.vae.decode_step(context.flatten(0, 1), decoder)
        schedule = Schedule.swayed(sampling.steps)
        return VoxCPMState(
            sampling=sampling,
            generator=generator,
            solver=schedule.solver(sampling.temperature),
            base_cache=base_cache,
            residual_cache=residual_cache,
            base_hidden=hidden[-1:],
            residual_hidden=residual[-1:],
            previous=audio[-1] if prompt.continuation is not None else silence,
            decoder=decoder,
            time_tokens=model.dit.time_tokens(
                torch.tensor(schedule.times, device=model.device), model.sinusoid_dtype
            ),
        )

    @torch.inference_mode()
    def prefill_reference(self, reference: Tensor) -> PrefilledReference:
        """Read a reference [R, P, D] once, for all the sentences that are to follow it."""
        base, residual = self.model.cache(reference.shape[0] + 2)
        self.model.read(reference_parts(reference), base, residual)
        return PrefilledReference(reference, base, residual)

    @torch.inference_mode()
    def step(self, state: VoxCPMState) -> Patch:
        """Make the next patch; see `Runtime.step`."""
        model = self.model
        with _cores(self._native):
            if state.pending is not None:
                self._feed_back(state, state.pending)
            base, residual = state.base_hidden, state.residual_hidden
            latents = self._draw(state, model.condition(base, residual))
            stop = model.stop_probability(base)
            state.previous = state.pending = latents.to(model.dtype)
        return Patch(latents, float(stop))

    @torch.inference_mode()
    def decode(self, state: VoxCPMState, patch: Patch) -> Tensor:
        """Turn a patch into samples; see `Runtime.decode`.

        Compiled language models read it meanwhile, if they can: they wait for their weights and the
        decoder computes, so that both take less time together.
        """
        vae = self.model.vae
        packed = isinstance(vae, PackedVae) and vae.native
        with _cores(self._native or packed):
            if not self._native or not isinstance(vae, PackedVae):
                return vae.decode_step(patch.latents, state.decoder)
            with vae.decoding(patch.latents, state.decoder) as (samples, elsewhere):
                if elsewhere and state.pending is not None and state.room:
                    self._feed_back(state, state.pending)
            return samples

    @torch.inference_mode()
    def flush(self, state: VoxCPMState) -> Tensor:
        """Return nothing: this decoder doesn't look ahead."""
        return torch.zeros(0)

    def _draw(self, state: VoxCPMState, condition: Tensor) -> Tensor:
        """Solve for the next patch [P, D] in float32."""
        model, sampling = self.model, state.sampling
        conditions = condition[None]
        if sampling.guidance:
            conditions = torch.stack([condition, torch.zeros_like(condition)])
        previous = model.dit.previous_tokens(state.previous)

        noise = model.draw_noise(state.generator).to(model.device, torch.float32)
        return model.dit.sample(
            state.solver,
            noise,
            Guidance(1 + sampling.guidance, fitted=True),
            conditions,
            state.time_tokens,
            previous,
        )

    def _feed_back(self, state: VoxCPMState, patch: Tensor) -> None:
        state.base_hidden, state.residual_hidden = self.model.feed_back(
            patch, state.base_cache, state.residual_cache
        )
        state.pending = None


def _cores(kernels: bool) -> AbstractContextManager[None]:
    """Return what torch's operations run in, beside kernels or not."""
    return reserve_cores() if kernels else nullcontext()
