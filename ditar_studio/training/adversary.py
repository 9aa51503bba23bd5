"""Adversary of the VAE's decoder: networks that tell rendered spectrograms from recorded ones.

A spectral distance alone is least for the middle of all that is likely, which sounds muffled;
what fools an adversary has the contrasts of speech. Sources: least-squares GAN (arXiv 1611.04076),
feature matching (arXiv 1910.06711), spectrogram discriminators (arXiv 2106.07889).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F


class SpectrogramDiscriminator(nn.Module):
    """Wave [B, n] -> features of every layer, the last being the verdicts: 1 for recorded.

    It looks at log magnitudes of `window` samples every quarter of it, up to bin `bins`.
    """

    shape: Tensor

    def __init__(self, window: int, bins: int, dim: int = 24) -> None:
        super().__init__()
        self.window, self.bins = window, bins
        self.register_buffer("shape", torch.hann_window(window) * (window / 8) ** -0.5)
        strides = ((1, 2), (2, 3), (1, 2), (1, 2))
        widths = (1, dim // 2, dim, dim, dim)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (3, 5), stride, padding=(1, 2))
            for a, b, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )
        self.verdict = nn.Conv2d(dim, 1, (3, 3), padding=1)

    def forward(self, wave: Tensor) -> list[Tensor]:
        frames = wave.unfold(-1, self.window, self.window // 4) * self.shape
        magnitude = torch.fft.rfft(frames).abs()[..., : self.bins]
        x = (magnitude.clamp_min(3e-3).log()[:, None] + 3) / 2
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            features.append(x)
        return [*features, self.verdict(x)]


class Adversary(nn.Module):
    """Both sides' losses in one pass; each side's gradients reach its own weights alone."""

    def __init__(self) -> None:
        super().__init__()
        self.judges = nn.ModuleList(
            (SpectrogramDiscriminator(600, 301), SpectrogramDiscriminator(1500, 512))
        )

    def forward(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Compare rendered with recorded waves [B, n]: the losses `judge` of the adversary itself,
        `fooled` and `features` of what it thinks of `made`.
        """
        zero = made.new_zeros(())
        judge, fooled, alike = zero, zero, zero
        for each in self.judges:
            of_real, of_made = each(real), each(made.detach())
            judge = judge + (1 - of_real[-1]).square().mean() + of_made[-1].square().mean()
            frozen = {name: weight.detach() for name, weight in each.named_parameters()}
            *features, verdict = functional_call(each, frozen, (made,))
            fooled = fooled + (1 - verdict).square().mean()
            for mine, theirs in zip(features, of_real[:-1], strict=True):
                theirs = theirs.detach()
                alike = alike + (mine - theirs).abs().mean() / theirs.abs().mean()
        return {"judge": judge, "fooled": fooled, "features": alike / len(self.judges)}
