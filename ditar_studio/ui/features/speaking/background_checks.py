"""Checks of new takes, made in the background while nothing is being spoken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject

from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.speaking.engine import Engine

if TYPE_CHECKING:
    from ditar_studio.errors import StudioError
    from ditar_studio.services.takes import Take

R = TypeVar("R")


class BackgroundChecks(Generic[R]):
    """Checks takes one after the other, once they are spoken.

    Args:
        document: the open project.
        engine: makes the takes.
        check_of: what checks a take, to be run on a pool thread, with None for a result where it
            can't tell; None for a take that needs no check.
        keep: the library's call that notes the result of a take by its id.
        owner: nothing is checked any more once it is deleted.
    """

    def __init__(
        self,
        document: Document,
        engine: Engine,
        check_of: Callable[[Take], Callable[[], R | None] | None],
        keep: Callable[[str, R], object],
        owner: QObject,
    ) -> None:
        self._document, self._engine, self._owner = document, engine, owner
        self._check_of, self._keep = check_of, keep
        self._waiting: deque[Take] = deque()
        self._busy = False
        engine.take_made.connect(self._waiting.append)
        engine.stopped.connect(lambda _takes, _cancelled: self._go_on())

    def _go_on(self) -> None:
        while self._waiting and not self._busy and not self._engine.speaking:
            take = self._waiting.popleft()
            check = self._check_of(take)
            if check is not None:
                self._busy = True
                self._document.bridge.background(
                    check, done=partial(self._note, take.id), failed=self._pass, owner=self._owner
                )

    def _note(self, take_id: str, found: R | None) -> None:
        if found is not None:
            self._document.submit(
                self._keep,
                take_id,
                found,
                failed=lambda _error: None,  # the take has been deleted meanwhile
            )
        self._busy = False
        self._go_on()

    def _pass(self, _error: StudioError) -> None:
        self._busy = False
        self._go_on()
