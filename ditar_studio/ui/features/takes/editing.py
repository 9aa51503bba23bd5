"""Editing takes: how they are heard, and takes that are put together from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ditar_studio.services.takes import Take, TakeEdit
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.takes.view_model import Takes
from ditar_studio.ui.kit.translate import mark

if TYPE_CHECKING:
    from ditar_studio.services.take_joining import Stretch

SPLIT, JOIN, WORDS = mark("Split take"), mark("Join takes"), mark("Take words from another take")
"""What the undo menu says."""


class TakeEditing(QObject):
    """Changes how takes are heard. All of it can be undone; no file is changed.

    Signals:
        made: ids of takes that were put together.
    """

    made = Signal(tuple)

    def __init__(self, document: Document, takes: Takes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._takes = takes

    def edit_of(self, take: Take) -> TakeEdit:
        """Return the edit list of a take, also where it is heard as it was made."""
        return take.edit or TakeEdit.whole(take.seconds)

    def set(self, take_id: str, edit: TakeEdit | None, merge: str = "") -> None:
        """Change how a take is heard; None for as it was made."""
        self._document.submit(self._document.library.takes.set_edit, take_id, edit, merge)

    def unedit(self, take_ids: Sequence[str]) -> None:
        """Let takes be heard as they were made."""
        library = self._document.library

        def work() -> None:
            with library.one_step("Edit take"):
                for take_id in take_ids:
                    library.takes.set_edit(take_id, None)

        self._document.submit(work)

    def set_gain(self, take: Take, gain_db: float) -> None:
        """Make a take louder or softer.

        Raises:
            StudioError: that is too much.
        """
        self.set(take.id, replace(self.edit_of(take), gain_db=gain_db), "gain")

    def set_fades(self, take: Take, fade_in: float, fade_out: float) -> None:
        """Let a take come and go, in seconds.

        Raises:
            StudioError: a fade is too long.
        """
        edit = replace(self.edit_of(take), fade_in=fade_in, fade_out=fade_out)
        self.set(take.id, edit, "fades")

    def split(self, take: Take, at: float) -> None:
        """Make two takes of what is heard before and after a moment; neither is the line's.

        Raises:
            StudioError: one of them would be empty.
        """
        from ditar_studio.services.take_joining import halves

        self._join(SPLIT, *halves(take, at), stands=False)

    def join(self, takes: Sequence[Take]) -> None:
        """Make one take of several, one behind the other.

        Raises:
            StudioError: they are of different lines.
        """
        from ditar_studio.services.take_joining import in_a_row

        self._join(JOIN, in_a_row(takes))

    def use_words(self, take: Take, begin: float, end: float, other: Take) -> None:
        """Make a take in which some words are as another take says them.

        Raises:
            StudioError: there are no such words.
        """
        from ditar_studio.services.take_joining import with_words_of

        self._join(WORDS, with_words_of(take, begin, end, other))

    def others(self, take: Take) -> list[Take]:
        """Return the takes that words can be taken from: of the same line and text."""
        snapshot = self._document.snapshot
        takes = snapshot.takes if snapshot is not None else ()
        return [
            other
            for other in takes
            if other.id != take.id
            and other.line_id == take.line_id
            and other.text == take.text
            and other.words
        ]

    def _join(self, label: str, *joined: Sequence[Stretch], stands: bool = True) -> None:
        from ditar_studio.services.take_joining import join

        def report(made: list[Take]) -> None:
            ids = tuple(take.id for take in made)
            self._takes.select(ids[-1:])
            self.made.emit(ids)

        library = self._document.library
        self._document.bridge.background(
            lambda: join(library, label, *joined, stands=stands), done=report, owner=self
        )
