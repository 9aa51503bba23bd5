"""A take: its sound, how it was made, and what was heard of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.store.recipe import Recipe
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take_edit import TakeEdit

Listener = Literal["reader", "whisper"]
TakeStatus = Literal["recording", "complete", "partial"]


@dataclass(frozen=True)
class Verification:
    """The recognition of a take by the model that spoke it.

    Args:
        sounds_wrong: share of the text's sounds that it recognised as others.
        likeness: of its own embeddings of the take and of the reference, at most 1; None without
            a reference.
        doubtful: whether words are probably missing or wrong.
    """

    sounds_wrong: float
    likeness: float | None
    doubtful: bool


@dataclass(frozen=True)
class WordCheck:
    """The words of a take that were heard otherwise than they are written.

    Args:
        by: who listened: the model's own reader, or Whisper.
        differing: their characters in the take's text, end exclusive.
        accepted: whether a person says that all of it is right.
    """

    by: Listener
    differing: tuple[tuple[int, int], ...] = ()
    accepted: bool = False


@dataclass(frozen=True)
class Take:
    """A take.

    Args:
        line_id: the line it was made for; None when the line is gone for good.
        text: what was spoken, as it was then.
        number: which of its line's takes it is, from 1; stays what it is, whatever becomes of
            others; 0 without a line.
        status: "recording" while patches arrive, then "complete", or "partial" when it was stopped.
        seconds: its length; `rtf` is time to make / length; `similarity` 0..1 to the reference.
        verification: how well the model recognised it; None where it was not asked to verify.
        created: seconds since 1970.
        words: when its words are spoken, in their order; empty where that isn't known.
        word_check: what was heard of it; None where nobody has listened.
        edit: how it is heard; None for as it was made. `seconds` and `words` are of what is heard.
    """

    id: str
    project_id: str
    line_id: str | None
    text: str
    recipe: Recipe
    fingerprint: str
    path: Path
    number: int
    status: TakeStatus
    seconds: float
    rtf: float | None
    similarity: float | None
    verification: Verification | None
    starred: bool
    note: str
    created: float
    words: tuple[SpokenWord, ...] = ()
    word_check: WordCheck | None = None
    edit: TakeEdit | None = None

    @property
    def differing(self) -> tuple[tuple[int, int], ...]:
        """The words that were heard otherwise, by their characters in `text`, unless accepted."""
        check = self.word_check
        return check.differing if check is not None and not check.accepted else ()
