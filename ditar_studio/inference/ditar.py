"""Generation with a DiTAR: patch after patch from its networks, with all state in one place.

Source: arXiv 2502.03930, algorithm 1; the text pointer is described in `model.pointer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.inference.cache import LayerCache, empty_cache
from ditar_studio.inference.patch_sampler import PatchSampler, TunedSampler
from ditar_studio.inference.runtime import Patch
from ditar_studio.inference.torch_transformer import FrozenTransformer
from ditar_studio.model.alignment import align
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.layers import Transformer
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.pointer import choose_pattern, elapsed_since_move, patterns
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.vae import Decoder, DecoderState


@dataclass(frozen=True)
class Prompt:
    """A reference clip, encoded once.

    Attributes:
        symbols: [N] its phonemes (indices), without the marks that `prefill` adds.
        latents: [T * P, latent_dim] normalised.
        embeddings: [T, dim] aggregated patches.
        voice: [SIZE] embedding of the speaker, for models with one.
        units: [T * P] for models with a pointer, how many of its sounds have begun at each latent.
        fit: mean log probability a latent of the alignment of transcript and clip; None without a
            pointer.
    """

    symbols: Tensor
    latents: Tensor
    embeddings: Tensor
    voice: Tensor | None
    units: Tensor | None
    fit: float | None


@dataclass(frozen=True, eq=False)
class DiTARRequest:
    """A request to say a text in a voice.

    Attributes:
        symbols: [N] phonemes (indices) of the text, without marks.
        prompt: whom to speak like.
        tuned: what draws the patches of a fine-tuned voice.
        timbre: [bands] correction of the decoder; see `model.timbre`.
        units: [T * P] for models with a pointer, how many of its sounds are to have begun at each
            latent; None: the model decides.
    """

    symbols: Tensor
    prompt: Prompt | None = None
    tuned: TunedSampler | None = None
    timbre: Tensor | None = None
    units: Tensor | None = None


@dataclass
class PointerState:
    """The position of the pointer while generating."""

    context: Tensor  # [1, N, dim]
    positions: Tensor  # [U] text position of each unit
    unit: int
    elapsed: int
    survival: float = 1.0
    at_start: bool = True  # the next patch begins the target text
    led: Tensor | None = None  # [T * P] units of the latents to come; None: the model decides
    recent: list[int] = field(default_factory=list)  # units of the last patch's latents

    @property
    def at_end(self) -> bool:
        return self.unit == len(self.positions) - 1


@dataclass
class DiTARState:
    """State of one generation."""

    sampling: Sampling
    generator: torch.Generator | None
    cache: list[LayerCache]
    h: Tensor  # [1, dim] conditions the next patch
    history: Tensor  # [1, K * P, latent_dim]
    pointer: PointerState | None
    voice: Tensor | None  # [1, dim] LocDiT's speaker condition
    sampler: PatchSampler | TunedSampler
    decoder: DecoderState

    def move_pointer(self, unit: int) -> None:
        """Stand at a unit of the text, about to leave it, as if nothing had been said before."""
        assert self.pointer is not None
        self.pointer.unit = unit
        self.pointer.survival = 0.0
        self.history = torch.zeros_like(self.history)


class DiTARRuntime(ABC):
    """Executes a DiTAR; implements `runtime.Runtime`. Subclasses say what computes its networks.

    Attributes:
        model: the networks and weights, some of which fine-tuning trains further.
    """

    def __init__(self, model: DiTAR) -> None:
        """Pack the weights as they are now; nothing of the model is changed."""
        self.model = model
        self._language_model = self.transformer(model.language_model.transformer)
        self._aggregator = self.transformer(model.aggregator.transformer)
        self._sampler = self.sampler(model.locdit)
        self._decoder = self.decoder(model.vae.decoder)

    @abstractmethod
    def transformer(self, transformer: Transformer) -> FrozenTransformer:
        """Return what computes a transformer."""

    @abstractmethod
    def sampler(self, locdit: LocDiT) -> PatchSampler:
        """Return what draws patches by a LocDiT."""

    @abstractmethod
    def decoder(self, decoder: Decoder) -> Decoder:
        """Return a copy of a decoder with packed weights."""

    @abstractmethod
    def cores(self) -> AbstractContextManager[None]:
        """Return what torch's operations run in, so that they don't take cores from others'
        threads.
        """

    def tuned(self, locdit: LocDiT, shift: Tensor, level: float) -> TunedSampler:
        """Return a fine-tuned voice's LocDiT, beside the model's own; see `TunedSampler`."""
        return TunedSampler(self._sampler, self.sampler(locdit), shift, level)

    @torch.inference_mode()
    def encode(self, wave: Tensor, symbols: Tensor, reading: Tensor | None = None) -> Prompt:
        """Encode a reference clip.

        Args:
            wave: [n] samples at the VAE's rate.
            symbols: [N] phonemes of its transcript.
            reading: what `model.reader` makes of the clip's whole patches, where that is known.

        Raises:
            StudioError: the transcript has more sounds than the clip can hold.
        """
        model, patch = self.model, self.model.config.patch
        whole = len(wave) // model.config.patch_samples * model.config.patch_samples
        if not whole:
            raise StudioError("The reference clip is shorter than a tenth of a second.")
        with self.cores():
            latents = model.vae.encode(wave[None, :whole])[0]
            units = fit = None
            if model.reader is not None:
                if reading is None:
                    reading = model.reader(wave[None, :whole])
                units, fit = align(reading[0], symbols[symbols != model.boundary])
            embeddings = self._aggregate(latents.reshape(-1, patch, latents.shape[-1]))
            voice = None if model.speaker is None else model.speaker(wave[None, :whole])[0]
        return Prompt(symbols, latents, embeddings, voice, units, fit)

    @torch.inference_mode()
    def prompt(self, symbols: Tensor, latents: Tensor, units: Tensor, voice: Tensor) -> Prompt:
        """Return the prompt of a clip that is encoded and aligned already; see `Prompt`."""
        patches = latents.reshape(-1, self.model.config.patch, latents.shape[-1])
        with self.cores():
            return Prompt(symbols, latents, self._aggregate(patches), voice, units, None)

    @torch.inference_mode()
    def read(self, wave: Tensor) -> Tensor:
        """Return log probabilities [1, T, symbols] of the phonemes in samples [n], for models with
        a reader.
        """
        assert self.model.reader is not None
        with self.cores():
            reading: Tensor = self.model.reader(wave[None])
        return reading

    @torch.inference_mode()
    def embed_speaker(self, wave: Tensor) -> Tensor:
        """Return the speaker embedding [SIZE] of samples [n], for models with a speaker encoder."""
        assert self.model.speaker is not None
        with self.cores():
            embedding: Tensor = self.model.speaker(wave[None])[0]
        return embedding

    @torch.inference_mode()
    def prefill(
        self, request: DiTARRequest, sampling: Sampling, generator: torch.Generator | None = None
    ) -> DiTARState:
        """Read the text to speak and the prompt; see `Runtime.prefill`."""
        with self.cores():
            return self._prefill(request, sampling, generator)

    @torch.inference_mode()
    def step(self, state: DiTARState) -> Patch:
        """Make the next patch; see `Runtime.step`."""
        with self.cores():
            return self._step(state)

    @torch.inference_mode()
    def decode(self, state: DiTARState, patch: Patch) -> Tensor:
        """Turn a patch into samples; see `Runtime.decode`."""
        vae = self.model.vae
        with self.cores():
            latents = patch.latents[None] * vae.latent_scale + vae.latent_mean
            samples, state.decoder = self._decoder.step(latents, state.decoder)
        return samples[0]

    @torch.inference_mode()
    def flush(self, state: DiTARState) -> Tensor:
        """Return the samples that the look-ahead still held back; see `Runtime.flush`."""
        with self.cores():
            return self._decoder.flush(state.decoder)[0]

    def _prefill(
        self, request: DiTARRequest, sampling: Sampling, generator: torch.Generator | None
    ) -> DiTARState:
        model, prompt = self.model, request.prompt
        mark = request.symbols.new_tensor([model.begin_mark])
        parts = [mark, request.symbols, mark]
        if prompt is not None:
            parts = [mark, prompt.symbols, *parts]
        text = torch.cat(parts)
        embedded = model.language_model.symbols(text)[None]
        voice = None
        if model.voice is not None and prompt is not None and prompt.voice is not None:
            to_text, voice = model.voice(prompt.voice[None])
            embedded = embedded + to_text[:, None]
        sequence = [embedded]
        pointer = None
        start = 0
        if model.pointer is not None:
            context = model.pointer.read(embedded)
            positions = model.unit_positions(text)
            if prompt is not None and prompt.units is not None:
                start = int((prompt.symbols != model.boundary).sum()) + 1
                where = positions[prompt.units][None]
                elapsed = elapsed_since_move(prompt.units)[None]
                content = model.pointer.content(context, where, elapsed)
                last = content[:, model.config.patch - 1 :: model.config.patch]
                sequence.append(prompt.embeddings[None] + model.pointer_embedding(last))
            led = None if request.units is None else start + request.units
            pointer = PointerState(context, positions, start, -1, led=led)
        elif prompt is not None:
            sequence.append(prompt.embeddings[None])
        cache = empty_cache(model.language_model.transformer)
        h = self._language_model(torch.cat(sequence, dim=1), cache)[:, -1]
        size = model.config.history * model.config.patch
        history = h.new_zeros(1, size, model.config.vae.latent_dim)
        if prompt is not None:
            known = prompt.latents[-size:]
            history[:, size - len(known) :] = known
        embedding = None if prompt is None or prompt.voice is None else prompt.voice[None]
        decoder = self._decoder.start(1, embedding, request.timbre)
        sampler = request.tuned or self._sampler
        return DiTARState(sampling, generator, cache, h, history, pointer, voice, sampler, decoder)

    def _step(self, state: DiTARState) -> Patch:
        model, h = self.model, state.h
        content = self._advance(state.pointer, h) if state.pointer is not None else None
        condition, conditioned = h, content
        if state.voice is not None:
            condition = h + state.voice
            conditioned = None if content is None else content + state.voice[:, None]
        latents = state.sampler.sample(
            condition, state.history, conditioned, state.sampling, state.generator
        )
        embedding = self._aggregate(latents)[:, None]
        if content is not None:
            embedding = embedding + model.pointer_embedding(content[:, -1:])
        state.h = self._language_model(embedding, state.cache)[:, 0]
        state.history = torch.cat((state.history, latents), dim=1)[:, model.config.patch :]
        stop = float(torch.sigmoid(model.language_model.stop(state.h))[0, 0])
        return Patch(latents[0], stop)

    def _advance(self, state: PointerState, h: Tensor) -> Tensor:
        """Move the pointer over the next patch; returns its content embeddings [1, P, dim]."""
        pointer = self.model.pointer
        assert pointer is not None
        patch = self.model.config.patch
        if state.led is None:
            logits = pointer.pattern(h)[0]
            pattern, state.survival = choose_pattern(logits, state.survival, patch)
        else:
            pattern = int(patterns(state.led[:patch], state.led.new_tensor(state.unit), patch))
            state.led = state.led[patch:]
        units, elapsed = [], []
        for latent in range(patch):
            moves = pattern >> latent & 1 and not (state.at_start and latent == 0)
            if moves and not state.at_end:
                state.unit, state.elapsed = state.unit + 1, 0
            else:
                state.elapsed += 1
            units.append(state.unit)
            elapsed.append(state.elapsed)
        state.at_start = False
        state.recent = units
        where = state.positions[units][None]
        return pointer.content(state.context, where, torch.tensor([elapsed], device=h.device))

    def _aggregate(self, patches: Tensor) -> Tensor:
        """Return embeddings [N, dim] of patches [N, P, latent_dim]."""
        aggregator = self.model.aggregator
        embeddings: Tensor = aggregator.out(self._aggregator(aggregator.tokens(patches))[:, 0])
        return embeddings
