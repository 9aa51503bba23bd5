"""What differs from the text: going there, speaking it again, or saying that it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class WordCheckCommands:
    """Handles the actions of lines in which words were heard otherwise than written."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.word_checks = studio.word_checks
        handle = studio.actions_.handle
        handle("speak.redo", self.redo)
        handle("speak.redo_line", self.redo_chosen)
        handle("speak.next_difference", self.show_next)
        handle("script.accept", self.accept)
        studio.word_checks.changed.connect(self.show_facts)
        studio.script.changed.connect(self.show_facts)

    def redo(self) -> None:
        """Speaks all lines again in which words differ, but for those that are locked."""
        self.studio.speak(self.word_checks.to_redo, redo=True)

    def redo_chosen(self) -> None:
        """Speaks those of the chosen lines again in which words differ."""
        self.studio.speak(self._chosen, redo=True)

    def show_next(self) -> None:
        """Puts the cursor to the first word that differs of the next line that has one."""
        script = self.studio.script
        line_id = self.word_checks.next_after(script.selected)
        if line_id:
            script.select(line_id)
            script.focus_wanted.emit(line_id, self.word_checks.differing[line_id][0][0])

    def accept(self) -> None:
        """Notes that the chosen lines say what is written."""
        self.word_checks.accept(self._chosen)

    def show_facts(self) -> None:
        """Tells the actions what there is for them to do."""
        self.studio.actions_.set_facts(
            lines_differ=bool(self.word_checks.to_redo), line_differs=bool(self._chosen)
        )

    @property
    def _chosen(self) -> tuple[str, ...]:
        """The chosen lines in which words differ."""
        chosen = self.studio.script.chosen
        return tuple(line_id for line_id in chosen if line_id in self.word_checks.differing)
