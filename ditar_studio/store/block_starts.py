"""Starts of paragraphs (blocks) and chapters (sections), as lines come and go.

A line that opens a block carries the block's settings and perhaps a section's title. Where such a
line leaves and others of its block stay, the first of those opens the block in its place.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ditar_studio.store.changes import Value
    from ditar_studio.store.project import Line

Columns = dict[str, "Value"]

FLOWING: Mapping[str, Any] = {"opens_block": 0, "section": "", "block_settings": "{}"}
"""The columns of a line that opens nothing."""


def opening(line: Line) -> Columns:
    """Return the columns of a line that opens what `line` opens."""
    return {
        "opens_block": 1,
        "section": line.section,
        "block_settings": json.dumps(dict(line.block_settings)),
    }


def openings_after_loss(lines: Sequence[Line], lost: Collection[str]) -> dict[str, Columns]:
    """Return what to write to lines that stay, by their ids, when others leave the script.

    Args:
        lines: the whole script.
        lost: ids of the lines that leave.
    """
    changed = {
        successor.id: {**opening(gone), "section": successor.section}
        for gone, successor in _successors(lines, lost)
    }
    for line_id, title in _headless(lines, lost):
        changed.setdefault(line_id, {})["section"] = title
    return changed


def openings_after_move(
    lines: Sequence[Line], order: Sequence[str], moved: Collection[str]
) -> dict[str, Columns]:
    """Return what to write to lines, by their ids, when some of them are moved.

    A line moved to the top of its own block opens it; one moved out of a block that goes on without
    it opens nothing. The title of a section stays where it is.

    Args:
        lines: the script before.
        order: ids of all lines as they are to be.
        moved: ids of those that move.
    """
    changed = openings_after_loss(lines, moved)
    by_id = {line.id: line for line in lines}
    for gone, _successor in _successors(lines, moved):
        changed[gone.id] = dict(FLOWING)
    titles = [line.section for line in lines if line.id in moved and line.section]
    kept = {columns.get("section") for columns in changed.values()}
    for line in lines:
        if line.id in moved and line.section in titles and line.section in kept:
            changed.setdefault(line.id, {})["section"] = ""
    blocks = _blocks(lines)
    for place, (line_id, next_id) in enumerate(itertools.pairwise(order)):
        line, following = by_id[line_id], by_id[next_id]
        if (
            line_id in moved
            and next_id not in moved
            and not line.opens_block
            and following.opens_block
            and blocks[line_id] == blocks[next_id]
        ):
            while place and _continues_block(by_id[order[place - 1]], moved):
                place -= 1
            changed[order[place]] = {**opening(following), **changed.get(next_id, {})}
            changed[next_id] = dict(FLOWING)
    return changed


def _continues_block(line: Line, moved: Collection[str]) -> bool:
    return line.id in moved and not line.opens_block


def _blocks(lines: Sequence[Line]) -> dict[str, int]:
    """Return which block each line is in, counted from 1."""
    blocks: dict[str, int] = {}
    number = 0
    for line in lines:
        number += line.opens_block
        blocks[line.id] = number
    return blocks


def _successors(lines: Sequence[Line], lost: Collection[str]) -> list[tuple[Line, Line]]:
    """Return the openings of blocks that are lost, each with the line of its block that is next."""
    found = []
    gone: Line | None = None
    for line in lines:
        if line.opens_block:
            gone = None
        if line.id in lost:
            gone = line if line.opens_block else gone
        elif gone is not None:
            found.append((gone, line))
            gone = None
    return found


def _headless(lines: Sequence[Line], lost: Collection[str]) -> list[tuple[str, str]]:
    """Return lines that stay and begin a section now, as the one that began it is lost; with its
    title.
    """
    found = []
    title = ""
    for line in lines:
        if line.id in lost:
            title = line.section or title
        else:
            if title and not line.section:
                found.append((line.id, title))
            title = ""
    return found
