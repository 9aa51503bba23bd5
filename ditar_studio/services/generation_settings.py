"""How speech is generated: the settings that users may choose, and their bounds."""

from ditar_studio.engine.settings import (
    BOUNDS,
    MODES,
    MOST_CANDIDATES,
    MOST_RETRIES,
    GenerationSettings,
)

__all__ = ["BOUNDS", "MODES", "MOST_CANDIDATES", "MOST_RETRIES", "GenerationSettings"]
