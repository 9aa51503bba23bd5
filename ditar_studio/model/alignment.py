"""Monotonic alignment of speech and text: Viterbi through CTC probabilities.

It places a prompt's text pointer (see `pointer`) and trains the pointer's advance.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.errors import StudioError


def align(log_probs: Tensor, labels: Tensor) -> tuple[Tensor, float]:
    """The best CTC path for a known text.

    Args:
        log_probs: [T, symbols] log probabilities; symbol 0 is the blank.
        labels: [L] symbols heard, in order; none is 0.

    Returns:
        For each frame the number of labels begun so far [T] (0 before the first), and the path's
        mean
        log probability a frame.

    Raises:
        StudioError: the text has more sounds than the audio has frames for.
    """
    frames, count = log_probs.shape[0], labels.shape[0]
    repeats = int((labels[1:] == labels[:-1]).sum())
    if not count or frames < count + repeats:
        raise StudioError(
            f"The text has {count} sounds, too many for {frames} frames of audio.",
            "Check that the transcript says what is spoken in the clip.",
        )
    states = labels.new_zeros(2 * count + 1)
    states[1::2] = labels
    emissions = log_probs[:, states].double()
    may_skip = torch.zeros(len(states), dtype=torch.bool)
    may_skip[3::2] = labels[1:] != labels[:-1]
    low = -1e30
    score = torch.full((len(states),), low, dtype=torch.float64)
    score[:2] = emissions[0, :2]
    back = torch.zeros(frames, len(states), dtype=torch.long)
    for frame in range(1, frames):
        one = torch.nn.functional.pad(score[:-1], (1, 0), value=low)
        two = torch.nn.functional.pad(score[:-2], (2, 0), value=low).masked_fill(~may_skip, low)
        score, back[frame] = torch.stack((score, one, two)).max(0)
        score = score + emissions[frame]
    state = len(states) - (2 if score[-2] > score[-1] else 1)
    total = float(score[state])
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= int(back[frame, state])
        path.append(state)
    begun = (torch.tensor(path[::-1]) + 1) // 2
    return begun, total / frames


def read(log_probs: Tensor) -> list[int]:
    """The labels that CTC log probabilities [T, symbols] most likely stand for (best path)."""
    best = log_probs.argmax(-1)
    changed = torch.cat((best.new_ones(1, dtype=torch.bool), best[1:] != best[:-1]))
    return [int(symbol) for symbol in best[changed] if symbol]
