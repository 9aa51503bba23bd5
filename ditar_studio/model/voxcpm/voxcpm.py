"""The whole model: text and voice prompt in, patches of audio out, one step at a time.

The base language model reads text and patch embeddings, its word on each patch passes a scalar
quantiser, a residual language model adds back what was lost, and LocDiT turns both into the next
patch, which is embedded and fed back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.errors import StudioError
from ditar_studio.model.kernels.thread_pool import reserve_cores
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Guidance, Solver
from ditar_studio.model.voxcpm import audio_vae
from ditar_studio.model.voxcpm.audio_vae import AudioVae
from ditar_studio.model.voxcpm.config import (
    AUDIO_START,
    REFERENCE_END,
    REFERENCE_START,
    VoxCPMConfig,
)
from ditar_studio.model.voxcpm.flow import Schedule
from ditar_studio.model.voxcpm.fsq import FiniteScalarQuantiser
from ditar_studio.model.voxcpm.layers import KVCache, Projection, Transformer
from ditar_studio.model.voxcpm.local_encoder import LocalEncoder
from ditar_studio.model.voxcpm.locdit import LocDiT

_ENCODER_BATCH = 64
"""Patches embedded at a time, which bounds the memory of long prompts."""


@dataclass(frozen=True)
class Prompt:
    """What the model is given before it speaks.

    Args:
        text: token ids of the transcript of ``continuation`` (if any) and the new text together.
        reference: [R, P, D] latents of a voice to imitate (second generation), or None.
        continuation: [C, P, D] latents of the speech to go on from, or None.
    """

    text: tuple[int, ...]
    reference: Tensor | None = None
    continuation: Tensor | None = None

    @property
    def positions(self) -> int:
        """Places taken in the models' caches."""
        count = len(self.text) + 1
        if self.reference is not None:
            count += 2 + self.reference.shape[0]
        if self.continuation is not None:
            count += self.continuation.shape[0]
        return count


@dataclass(frozen=True, eq=False)
class PrefilledReference:
    """A reference that both language models have read: the caches of its positions.

    It comes first in a prompt, so that all sentences in one voice begin with it.
    """

    reference: Tensor
    base: KVCache
    residual: KVCache


@dataclass(frozen=True)
class Patch:
    """One step's outcome: latents [P, D], samples [n], exact because the decoder's state is carried
    on, both in float32, and the probability that it is the last one."""

    latents: Tensor
    samples: Tensor
    stop_probability: float


@dataclass
class Speech:
    """One utterance under way."""

    sampling: Sampling
    solver: Solver
    noise: Callable[[], Tensor]
    base_cache: KVCache
    residual_cache: KVCache
    base_hidden: Tensor
    residual_hidden: Tensor
    previous: Tensor
    decoder: audio_vae.State
    pending: Tensor | None = None
    """The last patch, until it is fed back: while it is decoded, or when the next is asked for."""
    time_tokens: Tensor = field(default_factory=lambda: torch.empty(0))

    @property
    def room(self) -> int:
        """Patches that still fit the caches."""
        free = self.base_cache.capacity - self.base_cache.length
        return free + (1 if self.pending is None else 0)


class Words(nn.Embedding):
    """A table of embeddings that is not drawn first: it comes from a checkpoint."""

    def reset_parameters(self) -> None:
        """Nothing."""


class VoxCPM(nn.Module):
    """VoxCPM-0.5B, VoxCPM1.5 and VoxCPM2, by the configuration."""

    def __init__(self, config: VoxCPMConfig) -> None:
        super().__init__()
        self.config = config
        hidden, dit = config.base_lm.hidden, config.dit.hidden
        self.embedding = Words(config.vocabulary, hidden)
        self.base_lm = Transformer(config.base_lm)
        self.residual_lm = Transformer(config.residual_lm)
        self.encoder = LocalEncoder(config.encoder, config.latent_dim)
        self.dit = LocDiT(config.dit, config.latent_dim, config.generation)
        self.fsq = FiniteScalarQuantiser(hidden, config.fsq_dim, config.fsq_scale)
        self.encoder_to_lm: nn.Module = Projection(config.encoder.hidden, hidden)
        self.base_to_dit: nn.Module = Projection(hidden, dit)
        self.residual_to_dit: nn.Module = Projection(hidden, dit)
        self.stop_proj: nn.Module = Projection(hidden, hidden)
        self.stop_head: nn.Module = Projection(hidden, 2, bias=False)
        self.fusion: nn.Module | None = None
        if config.generation == 2:
            self.fusion = Projection(2 * hidden, hidden)
        self.sinusoid_dtype = torch.float32
        """bfloat16 repeats the rounding under which the released weights were trained."""

    def attach_vae(self, vae: AudioVae) -> None:
        """Give the model its VAE, whose weights come from a file of their own."""
        self.vae = vae

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of activations."""
        return self.base_lm.norm.weight.dtype

    @property
    def device(self) -> torch.device:
        return self.base_lm.norm.weight.device

    @torch.inference_mode()
    def encode_audio(self, wave: Tensor, pad: str) -> Tensor:
        """Waveform [n] at the VAE's input rate to patches [T, P, D] of latents.

        ``pad`` names the side that is filled up with silence to whole patches: "left" for speech
        that is continued, so that the join is clean, and "right" for a reference.
        """
        missing = -wave.shape[0] % self.config.prompt_patch_samples
        wave = F.pad(wave, (missing, 0) if pad == "left" else (0, missing))
        latents = self.vae.encode(wave)
        return latents.view(-1, self.config.patch_size, self.config.latent_dim)

    def most_patches(self, prompt: Prompt) -> int:
        """Patches for which the caches have room after the prompt."""
        return self.config.max_length - prompt.positions + 1

    @torch.inference_mode()
    def begin(
        self,
        prompt: Prompt,
        sampling: Sampling,
        patches: int,
        noise: Callable[[], Tensor] | None = None,
        prefilled: PrefilledReference | None = None,
    ) -> Speech:
        """Read the prompt; afterwards ``step`` makes up to ``patches`` patches.

        Args:
            noise: gives [P, D] standard normal numbers for each patch; by default one
                ``torch.randn((1, D, P))`` from torch's global generator, as the family's own
                package draws them.
            prefilled: the prompt's reference, if it has been read before.

        Raises:
            StudioError: the prompt leaves no room for a patch.
        """
        room = self.most_patches(prompt)
        if room < 1:
            raise StudioError(
                f"The text and the voice sample take {prompt.positions} places, more than the "
                f"model's {self.config.max_length}.",
                "Shorten the voice sample or split the text.",
            )
        read = replace(prompt, reference=None) if prefilled is not None else prompt
        capacity = prompt.positions + min(patches, room) - 1
        base_cache = KVCache(self.config.base_lm, capacity, self.dtype, self.device)
        residual_cache = KVCache(self.config.residual_lm, capacity, self.dtype, self.device)
        if prefilled is not None:
            base_cache.begin_with(prefilled.base)
            residual_cache.begin_with(prefilled.residual)
        parts = self._layout(read)
        hidden, residual, audio = self._read(parts, base_cache, residual_cache)
        silence = torch.zeros(
            self.config.patch_size, self.config.latent_dim, dtype=self.dtype, device=self.device
        )
        decoder = self.vae.start()
        if prompt.continuation is not None:
            # Short prompts are filled up from the reference, as in the family's own package.
            known = [part for part in (prompt.reference, prompt.continuation) if part is not None]
            context = torch.cat(known)[-self.config.context_patches :]
            self.vae.decode_step(context.flatten(0, 1), decoder)
        schedule = Schedule.swayed(sampling.steps)
        return Speech(
            sampling=sampling,
            solver=schedule.solver(sampling.temperature),
            noise=noise or self.draw_noise,
            base_cache=base_cache,
            residual_cache=residual_cache,
            base_hidden=hidden[-1:],
            residual_hidden=residual[-1:],
            previous=audio[-1] if prompt.continuation is not None else silence,
            decoder=decoder,
            time_tokens=self.dit.time_tokens(
                torch.tensor(schedule.times, device=self.device), self.sinusoid_dtype
            ),
        )

    def draw_noise(self, generator: torch.Generator | None = None) -> Tensor:
        """[P, D] standard normal numbers, in float32 on the CPU whatever the device.

        The same seed therefore gives the same noise at every precision and on every device.
        """
        shape = (1, self.config.latent_dim, self.config.patch_size)
        return torch.randn(shape, generator=generator)[0].t()

    @torch.inference_mode()
    def step(self, speech: Speech) -> Patch:
        """Make the next patch."""
        with _beside(self.base_lm.compiled is not None):
            if speech.pending is not None:
                self._feed_back(speech, speech.pending)
                speech.pending = None
            base, residual = speech.base_hidden, speech.residual_hidden
            latents = self._draw(speech, self.condition(base, residual))
            stop = self.stop_head(F.silu(self.stop_proj(base))).float().softmax(-1)[0, 1]
            speech.previous = speech.pending = latents.to(self.dtype)
            samples = self._decode(speech, latents)
        return Patch(latents, samples, float(stop))

    def _decode(self, speech: Speech, latents: Tensor) -> Tensor:
        """The patch's samples; compiled language models read it meanwhile, if they can.

        They wait for their weights and the decoder computes, so that both take less time together.
        """
        if self.base_lm.compiled is None:
            with _beside(self.vae.compiled):
                return self.vae.decode_step(latents, speech.decoder)
        with self.vae.decoding(latents, speech.decoder) as (samples, elsewhere):
            if elsewhere and speech.pending is not None and speech.room:
                self._feed_back(speech, speech.pending)
                speech.pending = None
        return samples

    @torch.inference_mode()
    def prefill_reference(self, reference: Tensor) -> PrefilledReference:
        """Read a reference [R, P, D] once, for all the sentences that are to follow it."""
        parts = self._reference(reference)
        count = reference.shape[0] + 2
        base = KVCache(self.config.base_lm, count, self.dtype, self.device)
        residual = KVCache(self.config.residual_lm, count, self.dtype, self.device)
        self._read(parts, base, residual)
        return PrefilledReference(reference, base, residual)

    def _reference(self, patches: Tensor) -> list[tuple[int, ...] | Tensor]:
        return [(REFERENCE_START,), patches, (REFERENCE_END,)]

    def _layout(self, prompt: Prompt) -> list[tuple[int, ...] | Tensor]:
        """What a prompt consists of, in order: token ids, and patches [n, P, D]."""
        parts: list[tuple[int, ...] | Tensor] = []
        if prompt.reference is not None:
            parts += self._reference(prompt.reference)
        parts.append((*prompt.text, AUDIO_START))
        if prompt.continuation is not None:
            parts.append(prompt.continuation)
        return parts

    def _read(
        self, parts: list[tuple[int, ...] | Tensor], base_cache: KVCache, residual_cache: KVCache
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Both models' outputs [n, hidden] at the positions of the parts, and all their patches."""
        embedded, is_audio, patches = self._embed(parts)
        hidden = self.base_lm.causal(embedded, base_cache)
        if patches.shape[0]:
            hidden[is_audio] = self.fsq(hidden[is_audio])
        fused = self.fuse(hidden, embedded * is_audio[:, None])
        return hidden, self.residual_lm.causal(fused, residual_cache), patches

    def _embed(self, parts: list[tuple[int, ...] | Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings [n, hidden] of all positions, which are audio [n], and the audio patches."""
        ids: list[int] = []
        audio: list[Tensor] = []
        flags: list[bool] = []
        for part in parts:
            if isinstance(part, Tensor):
                audio.append(part.to(self.device, self.dtype))
                flags.extend([True] * part.shape[0])
            else:
                ids.extend(part)
                flags.extend([False] * len(part))
        is_audio = torch.tensor(flags, device=self.device)
        words = self.embed(torch.tensor(ids, device=self.device))
        embedded = words.new_empty(len(flags), words.shape[1])
        embedded[~is_audio] = words
        if not audio:
            shape = (0, self.config.patch_size, self.config.latent_dim)
            return embedded, is_audio, words.new_empty(shape)
        patches = torch.cat(audio)
        coded = [
            self.encoder_to_lm(self.encoder(part)) for part in torch.split(patches, _ENCODER_BATCH)
        ]
        embedded[is_audio] = torch.cat(coded)
        return embedded, is_audio, patches

    def embed(self, ids: Tensor) -> Tensor:
        """Embeddings [n, hidden] of token ids [n], in the dtype of activations."""
        words: Tensor = self.embedding(ids).to(self.dtype)
        return words * self.config.embedding_scale

    def fuse(self, hidden: Tensor, audio: Tensor) -> Tensor:
        """The residual model's input from the base model's output and the patch embeddings."""
        if self.fusion is None:
            return hidden + audio
        fused: Tensor = self.fusion(torch.cat([hidden, audio], -1))
        return fused

    def condition(self, base: Tensor, residual: Tensor) -> Tensor:
        """LocDiT's condition tokens [C, hidden] from the two models' last outputs [1, hidden]."""
        ours: Tensor = self.base_to_dit(base)
        theirs: Tensor = self.residual_to_dit(residual)
        return ours + theirs if self.config.generation == 1 else torch.cat([ours, theirs])

    def _draw(self, speech: Speech, condition: Tensor) -> Tensor:
        """Solve for the next patch [P, D] in float32."""
        sampling = speech.sampling
        conditions = condition[None]
        if sampling.guidance:
            conditions = torch.stack([condition, torch.zeros_like(condition)])
        previous = self.dit.previous_tokens(speech.previous)

        noise = speech.noise().to(self.device, torch.float32)
        return self.dit.sample(
            speech.solver,
            noise,
            Guidance(1 + sampling.guidance, fitted=True),
            conditions,
            speech.time_tokens,
            previous,
        )

    def _feed_back(self, speech: Speech, patch: Tensor) -> None:
        embedded = self.encoder_to_lm(self.encoder(patch[None]))
        hidden = self.fsq(self.base_lm.causal(embedded, speech.base_cache))
        fused = self.fuse(hidden, embedded)
        speech.residual_hidden = self.residual_lm.causal(fused, speech.residual_cache)
        speech.base_hidden = hidden


def _beside(kernels: bool) -> AbstractContextManager[None]:
    """What torch's operations run in, beside kernels or not."""
    return reserve_cores() if kernels else nullcontext()
