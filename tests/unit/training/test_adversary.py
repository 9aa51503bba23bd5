"""The decoder's adversary: whom its losses teach, and that it learns to tell speech from a blur."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from ditar_studio.training.adversary import Adversary


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take many times as long on a machine that is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def waves() -> tuple[Tensor, Tensor]:
    """A blurred (steady noise) and a real-like (bursts of noise) wave of the same power."""
    torch.manual_seed(1)
    steady = torch.randn(1, 6_000) * 0.1
    bursts = steady * (torch.arange(6_000) // 1200 % 2) * 2**0.5
    return steady, bursts


def test_each_side_learns_from_its_own_losses_alone() -> None:
    made, real = waves()
    made.requires_grad_()
    adversary = Adversary()
    losses = adversary(made, real)
    (losses["fooled"] + losses["features"]).backward(retain_graph=True)
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in adversary.parameters())
    made.grad = None
    losses["judge"].backward()
    assert made.grad is None
    assert all(weight.grad is not None for weight in adversary.parameters())


def test_it_learns_to_tell_them_apart_and_is_fooled_by_the_recording_itself() -> None:
    made, real = waves()
    adversary = Adversary()
    optimiser = torch.optim.Adam(adversary.parameters(), 3e-3)
    for _ in range(30):
        optimiser.zero_grad()
        adversary(made, real)["judge"].backward()
        optimiser.step()
    distinguished, fooled = adversary(made, real), adversary(real, real)
    assert distinguished["judge"] < 0.2
    assert fooled["fooled"] < 0.2 < 1.0 < distinguished["fooled"]
    assert fooled["features"] == 0
