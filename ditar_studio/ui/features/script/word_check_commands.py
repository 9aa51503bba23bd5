"""Commands on words that differ: going there, speaking again, or saying that they are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.features.script.word_checks import WordChecks
    from ditar_studio.ui.kit.host import Host


class WordCheckCommands:
    """Handles the actions of lines in which words were heard otherwise than written.

    Args:
        host: the window around it.
        script: the lines.
        word_checks: which words differ.
        redo: speaks lines again as words of them differ.
    """

    def __init__(
        self,
        host: Host,
        script: Script,
        word_checks: WordChecks,
        redo: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._host = host
        self._script = script
        self._word_checks = word_checks
        self._redo = redo
        handle = host.actions.handle
        handle("speak.redo", self.redo)
        handle("speak.redo_line", self.redo_chosen)
        handle("speak.next_difference", self.show_next)
        handle("script.accept", self.accept)
        word_checks.changed.connect(self.show_facts)
        script.changed.connect(self.show_facts)

    def redo(self) -> None:
        """Speak all lines again in which words differ, but for those that are locked."""
        self._redo(self._word_checks.to_redo)

    def redo_chosen(self) -> None:
        """Speak those of the chosen lines again in which words differ."""
        self._redo(self._chosen)

    def show_next(self) -> None:
        """Put the cursor to the first word that differs of the next line that has one."""
        script = self._script
        line_id = self._word_checks.next_after(script.selected)
        if line_id:
            script.select(line_id)
            script.focus_wanted.emit(line_id, self._word_checks.differing[line_id][0][0])

    def accept(self) -> None:
        """Note that the chosen lines say what is written."""
        self._word_checks.accept(self._chosen)

    def show_facts(self) -> None:
        """Set the facts on which its actions depend."""
        self._host.actions.set_facts(
            lines_differ=bool(self._word_checks.to_redo), line_differs=bool(self._chosen)
        )

    @property
    def _chosen(self) -> tuple[str, ...]:
        """The chosen lines in which words differ."""
        chosen = self._script.chosen
        return tuple(line_id for line_id in chosen if line_id in self._word_checks.differing)
