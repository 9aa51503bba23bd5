"""Lines for the library, of a script that was read."""

from __future__ import annotations

from collections.abc import Sequence

from ditar_studio.store.project import NewLine
from ditar_studio.store.voice import Voice
from ditar_studio.text.script import ScriptLine

USUAL_PAUSE = 0.25
BLOCK_PAUSE = 0.6
SECTION_PAUSE = 1.5


def new_lines(read: Sequence[ScriptLine], voices: Sequence[Voice]) -> list[NewLine]:
    """Return lines for the library; a speaker who is called like a voice gets it."""
    by_name = {voice.name.casefold(): voice.id for voice in voices}
    pauses = usual_pauses(read)
    return [
        NewLine(
            line.text,
            by_name.get((line.speaker or "").casefold()),
            line.speaker or "",
            pause if line.pause_seconds is None else line.pause_seconds,
            line.opens_block,
            line.section,
            starts=line.starts,
            ends=line.ends,
        )
        for line, pause in zip(read, pauses, strict=True)
    ]


def usual_pauses(read: Sequence[ScriptLine]) -> list[float]:
    """Return the silence after each line: longer at the end of a paragraph, longest before a
    chapter.

    Where nothing flows on, lines are no paragraphs, but a dialogue or a list.
    """
    if all(line.opens_block and not line.section for line in read):
        return [USUAL_PAUSE] * len(read)
    following = [*read[1:], None]
    return [
        USUAL_PAUSE
        if line is None or not line.opens_block
        else SECTION_PAUSE
        if line.section
        else BLOCK_PAUSE
        for line in following
    ]
