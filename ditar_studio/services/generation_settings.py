"""The settings of generation that users may choose, and their bounds."""

from ditar_studio.engine.settings import (
    BOUNDS,
    MODES,
    MOST_CANDIDATES,
    MOST_RETRIES,
    MOST_THREADS,
    GenerationSettings,
)
from ditar_studio.inference.precisions import PRECISIONS
from ditar_studio.store.own_settings import OwnSettings, SettingValue, as_values

__all__ = [
    "BOUNDS",
    "MODES",
    "MOST_CANDIDATES",
    "MOST_RETRIES",
    "MOST_THREADS",
    "PRECISIONS",
    "GenerationSettings",
    "OwnSettings",
    "SettingValue",
    "as_values",
]
