"""Takes: the readings of a line that were generated, how each was made and is heard, and what was
heard of it."""

from ditar_studio.store.recipe import Recipe
from ditar_studio.store.take import Listener, Take, WordCheck
from ditar_studio.store.take_edit import (
    LONGEST_FADE,
    LONGEST_SILENCE,
    LOUDEST_DB,
    QUIETEST_DB,
    TakeEdit,
)

__all__ = [
    "LONGEST_FADE",
    "LONGEST_SILENCE",
    "LOUDEST_DB",
    "QUIETEST_DB",
    "Listener",
    "Recipe",
    "Take",
    "TakeEdit",
    "WordCheck",
]
