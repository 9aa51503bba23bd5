"""The whole model: text and voice prompt in, patches of audio out.

The base language model reads text and patch embeddings, its word on each patch passes a scalar
quantiser, a residual language model adds back what was lost, and LocDiT turns both into the next
patch, which is embedded and fed back. `inference.voxcpm.runtime` does so patch after patch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.voxcpm.audio_vae import AudioVae
from ditar_studio.model.voxcpm.config import (
    AUDIO_START,
    REFERENCE_END,
    REFERENCE_START,
    VoxCPMConfig,
)
from ditar_studio.model.voxcpm.fsq import FiniteScalarQuantiser
from ditar_studio.model.voxcpm.layers import KVCache, Projection, Transformer
from ditar_studio.model.voxcpm.local_encoder import LocalEncoder
from ditar_studio.model.voxcpm.locdit import LocDiT

_ENCODER_BATCH = 64
"""Patches embedded at a time, which bounds the memory of long prompts."""


@dataclass(frozen=True)
class Prompt:
    """The prompt of the model: what it is given before it speaks.

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

    def parts(self) -> list[tuple[int, ...] | Tensor]:
        """Return what it consists of, in order: token ids, and patches [n, P, D]."""
        parts: list[tuple[int, ...] | Tensor] = []
        if self.reference is not None:
            parts += reference_parts(self.reference)
        parts.append((*self.text, AUDIO_START))
        if self.continuation is not None:
            parts.append(self.continuation)
        return parts


def reference_parts(patches: Tensor) -> list[tuple[int, ...] | Tensor]:
    """Return how a reference [R, P, D] stands in a prompt."""
    return [(REFERENCE_START,), patches, (REFERENCE_END,)]


class Words(nn.Embedding):
    """A table of embeddings that is not drawn first: it comes from a checkpoint."""

    def reset_parameters(self) -> None:
        """Do nothing: the weights are loaded."""


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
        """Encode waveform [n] at the VAE's input rate to patches [T, P, D] of latents.

        ``pad`` names the side that is filled up with silence to whole patches: "left" for speech
        that is continued, so that the join is clean, and "right" for a reference.
        """
        missing = -wave.shape[0] % self.config.prompt_patch_samples
        wave = F.pad(wave, (missing, 0) if pad == "left" else (0, missing))
        latents = self.vae.encode(wave)
        return latents.view(-1, self.config.patch_size, self.config.latent_dim)

    def most_patches(self, prompt: Prompt) -> int:
        """Count the patches for which the caches have room after the prompt."""
        return self.config.max_length - prompt.positions + 1

    def draw_noise(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw [P, D] standard normal numbers, in float32 on the CPU whatever the device.

        The same seed therefore gives the same noise at every precision and on every device.
        """
        shape = (1, self.config.latent_dim, self.config.patch_size)
        return torch.randn(shape, generator=generator)[0].t()

    def cache(self, capacity: int) -> tuple[KVCache, KVCache]:
        """Return empty caches of both language models, for so many positions."""
        sizes = capacity, self.dtype, self.device
        return KVCache(self.config.base_lm, *sizes), KVCache(self.config.residual_lm, *sizes)

    def read(
        self, parts: list[tuple[int, ...] | Tensor], base_cache: KVCache, residual_cache: KVCache
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return both models' outputs [n, hidden] at the positions of the parts of a `Prompt`, and
        all their patches.
        """
        embedded, is_audio, patches = self.embed_parts(parts)
        hidden = self.base_lm.causal(embedded, base_cache)
        if patches.shape[0]:
            hidden[is_audio] = self.fsq(hidden[is_audio])
        fused = self.fuse(hidden, embedded * is_audio[:, None])
        return hidden, self.residual_lm.causal(fused, residual_cache), patches

    def feed_back(
        self, patch: Tensor, base_cache: KVCache, residual_cache: KVCache
    ) -> tuple[Tensor, Tensor]:
        """Return both models' outputs [1, hidden] after a patch [P, D] that was generated."""
        embedded = self.encoder_to_lm(self.encoder(patch[None]))
        hidden = self.fsq(self.base_lm.causal(embedded, base_cache))
        fused = self.fuse(hidden, embedded)
        return hidden, self.residual_lm.causal(fused, residual_cache)

    def stop_probability(self, base: Tensor) -> Tensor:
        """Return the probability, a number, that the patch after the base model's output [1,
        hidden] is the last one.
        """
        logits: Tensor = self.stop_head(F.silu(self.stop_proj(base)))
        return logits.float().softmax(-1)[0, 1]

    def embed_parts(self, parts: list[tuple[int, ...] | Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return embeddings [n, hidden] of all positions, which are audio [n], and the audio
        patches.
        """
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
        """Return embeddings [n, hidden] of token ids [n], in the dtype of activations."""
        words: Tensor = self.embedding(ids).to(self.dtype)
        return words * self.config.embedding_scale

    def fuse(self, hidden: Tensor, audio: Tensor) -> Tensor:
        """Return the residual model's input from the base model's output and the patch
        embeddings.
        """
        if self.fusion is None:
            return hidden + audio
        fused: Tensor = self.fusion(torch.cat([hidden, audio], -1))
        return fused

    def condition(self, base: Tensor, residual: Tensor) -> Tensor:
        """Return LocDiT's condition tokens [C, hidden] from the two models' last outputs [1,
        hidden].
        """
        ours: Tensor = self.base_to_dit(base)
        theirs: Tensor = self.residual_to_dit(residual)
        return ours + theirs if self.config.generation == 1 else torch.cat([ours, theirs])
