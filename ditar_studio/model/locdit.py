"""LocDiT: the small diffusion transformer that generates one patch (arXiv 2502.03930, section
3.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.layers import Transformer
from ditar_studio.model.solver import Network


class LocDiT(nn.Module):
    """Bidirectional over [h + time (one token) ; K * P clean latents of history ; P noisy latents].

    `forward` predicts u [N, P, latent_dim] for:
        noisy: [N, P, latent_dim] latents at time t.
        t: [N] times in 0..1.
        h: [N, language model's dim] output of the language model; zeros for the unconditional
        branch.
        history: [N, K * P, latent_dim] previous patches, zeros before the first.
        content: [N, P, language model's dim] content embedding of each latent, for models with a
        text pointer.
    """

    frequencies: Tensor

    def __init__(self, config: DiTARConfig) -> None:
        super().__init__()
        dim, wide = config.locdit.dim, config.language_model.dim
        self.patch = config.patch
        self.condition = nn.Linear(wide, dim, bias=False)
        self.spoken = nn.Linear(wide, dim, bias=False) if config.pointer else None  # content
        self.inward = nn.Linear(config.vae.latent_dim, dim)
        self.noisy_mark = nn.Parameter(torch.zeros(dim))
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.register_buffer(
            "frequencies",
            torch.exp(torch.arange(dim // 2) * (-math.log(10_000) / (dim // 2))),
            persistent=False,
        )
        self.transformer = Transformer(config.locdit)
        self.out = nn.Linear(dim, config.vae.latent_dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self, noisy: Tensor, t: Tensor, h: Tensor, history: Tensor, content: Tensor | None
    ) -> Tensor:
        angles = 1000 * t[:, None] * self.frequencies
        time = self.time(torch.cat((angles.sin(), angles.cos()), dim=-1).to(noisy.dtype))
        target = self.inward(noisy) + self.noisy_mark
        if self.spoken is not None:
            target = target + self.spoken(content)
        x = torch.cat(((self.condition(h) + time)[:, None], self.inward(history), target), dim=1)
        x = self.transformer(x, torch.arange(x.shape[1], device=x.device))
        u: Tensor = self.out(x[:, -self.patch :])
        return u

    def guided(
        self, h: Tensor, history: Tensor, content: Tensor | None, guidance: float
    ) -> Network:
        """Return the network (x, t) -> u of one patch under LM guidance: both branches in one
        batched call. Arguments are those of `forward`, for one patch.
        """

        def network(x: Tensor, t: float) -> Tensor:
            times = x.new_full((h.shape[0],), t)
            if guidance == 0:
                u: Tensor = self(x, times, h, history, content)
                return u
            both = self(
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
