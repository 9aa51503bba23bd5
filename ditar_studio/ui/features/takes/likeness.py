"""The likeness of takes to their reference, where the optional judge is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.speaking.background_checks import BackgroundChecks
from ditar_studio.ui.features.speaking.engine import Engine

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.likeness import Embed
    from ditar_studio.services.takes import Take

Judge = Callable[[Path, Path], float | None]
"""Two sound files -> how like the voices are, None where that is unknown. On a pool thread."""


class Likeness(QObject):
    """Has new takes judged one after the other, while nothing is being spoken."""

    def __init__(
        self, document: Document, engine: Engine, judge: Judge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._judge = document, judge
        keep = document.library.takes.set_similarity
        self._checks = BackgroundChecks(document, engine, self._check_of, keep, self)

    def _check_of(self, take: Take) -> Callable[[], float | None] | None:
        snapshot = self._document.snapshot
        voice = snapshot.voice(take.recipe.voice_id) if snapshot is not None else None
        if voice is None or voice.reference is None or voice.hash != take.recipe.voice_hash:
            return None
        return partial(self._judge, take.path, voice.reference.path)


class InstalledJudge:
    """The judge of the optional extra, loaded for the first pair; says None where it is not."""

    def __init__(self) -> None:
        self._embed: Embed | None = None

    def __call__(self, one: Path, other: Path) -> float | None:
        from ditar_studio.audio.analysis.likeness import LIKENESS, likeness, speaker_encoder
        from ditar_studio.audio.clips.files import read_clip

        if not LIKENESS.installed:
            return None
        if self._embed is None:
            self._embed = speaker_encoder()
        return round(likeness(self._embed, read_clip(one), read_clip(other)), 3)
