"""DiTAR: a language model reads patches of continuous latents, LocDiT generates the next one.

`prefill` reads text and prompt and gives a state; `step` makes one patch from a state. All state
is explicit.
Source: arXiv 2502.03930; the text pointer of the built-in model is in `pointer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ditar_studio.errors import StudioError
from ditar_studio.model.aggregator import Aggregator
from ditar_studio.model.alignment import align
from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.diffusion import sample
from ditar_studio.model.fast_locdit import FastLocDiT, TunedLocDiT
from ditar_studio.model.frozen import freeze_linears
from ditar_studio.model.language_model import LanguageModel
from ditar_studio.model.layers import LayerCache
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.pointer import TextPointer, choose_pattern, elapsed_since_move
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Network
from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import Vae


@dataclass(frozen=True)
class Prompt:
    """A reference clip, encoded once.

    Args:
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


@dataclass
class PointerState:
    """Where the pointer stands while generating."""

    context: Tensor  # [1, N, dim]
    positions: Tensor  # [U] text position of each unit
    unit: int
    elapsed: int
    survival: float = 1.0
    at_start: bool = True  # the next patch begins the target text
    recent: list[int] = field(default_factory=list)  # units of the last patch's latents

    @property
    def at_end(self) -> bool:
        return self.unit == len(self.positions) - 1


@dataclass
class State:
    """State of one generation."""

    cache: list[LayerCache]
    h: Tensor  # [1, dim] conditions the next patch
    history: Tensor  # [1, K * P, latent_dim]
    pointer: PointerState | None
    voice: Tensor | None  # [1, dim] LocDiT's speaker condition
    tuned: TunedLocDiT | None = None


class SpeakerProjections(nn.Module):
    """Speaker embedding [B, SIZE] -> its conditions of the text and of LocDiT, [B, dim] each."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.text = nn.Linear(SIZE, dim, bias=False)
        self.patch = nn.Linear(SIZE, dim, bias=False)

    def forward(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        even = embedding * SIZE**0.5  # unit length -> unit variance
        return self.text(even), self.patch(even)


class DiTAR(nn.Module):
    """The whole model.

    Text is phoneme indices. `begin_mark` stands ahead of every utterance and at the end of the
    text; `boundary` (between words) is the one symbol that the pointer passes over.
    """

    begin_mark = 1
    boundary = 2

    def __init__(self, config: DiTARConfig) -> None:
        super().__init__()
        self.config = config
        self.vae = Vae(config.vae)
        self.aggregator = Aggregator(config)
        self.language_model = LanguageModel(config)
        self.locdit = LocDiT(config)
        self.pointer = TextPointer(config) if config.pointer else None
        self.reader = PhoneticReader(config.vae, config.symbols) if config.pointer else None
        self.speaker = SpeakerEncoder(config.vae) if config.speaker else None
        self.voice = SpeakerProjections(config.language_model.dim) if config.speaker else None
        self._fast: FastLocDiT | None = None

    def speed_up(self) -> None:
        """Generate with the weights as they are now: the same but for rounding."""
        self._fast = FastLocDiT(self.locdit)
        self.aggregator.speed_up()
        self.language_model.speed_up()
        freeze_linears(self.vae.decoder)

    def encode_prompt(self, wave: Tensor, symbols: Tensor, reading: Tensor | None = None) -> Prompt:
        """Encode a reference clip.

        Args:
            wave: [n] samples at the VAE's rate.
            symbols: [N] phonemes of its transcript.
            reading: what `reader` makes of the clip's whole patches, where that is known.

        Raises:
            StudioError: the transcript has more sounds than the clip can hold.
        """
        patch = self.config.patch
        whole = len(wave) // self.config.patch_samples * self.config.patch_samples
        if not whole:
            raise StudioError("The reference clip is shorter than a tenth of a second.")
        latents = self.vae.encode(wave[None, :whole])[0]
        units = fit = None
        if self.reader is not None:
            if reading is None:
                reading = self.reader(wave[None, :whole])
            units, fit = align(reading[0], symbols[symbols != self.boundary])
        embeddings = self.aggregator(latents.reshape(-1, patch, latents.shape[-1]))
        voice = None if self.speaker is None else self.speaker(wave[None, :whole])[0]
        return Prompt(symbols, latents, embeddings, voice, units, fit)

    def unit_positions(self, text: Tensor) -> Tensor:
        """Positions [U] in text [N] at which the pointer can stand: all but word boundaries and
        the end."""
        return torch.nonzero(text[:-1] != self.boundary)[:, 0]

    def pointer_embedding(self, content: Tensor) -> Tensor:
        """Embed the pointer's position at the end of a patch, to be fed back with the patch.

        Args:
            content: [B, T, dim] content embeddings of the last latent of each patch.

        Returns:
            [B, T, dim], added to the patch embeddings.
        """
        assert self.pointer is not None
        embedding: Tensor = self.pointer.heard(content)
        return embedding

    def tuned(self, locdit: LocDiT, shift: Tensor, level: float) -> TunedLocDiT:
        """A LocDiT for one voice, beside this model's own; see `TunedLocDiT`."""
        return TunedLocDiT(self._fast or FastLocDiT(self.locdit), locdit, shift, level)

    def prefill(
        self, symbols: Tensor, prompt: Prompt | None, tuned: TunedLocDiT | None = None
    ) -> State:
        """Read the text to speak [N] and the prompt.

        Args:
            symbols: the text's.
            prompt: whom to speak like.
            tuned: what draws the patches instead of this model's own LocDiT.

        Returns:
            The state from which `step` makes the first patch of the text.
        """
        mark = symbols.new_tensor([self.begin_mark])
        parts = [mark, symbols, mark]
        if prompt is not None:
            parts = [mark, prompt.symbols, *parts]
        text = torch.cat(parts)
        embedded = self.language_model.symbols(text)[None]
        voice = None
        if self.voice is not None and prompt is not None and prompt.voice is not None:
            to_text, voice = self.voice(prompt.voice[None])
            embedded = embedded + to_text[:, None]
        sequence = [embedded]
        pointer = None
        start = 0
        if self.pointer is not None:
            context = self.pointer.read(embedded)
            positions = self.unit_positions(text)
            if prompt is not None and prompt.units is not None:
                start = int((prompt.symbols != self.boundary).sum()) + 1
                where = positions[prompt.units][None]
                elapsed = elapsed_since_move(prompt.units)[None]
                content = self.pointer.content(context, where, elapsed)
                last = content[:, self.config.patch - 1 :: self.config.patch]
                sequence.append(prompt.embeddings[None] + self.pointer_embedding(last))
            pointer = PointerState(context, positions, start, -1)
        elif prompt is not None:
            sequence.append(prompt.embeddings[None])
        cache = self.language_model.transformer.empty_cache(1)
        h = self.language_model.extend(torch.cat(sequence, dim=1), cache)[:, -1]
        size = self.config.history * self.config.patch
        history = h.new_zeros(1, size, self.config.vae.latent_dim)
        if prompt is not None:
            known = prompt.latents[-size:]
            history[:, size - len(known) :] = known
        return State(cache, h, history, pointer, voice, tuned)

    def _advance(self, state: PointerState, h: Tensor) -> Tensor:
        """Move the pointer over the next patch; returns its content embeddings [1, P, dim]."""
        assert self.pointer is not None
        patch = self.config.patch
        pattern, state.survival = choose_pattern(self.pointer.pattern(h)[0], state.survival, patch)
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
        return self.pointer.content(state.context, where, torch.tensor([elapsed], device=h.device))

    def step(
        self, state: State, sampling: Sampling, generator: torch.Generator | None = None
    ) -> tuple[Tensor, float]:
        """Make the next patch; `state` moves on.

        Returns:
            Normalised latents [1, P, latent_dim] and the probability that this patch is the last.
        """
        h = state.h
        content = self._advance(state.pointer, h) if state.pointer is not None else None
        condition, conditioned = h, content
        if state.voice is not None:
            condition = h + state.voice
            conditioned = None if content is None else content + state.voice[:, None]
        fast = state.tuned or self._fast
        if fast is not None:
            latents = fast.sample(condition, state.history, conditioned, sampling, generator)
        else:
            like = h.new_empty(1, self.config.patch, self.config.vae.latent_dim)
            network = self.guided(condition, state.history, conditioned, sampling.guidance)
            latents = sample(network, like, sampling, generator)
        embedding = self.aggregator(latents)[:, None]
        if content is not None:
            embedding = embedding + self.pointer_embedding(content[:, -1:])
        state.h = self.language_model.extend(embedding, state.cache)[:, 0]
        state.history = torch.cat((state.history, latents), dim=1)[:, self.config.patch :]
        stop = float(torch.sigmoid(self.language_model.stop(state.h))[0, 0])
        return latents, stop

    def guided(
        self, h: Tensor, history: Tensor, content: Tensor | None, guidance: float
    ) -> Network:
        """The network (x, t) -> u of one patch under LM guidance: both branches in one batched
        call."""

        def network(x: Tensor, t: float) -> Tensor:
            times = x.new_full((h.shape[0],), t)
            if guidance == 0:
                u: Tensor = self.locdit(x, times, h, history, content)
                return u
            both = self.locdit(
                torch.cat((x, x)),
                torch.cat((times, times)),
                torch.cat((h, torch.zeros_like(h))),
                torch.cat((history, history)),
                None if content is None else torch.cat((content, torch.zeros_like(content))),
            )
            conditional, unconditional = both.chunk(2)
            guided: Tensor = (1 + guidance) * conditional - guidance * unconditional
            return guided

        return network
