"""Timbre of a voice: what of it the decoder renders wrong, measured once and put right for good.

A small VAE and a small DiTAR colour every voice in their own way, the same way whatever the words.
So the model speaks the beginning of the reference's own words, its long-term spectrum is compared
with the recording's, and the difference is added to the decoder's envelopes from then on: matched
equalisation, as in mastering.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.model.synthesis import HOP, WINDOW

_LARGEST = 1.5  # nepers: 13 dB
_SPEECH = 1e-3  # of the loudest frame's power: 30 dB below it
_FLOOR = 1e-6


def long_term_spectrum(wave: Tensor, spread: Tensor) -> Tensor:
    """Return the mean log magnitude [bands] of the frames of wave [n] that hold speech.

    Args:
        spread: [bands, bins], `SourceFilter.spread`.
    """
    frames = wave.unfold(0, WINDOW, HOP) * torch.hann_window(WINDOW)
    power = torch.fft.rfft(frames).abs().square()
    energy = power.sum(1)
    speech = power[energy >= _SPEECH * energy.max()]
    weight = spread / spread.sum(1, keepdim=True)
    levels: Tensor = 0.5 * (speech @ weight.t() + _FLOOR).log().mean(0)
    return levels


def correction(recorded: Tensor, made: Tensor, spread: Tensor) -> Tensor:
    """Return what is to be added to log envelopes [bands], so that `made` [n] has the long-term
    spectrum of `recorded` [m].
    """
    difference = long_term_spectrum(recorded, spread) - long_term_spectrum(made, spread)
    return difference.clamp(-_LARGEST, _LARGEST)
