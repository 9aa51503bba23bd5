"""Lines that could not be spoken: told together when all others are, with a way to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from shiboken6 import isValid

from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.messages import Banner

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class FailedLines:
    """Collects what fails while lines are spoken; a message each would hide the one before."""

    def __init__(self, studio: Workspace) -> None:
        self._studio = studio
        self._failed: dict[str, tuple[str, str]] = {}
        self._banner: Banner | None = None
        studio.engine.started.connect(lambda _lines: self._begin())
        studio.engine.line_failed.connect(self._on_failed)
        studio.engine.broken_off.connect(self._show_banner)
        studio.engine.stopped.connect(lambda _takes, _cancelled: self._show_failures())

    def _begin(self) -> None:
        self._failed.clear()
        self._dismiss()

    def _on_failed(self, line_id: str, message: str, remedy: str) -> None:
        self._failed.setdefault(line_id, (message, remedy))

    def _show_failures(self) -> None:
        if not self._failed:
            return
        (first, (message, remedy)), *others = self._failed.items()
        if not others:
            self._studio.shell.show_failure(message, remedy)
            return
        words = counted(
            "{count} line could not be spoken.",
            "{count} lines could not be spoken.",
            len(self._failed),
        )
        project_id = self._studio.engine.project_id
        show = (tr("Show"), lambda: self._show(project_id, first))
        self._show_banner(words, f"{message} {remedy}", show)

    def _show_banner(
        self, words: str, remedy: str, *actions: tuple[str, Callable[[], object]]
    ) -> None:
        self._dismiss()
        self._banner = Banner("danger", words, remedy, *actions)
        self._studio.shell.add_message(self._banner)

    def _dismiss(self) -> None:
        if self._banner is not None and isValid(self._banner):
            self._banner.dismiss()

    def _show(self, project_id: str, line_id: str) -> None:
        """Go to the first of them, in its project."""
        script = self._studio.script

        def show() -> None:
            if script.line(line_id) is not None:
                script.select(line_id)
                script.focus_wanted.emit(line_id, -1)

        self._studio.document.do_in(project_id, show)
