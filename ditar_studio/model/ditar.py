"""DiTAR: a language model reads patches of continuous latents, LocDiT generates the next one.

Here are the networks, as the paper describes them and as `objective` trains them. `inference.ditar`
generates with them: the loop over patches, caches and streams are there.
Source: arXiv 2502.03930; the text pointer of the built-in model is in `pointer`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.aggregator import Aggregator
from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.language_model import LanguageModel
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.pointer import TextPointer
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import Vae


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

    def unit_positions(self, text: Tensor) -> Tensor:
        """Return positions [U] in text [N] at which the pointer can stand: all but word boundaries
        and the end.
        """
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
