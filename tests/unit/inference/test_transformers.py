"""The transformer for generation is the same function as that for training."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ditar_studio.inference import native_transformer
from ditar_studio.inference.cache import empty_cache
from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.native_runtime import NativeRuntime
from ditar_studio.inference.native_transformer import NativeTransformer
from ditar_studio.inference.torch_transformer import FrozenTransformer, TorchTransformer
from ditar_studio.model.config import TransformerConfig
from ditar_studio.model.layers import Transformer

compiled = pytest.mark.skipif(bool(missing()), reason=f"no compiled kernels: {missing()}")
frozen = pytest.mark.parametrize(
    "kind", [TorchTransformer, pytest.param(NativeTransformer, marks=compiled)]
)
Kind = Callable[[Transformer], FrozenTransformer]

CONFIG = TransformerConfig(3, 32, 2, 64)


@pytest.fixture
def transformer() -> Transformer:
    torch.manual_seed(0)
    made = Transformer(CONFIG).requires_grad_(False)
    for parameter in made.parameters():
        parameter.normal_(std=0.3)
        parameter.copy_(parameter.bfloat16())  # as the numbers of stored models are
    return made


@frozen
@pytest.mark.parametrize("last", [None, 1, 4])
@pytest.mark.parametrize("batch", [2, 30])
def test_positions_that_all_see_each_other(
    kind: Kind, transformer: Transformer, last: int | None, batch: int
) -> None:
    x = torch.randn(batch, 9, 32)
    expected = transformer(x, torch.arange(9))[:, -(last or 9) :]
    made = kind(transformer)(x, last=last)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


@frozen
def test_reading_a_text_and_going_on_step_by_step(kind: Kind, transformer: Transformer) -> None:
    """Far enough for cache and tables to grow, and with what was read left as it was."""
    x = torch.randn(1, 300, 32)
    whole = transformer(x, torch.arange(300), causal=True)
    fast, cache = kind(transformer), empty_cache(transformer)
    pieces = [fast(x[:, :240], cache)]
    pieces += [fast(x[:, i : i + 1], cache) for i in range(240, 300)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=1e-4, atol=1e-5)
    assert cache[0].length == 300


@frozen
def test_it_does_not_change_what_it_is_given(kind: Kind, transformer: Transformer) -> None:
    x = torch.randn(2, 9, 32)
    before = x.clone()
    kind(transformer)(x, last=4)
    assert torch.equal(x, before)


def freeze(transformer: Transformer) -> FrozenTransformer:
    return NativeRuntime.__new__(NativeRuntime).transformer(transformer)


@compiled
def test_only_what_the_kernels_compute_exactly_is_compiled(
    transformer: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(freeze(transformer), NativeTransformer)
    monkeypatch.setattr(native_transformer, "exact", lambda _: False)
    assert isinstance(freeze(transformer), TorchTransformer)
    monkeypatch.undo()
    transformer.blocks[1].up.weight.mul_(1.001)  # type: ignore[union-attr, operator]
    assert isinstance(freeze(transformer), TorchTransformer)


@frozen
@pytest.mark.parametrize("batch", [1, 2])
def test_going_on_by_several_positions_at_once(
    kind: Kind, transformer: Transformer, batch: int
) -> None:
    x = torch.randn(batch, 150, 32)
    fast, cache = kind(transformer), empty_cache(transformer, batch)
    pieces = [fast(x[:, start : start + 50], cache) for start in (0, 50, 100)]
    whole = transformer(x, torch.arange(150), causal=True)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=1e-4, atol=1e-5)


@frozen
@pytest.mark.parametrize("start", [0, 100])
def test_only_the_last_positions_are_answered(
    kind: Kind, transformer: Transformer, start: int
) -> None:
    x = torch.randn(1, 150, 32)
    fast, cache = kind(transformer), empty_cache(transformer)
    if start:
        fast(x[:, :start], cache)
    made = fast(x[:, start:], cache, last=3)
    whole = transformer(x, torch.arange(150), causal=True)
    torch.testing.assert_close(made, whole[:, -3:], rtol=1e-4, atol=1e-5)
