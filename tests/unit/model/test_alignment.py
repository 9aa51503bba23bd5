from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import align, read
from ditar_studio.model.pointer import choose_pattern, elapsed_since_move, patterns


def collapse(path: tuple[int, ...]) -> list[int]:
    return [k for k, _ in itertools.groupby(path) if k]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), labels=st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_viterbi_finds_the_best_of_all_paths(seed: int, labels: list[int]) -> None:
    log_probs = torch.randn(6, 4, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)
    best = max(
        sum(float(log_probs[t, s]) for t, s in enumerate(path))
        for path in itertools.product(range(4), repeat=6)
        if collapse(path) == labels
    )
    begun, fit = align(log_probs, torch.tensor(labels))
    assert fit * 6 == pytest.approx(best, abs=1e-4)
    assert begun[-1] == len(labels)
    assert ((begun[1:] - begun[:-1]).clamp(0, 1) == begun[1:] - begun[:-1]).all()


def test_clear_speech_is_read_and_aligned() -> None:
    path = torch.tensor([0, 5, 5, 0, 0, 5, 7, 0])
    log_probs = torch.full((8, 9), -9.0)
    log_probs[torch.arange(8), path] = 0.0
    assert read(log_probs) == [5, 5, 7]
    begun, _ = align(log_probs, torch.tensor([5, 5, 7]))
    assert begun.tolist() == [0, 1, 1, 1, 1, 2, 3, 3]


def test_too_many_sounds_are_refused() -> None:
    with pytest.raises(StudioError):
        align(torch.zeros(3, 4), torch.tensor([1, 1, 2]))
    with pytest.raises(StudioError):
        align(torch.zeros(3, 4), torch.tensor([], dtype=torch.long))


def test_patterns_and_elapsed_follow_the_pointer() -> None:
    units = torch.tensor([[0, 0, 1, 2, 2, 2, 2, 3]])
    assert elapsed_since_move(units).tolist() == [[0, 1, 0, 0, 1, 2, 3, 0]]
    assert patterns(units, torch.tensor([0]), 4).tolist() == [[0b1100, 0b1000]]


def test_durations_are_the_median_of_the_predicted_ones() -> None:
    chance = 0.2  # a move at each latent, independently
    codes = torch.arange(16)
    moves = sum((codes >> k & 1) for k in range(4))
    logits = (chance**moves * (1 - chance) ** (4 - moves)).log()
    survival, gaps, gap = 1.0, [], 0
    for _ in range(30):
        pattern, survival = choose_pattern(logits, survival, 4)
        for latent in range(4):
            gap += 1
            if pattern >> latent & 1:
                gaps.append(gap)
                gap = 0
    assert set(gaps) == {4}  # 1 - 0.8 ** 4 is the first to pass a half
