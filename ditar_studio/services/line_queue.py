"""Lines that are still to be spoken, in an order that can be changed while they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """A take to be made: of a line, the `variation`-th asked for, from 0.

    Attributes:
        redo: whether words of the line were heard otherwise, which are to be right now.
    """

    line_id: str
    variation: int = 0
    redo: bool = False


class LineQueue:
    """A queue of lines to be spoken. Any thread may call.

    Args:
        line_ids: in the order in which they are spoken.
        variations: takes of each line.
        done: how many takes were made before, by an earlier queue that this one goes on with.
        redo: see `Waiting`.
    """

    def __init__(
        self, line_ids: Sequence[str], variations: int = 1, done: int = 0, redo: bool = False
    ) -> None:
        self._lock = threading.Lock()
        self._waiting = _waiting(line_ids, variations, redo)
        self._begun = done
        self._paused = False
        self._line_ids: tuple[str, ...] | None = None

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    @property
    def begun(self) -> int:
        """Number of takes that were begun: that of the one at work, from 1."""
        with self._lock:
            return self._begun

    @property
    def total(self) -> int:
        """Takes that were begun and those that wait."""
        with self._lock:
            return self._begun + len(self._waiting)

    @property
    def line_ids(self) -> tuple[str, ...]:
        """The lines that wait, each once, in their order; the same object until they change."""
        with self._lock:
            if self._line_ids is None:
                self._line_ids = tuple(dict.fromkeys(each.line_id for each in self._waiting))
            return self._line_ids

    @property
    def paused(self) -> bool:
        """Whether nothing more is begun for the time being."""
        with self._lock:
            return self._paused

    def next_take(self) -> Waiting | None:
        """Return the next take to be made; None when nothing waits or it is paused."""
        with self._lock:
            if self._paused or not self._waiting:
                return None
            self._begun += 1
            self._line_ids = None
            return self._waiting.pop(0)

    def add(
        self,
        line_ids: Sequence[str],
        variations: int = 1,
        *,
        first: bool = False,
        redo: bool = False,
    ) -> None:
        """Put lines in, behind those that wait or before them; each waits once."""
        added = _waiting(line_ids, variations, redo)
        with self._lock:
            self._line_ids = None
            if first:
                new = set(added)
                self._waiting = added + [each for each in self._waiting if each not in new]
            else:
                there = set(self._waiting)
                self._waiting += [each for each in added if each not in there]

    def remove(self, line_ids: Sequence[str]) -> None:
        """Take lines out that have not been begun."""
        gone = set(line_ids)
        with self._lock:
            self._line_ids = None
            self._waiting = [each for each in self._waiting if each.line_id not in gone]

    def reorder(self, line_ids: Sequence[str]) -> None:
        """Put what waits into the order of these lines; others keep theirs behind them."""
        places = {line_id: place for place, line_id in enumerate(line_ids)}
        with self._lock:
            self._line_ids = None
            self._waiting.sort(key=lambda each: places.get(each.line_id, len(places)))

    def pause(self, paused: bool = True) -> None:
        """Begin nothing more, or go on."""
        with self._lock:
            self._paused = paused


def _waiting(line_ids: Sequence[str], variations: int, redo: bool) -> list[Waiting]:
    return [Waiting(line_id, n, redo) for line_id in line_ids for n in range(variations)]
