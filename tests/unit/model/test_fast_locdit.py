from __future__ import annotations

import dataclasses

import pytest
import torch
from small_ditar import SMALL

from ditar_studio.model import frozen_transformer
from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.kernels.library import missing


@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("pointer", [True, False])
@pytest.mark.parametrize("kernels", [True, False])
def test_the_fast_locdit_is_the_same_function(
    kernels: bool, pointer: bool, guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kernels and missing():
        pytest.skip(f"no compiled kernels: {missing()}")
    if not kernels:
        monkeypatch.setattr(frozen_transformer, "exact", lambda _: False)
    vae = dataclasses.replace(SMALL.vae, latent_dim=16)
    config: DiTARConfig = dataclasses.replace(SMALL, pointer=pointer, vae=vae)
    torch.manual_seed(0)
    model = DiTAR(config).eval().requires_grad_(False)
    for parameter in model.locdit.parameters():
        parameter.normal_(std=0.3)
        parameter.copy_(parameter.bfloat16())  # as the numbers of stored models are
    h, history = torch.randn(1, 32), torch.randn(1, 4, 16)
    spoken = torch.randn(1, 4, 32) if pointer else None
    plain = model.guided(h, history, spoken, guidance)
    model.speed_up()
    fast = model.guided(h, history, spoken, guidance)
    assert model._fast is not None
    assert (model._fast._edges is not None) == kernels
    for t in (1.0, 0.4, 0.1, 0.4):
        x = torch.randn(1, 4, 16)
        expected = plain(x, t)
        assert expected.abs().max() > 0.1
        torch.testing.assert_close(fast(x, t), expected, rtol=1e-4, atol=1e-4)
