"""The request of a generation, and its collected result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.events import (
    GenerationStats,
    Warned,
)
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference

if TYPE_CHECKING:
    from ditar_studio.text.lexicon import Lexicon


@dataclass(frozen=True)
class SpokenLine:
    """One line to be spoken.

    Attributes:
        text: what to say.
        pause_seconds: silence after it, unless it is the last; None: as the settings say.
        seed: of this line, whatever its place; None: derived from the settings' seed.
    """

    text: str
    pause_seconds: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class GenerationRequest:
    """A request to speak lines in a voice.

    Attributes:
        lines: spoken in this order, pauses between them.
        voice: the reference to clone; None for a model's own voice.
        settings: of the generation.
        lexicon: the user's pronunciations.
        others: the voices that marks in the lines name, by their names in lower case.
    """

    lines: tuple[SpokenLine, ...]
    voice: Reference | None = None
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    lexicon: Lexicon | None = None
    others: Mapping[str, Reference] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        text: str | Sequence[str],
        voice: Reference | None = None,
        settings: GenerationSettings | None = None,
    ) -> GenerationRequest:
        """Return a request for a text, or for several lines of it."""
        lines = [text] if isinstance(text, str) else text
        return cls(
            tuple(SpokenLine(each) for each in lines), voice, settings or GenerationSettings()
        )


@dataclass(frozen=True, eq=False)
class Generation:
    """The collected result of a generation.

    Attributes:
        clip: what was spoken, pauses included.
        stats: what it took.
        warnings: what the user should know.
        cancelled: whether it was stopped before its end.
    """

    clip: Clip
    stats: GenerationStats
    warnings: tuple[Warned, ...]
    cancelled: bool
