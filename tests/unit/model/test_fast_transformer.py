"""The transformer for generation is the same function as that for training."""

from __future__ import annotations

import pytest
import torch

from ditar_studio.model.config import TransformerConfig
from ditar_studio.model.fast_transformer import FastTransformer
from ditar_studio.model.layers import Transformer

CONFIG = TransformerConfig(3, 32, 2, 64)


@pytest.fixture
def transformer() -> Transformer:
    torch.manual_seed(0)
    made = Transformer(CONFIG).requires_grad_(False)
    for parameter in made.parameters():
        parameter.normal_(std=0.3)
    return made


@pytest.mark.parametrize("last", [None, 1, 4])
def test_positions_that_all_see_each_other(transformer: Transformer, last: int | None) -> None:
    x = torch.randn(2, 9, 32)
    expected = transformer(x, torch.arange(9))[:, -(last or 9) :]
    torch.testing.assert_close(FastTransformer(transformer)(x, last=last), expected)


def test_reading_a_text_and_going_on_step_by_step(transformer: Transformer) -> None:
    """Far enough for cache and tables to grow, and with what was read left as it was."""
    x = torch.randn(1, 300, 32)
    whole = transformer(x, torch.arange(300), causal=True)
    fast, cache = FastTransformer(transformer), transformer.empty_cache(1)
    pieces = [fast(x[:, :240], cache)]
    pieces += [fast(x[:, i : i + 1], cache) for i in range(240, 300)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=1e-4, atol=1e-5)
    assert cache[0].length == 300


def test_it_does_not_change_what_it_is_given(transformer: Transformer) -> None:
    x = torch.randn(2, 9, 32)
    before = x.clone()
    FastTransformer(transformer)(x, last=4)
    assert torch.equal(x, before)
