"""Find and replace in the script: what its actions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from ditar_studio.ui.features.find.bar import FindBar
from ditar_studio.ui.features.find.view_model import Finder
from ditar_studio.ui.kit.translate import counted

if TYPE_CHECKING:
    from ditar_studio.ui.features.script.panel import ScriptPanel
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.kit.host import Host


class FindCommands:
    """Puts the bar above the script, and opens it."""

    def __init__(
        self,
        host: Host,
        script: Script,
        panel: ScriptPanel,
    ) -> None:
        self._host = host
        self._script = script
        self._panel = panel
        self.finder = Finder(script, panel)
        self.bar = FindBar(self.finder, panel)
        layout = panel.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, self.bar)
        host.actions.handle("script.find", self.open)
        self.finder.replaced_all.connect(self._notify_count)

    def open(self) -> None:
        """Open the bar, with what is selected in a line."""
        shown = self._panel.rows.get(self._script.selected)
        chosen = shown.text.textCursor().selectedText() if shown is not None else ""
        self.bar.open("" if "\u2029" in chosen else chosen)

    def _notify_count(self, count: int) -> None:
        self._host.toasts.notify(
            counted("{count} place was replaced.", "{count} places were replaced.", count),
            "success",
        )
