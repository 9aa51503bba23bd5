"""What is reported while speech is made; see `speaking`."""

from ditar_studio.engine.events import (
    Cancelled,
    Done,
    Event,
    Failed,
    GenerationStats,
    PatchReady,
    Progress,
    SentenceVerified,
    Warned,
    WordSpoken,
)

__all__ = [
    "Cancelled",
    "Done",
    "Event",
    "Failed",
    "GenerationStats",
    "PatchReady",
    "Progress",
    "SentenceVerified",
    "Warned",
    "WordSpoken",
]
