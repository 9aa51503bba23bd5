"""Find and replace in the script: what its actions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from ditar_studio.ui.features.find.bar import FindBar
from ditar_studio.ui.features.find.view_model import Finder
from ditar_studio.ui.kit.translate import counted

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class FindCommands:
    """Puts the bar above the script, and opens it."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        panel = studio.script_panel
        self.finder = Finder(studio.script, panel)
        self.bar = FindBar(self.finder, panel)
        layout = panel.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, self.bar)
        studio.actions_.handle("script.find", self.open)
        self.finder.replaced_all.connect(self._tell)
        studio.shell.closing.connect(self.finder.stop)

    def open(self) -> None:
        """Opens the bar, with what is selected in a line."""
        shown = self.studio.script_panel.rows.get(self.studio.script.selected)
        chosen = shown.text.textCursor().selectedText() if shown is not None else ""
        self.bar.open("" if "\u2029" in chosen else chosen)

    def _tell(self, count: int) -> None:
        self.studio.toasts.notify(
            counted("{count} place was replaced.", "{count} places were replaced.", count),
            "success",
        )
