"""Seeds of what is spoken: of lines, of their sentences, of the attempts at these."""

from __future__ import annotations

import hashlib


def sentence_seed(seed: int, sentence: int) -> int:
    """Return the seed of a line's n-th sentence; the first one's is the line's own."""
    return seed if sentence == 0 else _mix(seed, "sentence", sentence)


def line_seed(seed: int, line: int) -> int:
    """Return the seed of the n-th line of a request; the first one's is the request's own.

    A line's samples thus depend on its place, but on no other line.
    """
    return seed if line == 0 else _mix(seed, "line", line)


def candidate_seed(seed: int, candidate: int) -> int:
    """Return the seed of a sentence's n-th candidate; the first one's is the sentence's own."""
    return seed if candidate == 0 else _mix(seed, "candidate", candidate)


def _mix(seed: int, kind: str, number: int) -> int:
    digest = hashlib.sha256(f"{seed} {kind} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
