"""Monotonic alignment of speech and text: Viterbi through CTC probabilities.

It places a prompt's text pointer (see `pointer`) and trains the pointer's advance.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ditar_studio.errors import StudioError

_NEVER = -1e30


def align(log_probs: Tensor, labels: Tensor) -> tuple[Tensor, float]:
    """Return the best CTC path for a known text.

    Args:
        log_probs: [T, symbols] log probabilities; symbol 0 is the blank.
        labels: [L] symbols spoken, in order; none is 0.

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
    states = np.zeros(2 * count + 1, np.int64)
    states[1::2] = labels.numpy()
    emissions = log_probs.double().numpy()[:, states]
    # One state further is always possible; two, past a blank, only between unlike labels.
    leap = np.full(len(states), _NEVER)
    leap[3::2] = np.where(states[3::2] != states[1:-2:2], 0.0, _NEVER)
    score = np.full(len(states), _NEVER)
    score[:2] = emissions[0, :2]
    back = np.zeros((frames, len(states)), np.int8)
    arrivals = np.full((3, len(states)), _NEVER)
    for frame in range(1, frames):
        arrivals[0] = score
        arrivals[1, 1:] = score[:-1]
        arrivals[2, 2:] = score[:-2] + leap[2:]
        back[frame] = arrivals.argmax(0)
        score = arrivals.max(0) + emissions[frame]
    state = len(states) - (2 if score[-2] > score[-1] else 1)
    total = float(score[state])
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= int(back[frame, state])
        path.append(state)
    begun = (torch.tensor(path[::-1]) + 1) // 2
    return begun, total / frames


def read(log_probs: Tensor) -> list[int]:
    """Read the labels that CTC log probabilities [T, symbols] most likely stand for (best path)."""
    best = log_probs.argmax(-1)
    changed = torch.cat((best.new_ones(1, dtype=torch.bool), best[1:] != best[:-1]))
    return [int(symbol) for symbol in best[changed] if symbol]
