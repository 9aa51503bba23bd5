"""Events of speaking; see `speaking`."""

from ditar_studio.engine.events import (
    Cancelled,
    Done,
    Event,
    Failed,
    GenerationStats,
    LineDone,
    LineStarted,
    PatchReady,
    Progress,
    SentenceVerified,
    Started,
    Warned,
    WordSpoken,
)

__all__ = [
    "Cancelled",
    "Done",
    "Event",
    "Failed",
    "GenerationStats",
    "LineDone",
    "LineStarted",
    "PatchReady",
    "Progress",
    "SentenceVerified",
    "Started",
    "Warned",
    "WordSpoken",
]
