from __future__ import annotations

import dataclasses

import pytest
import torch
from small_ditar import SMALL

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.ditar import DiTAR


@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("pointer", [True, False])
def test_the_fast_locdit_is_the_same_function(pointer: bool, guidance: float) -> None:
    config: DiTARConfig = dataclasses.replace(SMALL, pointer=pointer)
    torch.manual_seed(0)
    model = DiTAR(config).eval().requires_grad_(False)
    for parameter in model.locdit.parameters():
        parameter.normal_(std=0.3)
    h, history = torch.randn(1, 32), torch.randn(1, 4, 8)
    spoken = torch.randn(1, 4, 32) if pointer else None
    plain = model.guided(h, history, spoken, guidance)
    model.speed_up()
    fast = model.guided(h, history, spoken, guidance)
    for t in (1.0, 0.4, 0.1, 0.4):
        x = torch.randn(1, 4, 8)
        expected = plain(x, t)
        assert expected.abs().max() > 0.1
        torch.testing.assert_close(fast(x, t), expected, rtol=1e-4, atol=1e-4)
