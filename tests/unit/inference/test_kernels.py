"""Compiled kernels compute what the formulas say, on any number of threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.kernels.matrix import Matrix, fits, is_bf16
from ditar_studio.inference.kernels.thread_pool import reserve_cores
from ditar_studio.inference.kernels.transformer import (
    BlockWeights,
    CompiledTransformer,
    Filled,
    RotaryTable,
    Shape,
)
from ditar_studio.inference.kernels.vocoder import CompiledDecoder, Last, Product, Scale, Snake
from ditar_studio.inference.native_runtime import NativeConvNeXt
from ditar_studio.model.layers import ConvNeXtBlock

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no compiled kernels: {missing()}")

SHAPE = Shape(32, 4, 2, 16, 48, gated=True, epsilon=1e-5, branch_scale=0.7)
LAYERS = 2


@pytest.fixture(autouse=True, params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def bf16(*shape: int) -> Tensor:
    return torch.randn(*shape).bfloat16().float()


@pytest.mark.parametrize("rows", [*range(1, 14), 70])
@pytest.mark.parametrize(("outputs", "columns"), [(16, 8), (208, 264), (1024, 1024)])
def test_products(rows: int, outputs: int, columns: int) -> None:
    torch.manual_seed(0)
    weight, x = bf16(outputs, columns), torch.randn(rows, columns)
    right = (x.double() @ weight.double().T).float()
    torch.testing.assert_close(Matrix.bf16(weight)(x), right, rtol=1e-4, atol=1e-4)
    rounded = Matrix.int8(weight)(x)
    assert (rounded - right).norm() / right.norm() < 0.025


def test_an_int8_product_is_that_of_the_rounded_numbers() -> None:
    torch.manual_seed(0)
    levels = torch.randint(-64, 65, (16, 300 // 4 * 4 + 4), dtype=torch.float32)
    x = torch.randint(-63, 64, (3, levels.shape[1]), dtype=torch.float32)
    for start in (0, 256):  # the blocks that share a scale
        levels[:, start], x[:, start] = 64, 63
    assert torch.equal(Matrix.int8(levels)(x), x @ levels.T), "nothing saturates, nothing is lost"


def test_extremes_of_int8_do_not_saturate() -> None:
    ones = torch.ones(16, 512)
    for sign in (1, -1):
        product = Matrix.int8(ones)(sign * ones[:2])
        torch.testing.assert_close(product, torch.full((2, 16), sign * 512.0))


def test_an_outlier_spoils_its_own_block_only() -> None:
    torch.manual_seed(0)
    weight, x = bf16(16, 1024), torch.randn(1, 1024)
    weight[:, :256] = 0
    calm = Matrix.int8(weight)(x)
    x[0, 3] = 1e6
    assert torch.equal(Matrix.int8(weight)(x), calm)


def test_which_matrices_fit() -> None:
    assert fits(32, 24)
    assert not fits(24, 24)
    assert not fits(32, 12)
    assert is_bf16(bf16(4, 4))
    assert not is_bf16(torch.full((4, 4), 1.001))


class Model:
    """A gated transformer with grouped queries, and the formulas for it."""

    def __init__(self, make: object = Matrix.bf16) -> None:
        torch.manual_seed(0)
        s = SHAPE
        width = (s.heads + 2 * s.kv_heads) * s.head_dim
        shapes = (width, s.dim), (s.dim, s.heads * s.head_dim), (2 * s.ffn, s.dim), (s.dim, s.ffn)
        self.blocks = [
            (1 + bf16(s.dim), *(bf16(*shape) / 4 for shape in shapes), 1 + bf16(s.dim))
            for _ in range(LAYERS)
        ]
        self.gain = 1 + bf16(s.dim)
        packed = [
            BlockWeights(first, make(qkv), make(out), second, make(up), make(down))  # type: ignore[operator]
            for first, qkv, out, up, down, second in self.blocks
        ]
        self.compiled = CompiledTransformer(s, packed, self.gain)
        angles = torch.arange(400)[:, None] * 10.0 ** -torch.arange(s.head_dim // 2)
        self.rotary = RotaryTable(
            torch.cat((angles.cos(), angles.cos()), 1), torch.cat((-angles.sin(), angles.sin()), 1)
        )

    def formulas(self, x: Tensor, turned: bool, causal: bool) -> Tensor:
        s, (batch, length, _) = SHAPE, x.shape

        def norm(x: Tensor, gain: Tensor) -> Tensor:
            return x / (x.square().mean(-1, keepdim=True) + s.epsilon).sqrt() * gain

        def turn(x: Tensor) -> Tensor:
            if not turned:
                return x
            half = x.roll(s.head_dim // 2, -1)
            return x * self.rotary.cosines[:length] + half * self.rotary.sines[:length]

        for first, qkv, out, up, down, second in self.blocks:
            heads = (norm(x, first) @ qkv.T).view(batch, length, -1, s.head_dim).transpose(1, 2)
            query, key, value = heads.split((s.heads, s.kv_heads, s.kv_heads), 1)
            key, value = (
                part.repeat_interleave(s.heads // s.kv_heads, 1) for part in (turn(key), value)
            )
            mixed = F.scaled_dot_product_attention(turn(query), key, value, is_causal=causal)
            x = x + s.branch_scale * (mixed.transpose(1, 2).flatten(2) @ out.T)
            gate, through = (norm(x, second) @ up.T).chunk(2, -1)
            x = x + s.branch_scale * ((F.silu(gate) * through) @ down.T)
        return norm(x, self.gain)

    def cache(self, capacity: int) -> Filled:
        shape = 2 * LAYERS, SHAPE.kv_heads, capacity, SHAPE.head_dim
        held = torch.full(shape, torch.nan).unbind()
        return Filled(held[:LAYERS], held[LAYERS:], 0)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("kept", [slice(None), slice(1), slice(-2, None)])
def test_local_passes(turned: bool, kept: slice) -> None:
    model = Model()
    x = torch.randn(3, 7, SHAPE.dim)
    right = model.formulas(x, turned, causal=False)[:, kept]
    made = model.compiled.local(x, model.rotary if turned else None, kept)
    torch.testing.assert_close(made, right, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("turned", [True, False])
def test_causal_passes(turned: bool) -> None:
    model = Model()
    x = torch.randn(1, 230, SHAPE.dim)
    right = model.formulas(x, turned, causal=True)
    filled = model.cache(300)
    pieces, start = [], 0
    for end in (1, 140, 141, 230):
        rotary = RotaryTable(model.rotary.cosines[start:end], model.rotary.sines[start:end])
        before = Filled(filled.keys, filled.values, start)
        own = rotary if turned else None
        pieces.append(model.compiled.causal(x[:, start:end], own, before, end - start))
        start = end
    torch.testing.assert_close(torch.cat(pieces, 1), right, rtol=1e-3, atol=1e-4)


def test_only_the_last_outputs_of_a_long_text() -> None:
    model = Model()
    x = torch.randn(1, 150, SHAPE.dim)
    last = model.compiled.causal(x, None, model.cache(150), 100)
    right = model.formulas(x, turned=False, causal=True)[:, -100:]
    torch.testing.assert_close(last, right, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", [Matrix.bf16, Matrix.int8])
def test_threads_change_nothing(make: object) -> None:
    model = Model(make)
    x = torch.randn(4, 5, SHAPE.dim, generator=torch.Generator().manual_seed(1))
    made = model.compiled.local(x, model.rotary, slice(None))
    torch.set_num_threads(1)
    assert torch.equal(made, model.compiled.local(x, model.rotary, slice(None)))


def test_two_callers_at_the_same_time() -> None:
    """One has the pool, the other works alone; neither waits, and both are right."""
    model = Model()
    x = torch.randn(4, 5, SHAPE.dim)
    right, wrong = model.compiled.local(x, None, slice(None)), []

    def call() -> None:
        for _ in range(200):
            if not torch.equal(model.compiled.local(x, None, slice(None)), right):
                wrong.append(True)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


def test_torch_takes_one_thread_beside_the_kernels() -> None:
    before = torch.get_num_threads()
    with reserve_cores():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_a_convnext_block_goes_on_alike() -> None:
    torch.manual_seed(0)
    block = ConvNeXtBlock(48, causal=True).requires_grad_(False)
    for parameter in block.parameters():
        parameter.normal_(std=0.5)
        parameter.copy_(parameter.bfloat16())
    x, past = torch.randn(1, 19, 48), torch.zeros(1, 6, 48)
    with torch.no_grad():
        right, end = block.step(x, past)
        native, pieces = NativeConvNeXt(block), []
        for part in torch.split(x, 4, dim=1):
            piece, past = native.step(part, past)
            pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces, dim=1), right, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(past, end)


def small_decoder() -> CompiledDecoder:
    torch.manual_seed(0)
    return CompiledDecoder(
        [
            Snake(torch.rand(16) + 0.5, torch.rand(16)),
            Product(Matrix.fp16(torch.randn(96, 32) / 6), torch.randn(96), taps=2, stride=3),
            Scale(torch.rand(32), torch.randn(32)),
            Last(torch.randn(7, 32) / 15, torch.randn(1)),
        ]
    )


def test_a_decoder_beside_passes_changes_neither(request: pytest.FixtureRequest) -> None:
    decoder, model, x = small_decoder(), Model(), torch.randn(4, 5, SHAPE.dim)
    right = model.compiled.local(x, None, slice(None))
    chunks = torch.randn(20, 8, 16)
    state, other = ([torch.zeros(1, 16), torch.zeros(6, 32)] for _ in range(2))
    with reserve_cores():
        for chunk in chunks:
            expected = decoder(chunk, state)
            with decoder.beside(chunk, other) as (samples, elsewhere):
                assert elsewhere == (request.node.callspec.params["threads"] > 1)
                assert torch.equal(model.compiled.local(x, None, slice(None)), right)
            assert samples.shape == (24,)
            torch.testing.assert_close(samples, expected)
    torch.testing.assert_close(other, state)


def test_a_second_decoder_at_the_same_time_does_without_help() -> None:
    decoder, chunk = small_decoder(), torch.randn(8, 16)
    first, second = ([torch.zeros(1, 16), torch.zeros(6, 32)] for _ in range(2))
    with decoder.beside(chunk, first) as (samples, _), decoder.beside(chunk, second) as more:
        assert not more[1]
    torch.testing.assert_close(samples, more[0])
