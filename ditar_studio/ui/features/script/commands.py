"""The script: what its menu does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu

from ditar_studio.text.markup import LONGEST_PAUSE
from ditar_studio.ui.features.script.mark_choices import fill_menu
from ditar_studio.ui.kit.dialogs.ask import (
    NumberDialog,
    TextDialog,
    seconds_field,
    whole_number_field,
)
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.features.script.panel import ScriptPanel
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.kit.host import Host


class ScriptCommands:
    """Handles the actions of the script menu, and the dialog of variations.

    Args:
        host: the window around it.
        script: the lines.
        panel: shows the lines.
        speak: speaks lines so many times each.
    """

    def __init__(
        self,
        host: Host,
        script: Script,
        panel: ScriptPanel,
        speak: Callable[[tuple[str, ...], int], None],
    ) -> None:
        self._host = host
        self._script = script
        self._panel = panel
        self._speak = speak
        handle = host.actions.handle
        handle("script.add", lambda: script.add(after=script.selected))
        handle("script.paste", self.paste)
        handle("script.split", self.split)
        handle("script.join", script.join)
        handle("script.up", lambda: script.move(-1))
        handle("script.down", lambda: script.move(1))
        handle("script.all", script.select_all)
        handle("script.more_up", lambda: script.select_more(-1))
        handle("script.more_down", lambda: script.select_more(1))
        host.actions.handle_switch("script.lock", lambda _on: script.toggle_lock(script.selected))
        handle("script.delete", script.delete)
        handle("script.pause", self.choose_pause)
        handle("script.block", lambda: script.toggle_block(script.selected))
        handle("script.section", self.begin_section)
        handle("script.marks", self.show_marks)
        handle("speak.variations", self.variations)

    def paste(self) -> None:
        """Add the text of the clipboard as lines."""
        text = QApplication.clipboard().text()
        if text.strip():
            self._script.paste(text, self._script.selected)
        else:
            self._host.toasts.notify(tr("There is no text on the clipboard."), "info")

    def split(self) -> None:
        """Cut the selected line at the cursor."""
        row = self._panel.rows.get(self._script.selected)
        if row is not None:
            self._script.split(self._script.selected, row.text.place)

    def show_marks(self) -> None:
        """Offer the marks that can be put at the cursor, or around what is selected."""
        panel = self._panel
        row = panel.rows.get(self._script.selected)
        if row is None:
            return
        menu = QMenu(panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        voices = [voice.name for voice in self._script.voices]
        fill_menu(menu, voices, row.text.insert_mark)
        at = row.text.cursorRect().bottomLeft()
        menu.popup(row.text.viewport().mapToGlobal(at))

    def choose_pause(self) -> None:
        """Ask for the silence after the selected lines."""
        line, chosen = self._script.line(self._script.selected), self._script.chosen
        if line is None:
            return
        dialog = NumberDialog(
            tr("Silence after the line"),
            tr("How long is it silent before the next line?"),
            seconds_field(line.pause_seconds, LONGEST_PAUSE),
            tr("Set"),
        )
        dialog.answered.connect(lambda seconds: self._script.set_pauses(chosen, seconds))
        self._host.show_dialog(dialog)

    def begin_section(self) -> None:
        """Ask for the title of the chapter that begins with the selected line."""
        line = self._script.line(self._script.selected)
        if line is None:
            return
        dialog = TextDialog(
            tr("Chapter"),
            tr("Its title; without one, no chapter begins here."),
            line.section,
            may_be_empty=True,
        )
        dialog.answered.connect(lambda title: self._script.set_section(line.id, title))
        self._host.show_dialog(dialog)

    def variations(self) -> None:
        """Ask for a number and speak the selected line so many times."""
        dialog = NumberDialog(
            tr("Variations"),
            tr("How many takes of this line, each with a seed of its own?"),
            whole_number_field(3, 2, 20),
            tr("Speak"),
        )
        dialog.answered.connect(lambda count: self._speak((self._script.selected,), count))
        self._host.show_dialog(dialog)
