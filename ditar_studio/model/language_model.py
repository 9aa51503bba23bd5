"""DiTAR's causal language model over [phonemes][patch embeddings] (arXiv 2502.03930, section
3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.layers import Transformer


class LanguageModel(nn.Module):
    """Reads the text, then patch by patch; its output at a position conditions the next patch.

    The last text position conditions the first patch. There is no loss on the text. Stop is one
    linear layer.
    """

    def __init__(self, config: DiTARConfig) -> None:
        super().__init__()
        dim = config.language_model.dim
        self.symbols = nn.Embedding(config.symbols, dim)
        self.transformer = Transformer(config.language_model)
        self.stop = nn.Linear(dim, 1)
        nn.init.normal_(self.symbols.weight, std=0.1)

    def forward(self, text: Tensor, text_lengths: Tensor, patches: Tensor) -> Tensor:
        """Return outputs [B, T + 1, dim] for whole (padded) sequences: the j-th conditions patch j
        and, one further, says whether patch j was the last.

        Args:
            text: [B, N, dim] text embeddings, padded on the right to N.
            text_lengths: [B] true lengths.
            patches: [B, T, dim] patch embeddings.
        """
        batch, longest, dim = text.shape
        count = patches.shape[1]
        # Sequences are packed without a gap between text and patches, as in generation.
        steps = torch.arange(longest + count, device=text.device).expand(batch, -1)
        lengths = text_lengths[:, None]
        source = torch.where(steps < lengths, steps, longest + steps - lengths)
        source = source.clamp(max=longest + count - 1)
        joined = torch.cat((text, patches), dim=1)
        x = joined.gather(1, source[..., None].expand(-1, -1, dim))
        outputs: Tensor = self.transformer(x, steps[0], causal=True)
        wanted = lengths - 1 + torch.arange(count + 1, device=text.device)
        return outputs.gather(1, wanted[..., None].expand(-1, -1, dim))
