"""The settings that a line has of its own, in words."""

from __future__ import annotations

from ditar_studio.services.projects import Line
from ditar_studio.ui.kit.translate import mark, number, tr

NAMES: dict[str, str] = {
    "temperature": mark("Temperature"),
    "guidance": mark("Guidance"),
    "steps": mark("Steps"),
    "candidates": mark("Candidates"),
    "verify": mark("Listen to each sentence"),
    "retries": mark("Retries"),
    "seed": mark("Seed"),
    "mode": mark("Use of the voice"),
    "style": mark("Style"),
}
"""What the generation settings are called."""


def settings_words(line: Line) -> str:
    """Return the settings that a line, or the paragraph that it opens, has of its own, in words."""
    block = line.block_settings if line.opens_block else {}
    words = []
    for heading, settings in ((tr("Paragraph"), block), (tr("Line"), line.settings)):
        values = [
            f"{tr(NAMES[name])} {number(value) if isinstance(value, float) else value}"
            for name, value in settings.items()
            if name in NAMES
        ]
        if values:
            words.append(f"{heading}: {', '.join(values)}")
    return " · ".join(words)
