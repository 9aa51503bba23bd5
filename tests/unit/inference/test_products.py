"""Products with frozen weights are the products."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ditar_studio.inference.products import FrozenLinear, Product, freeze_linears


def packed(value: Product) -> bool:
    return value._packed is not None


@pytest.mark.parametrize("rows", [1, 4, 18])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=["stored", "trained"])
@pytest.mark.parametrize("bias", [False, True])
def test_products_are_exact(rows: int, dtype: torch.dtype, bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(768, 256, generator=generator).mul(0.05).to(dtype).float()
    b = torch.randn(768, generator=generator) if bias else None
    x, rest = torch.randn(rows, 256), torch.randn(rows, 768)
    exact = nn.functional.linear(x.double(), weight.double(), None if b is None else b.double())
    product = Product(weight, b)
    torch.testing.assert_close(product(x).double(), exact, rtol=1e-5, atol=1e-5)
    if b is None:
        torch.testing.assert_close(
            product.add(x, rest).double(), exact + rest, rtol=1e-5, atol=1e-5
        )


@pytest.mark.skipif(torch.backends.quantized.engine != "x86", reason="FBGEMM is for x86")
def test_only_what_loses_nothing_is_packed() -> None:
    weight = torch.randn(512, 512).bfloat16().float()
    assert packed(Product(weight))
    assert not packed(Product(weight * 1.001)), "would be rounded"
    assert not packed(Product(weight * 2**17)), "would overflow"
    assert not packed(Product(weight[:8])), "would take longer"


def test_freezing_keeps_the_weights_where_they_were() -> None:
    net = nn.Sequential(nn.Linear(8, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2, bias=False)))
    x = torch.randn(2, 3, 8)
    before, expected = net.state_dict(), net(x)
    freeze_linears(net)
    assert isinstance(net[0], FrozenLinear)
    torch.testing.assert_close(net(x), expected)
    assert net.state_dict().keys() == before.keys()
