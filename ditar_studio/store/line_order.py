"""The order of a script's lines as it is stored: ids of deleted lines keep their place in it.

A deleted line thus comes back where it was, whatever was added or moved since.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ditar_studio.store.project import Line

_COMPARED = 4096
"""Items that are compared at once."""


def with_inserted(order: Sequence[str], above: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return an order with new ids behind the last one of those above; at the top if
    there is none.
    """
    place = order.index(above[-1]) + 1 if above else 0
    return [*order[:place], *new, *order[place:]]


def around_blocks(lines: Sequence[Line], first: int, last: int) -> slice:
    """Return the stretch of the blocks that the places `first` to `last` are in, and one block
    more.
    """
    while first > 0 and not lines[first].opens_block:
        first -= 1
    for _block in range(2):
        last += 1
        while last < len(lines) and not lines[last].opens_block:
            last += 1
    return slice(first, last)


def changed_stretch(old: Sequence[str], new: Sequence[str], others: Collection[str]) -> slice:
    """Return the stretch of `new` outside of which all is as in `old`, and no id is among
    `others`.
    """
    above, below = common_ends(old, new)
    end = len(new) - below
    found = [above, end - 1] if above < end else []
    for line_id in others:
        with contextlib.suppress(ValueError):  # it has left
            found.append(new.index(line_id))
    return slice(min(found), max(found) + 1) if found else slice(above, above)


def common_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """Return how many items two sequences have in common at their beginnings, and then at their
    ends.
    """

    def common(most: int, same: Callable[[int, int], bool]) -> int:
        count, step = 0, _COMPARED
        while step:  # comparing slices is much faster than comparing items one by one
            while count + step <= most and same(count, count + step):
                count += step
            step //= 2
        return count

    def same_above(begin: int, end: int) -> bool:
        return old[begin:end] == new[begin:end]

    def same_below(begin: int, end: int) -> bool:
        a, b = len(old), len(new)
        return old[a - end : a - begin] == new[b - end : b - begin]

    most = min(len(old), len(new))
    above = common(most, same_above)
    return above, common(most - above, same_below)
