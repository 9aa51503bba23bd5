"""The regions of the window, which features name to be brought into view."""

from __future__ import annotations

from enum import Enum

from ditar_studio.ui.kit.translate import mark


class Place(Enum):
    """The regions of the window into which panels are put, in focus order."""

    VOICES = "voices"
    REFERENCE = "reference"
    SCRIPT = "script"
    PLAYER = "player"
    PARAMETERS = "parameters"
    TAKES = "takes"


TITLES: dict[Place, str] = {
    Place.VOICES: mark("Voices"),
    Place.REFERENCE: mark("New voice"),
    Place.SCRIPT: mark("Script"),
    Place.PLAYER: mark("Player"),
    Place.PARAMETERS: mark("Parameters"),
    Place.TAKES: mark("Takes"),
}
