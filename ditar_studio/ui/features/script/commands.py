"""The script and the parameters: what takes a dialog or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu

from ditar_studio.ui.features.parameters.view_model import Scope
from ditar_studio.ui.features.script.mark_choices import fill_menu
from ditar_studio.ui.kit.dialogs.ask import NumberDialog, SecondsDialog, TextDialog
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class ScriptCommands:
    """Handles the actions of the script menu, and the small dialogs of speaking."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.script = script = studio.script
        self.toasts = studio.toasts
        handle = studio.actions_.handle
        handle("script.add", lambda: script.add(after=script.selected))
        handle("script.paste", self.paste)
        handle("script.split", self.split)
        handle("script.join", script.join)
        handle("script.up", lambda: script.move(-1))
        handle("script.down", lambda: script.move(1))
        handle("script.all", script.select_all)
        handle("script.more_up", lambda: script.select_more(-1))
        handle("script.more_down", lambda: script.select_more(1))
        studio.actions_.handle_switch(
            "script.lock", lambda _on: script.toggle_lock(script.selected)
        )
        handle("script.delete", script.delete)
        handle("script.pause", self.choose_pause)
        handle("script.settings", self.show_settings)
        handle("script.block", lambda: script.toggle_block(script.selected))
        handle("script.section", self.begin_section)
        handle("script.marks", self.show_marks)
        handle("speak.variations", self.variations)
        handle("speak.preset", self.save_preset)

    def paste(self) -> None:
        """Adds the text of the clipboard as lines."""
        text = QApplication.clipboard().text()
        if text.strip():
            self.script.paste(text, self.script.selected)
        else:
            self.toasts.notify(tr("There is no text on the clipboard."), "info")

    def split(self) -> None:
        """Cuts the selected line at the cursor."""
        row = self.studio.script_panel.rows.get(self.script.selected)
        if row is not None:
            self.script.split(self.script.selected, row.text.textCursor().position())

    def show_marks(self) -> None:
        """Offers the marks that can be put at the cursor, or around what is selected."""
        panel = self.studio.script_panel
        row = panel.rows.get(self.script.selected)
        if row is None:
            return
        menu = QMenu(panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        voices = [voice.name for voice in self.script.voices]
        fill_menu(menu, voices, row.text.insert_mark)
        at = row.text.cursorRect().bottomLeft()
        menu.popup(row.text.viewport().mapToGlobal(at))

    def choose_pause(self) -> None:
        """Asks for the silence after the selected lines."""
        line, chosen = self.script.line(self.script.selected), self.script.chosen
        if line is None:
            return
        dialog = SecondsDialog(
            tr("Silence after the line"),
            tr("How long is it silent before the next line?"),
            line.pause_seconds,
            60.0,
            tr("Set"),
        )
        dialog.answered.connect(lambda seconds: self.script.set_pauses(chosen, seconds))
        self.studio.shell.show_dialog(dialog)

    def show_settings(self) -> None:
        """Shows the parameters that the selected lines have of their own."""
        self.studio.parameters.choose_scope(Scope.LINE)
        self.studio.window.set_side("right", True)
        self.studio.parameters_panel.temperature.slider.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def begin_section(self) -> None:
        """Asks for the title of the chapter that begins with the selected line."""
        line = self.script.line(self.script.selected)
        if line is None:
            return
        dialog = TextDialog(
            tr("Chapter"),
            tr("Its title; without one, no chapter begins here."),
            line.section,
            may_be_empty=True,
        )
        dialog.answered.connect(lambda title: self.script.set_section(line.id, title))
        self.studio.shell.show_dialog(dialog)

    def variations(self) -> None:
        """Asks for a number and speaks the selected line so many times."""
        dialog = NumberDialog(
            tr("Variations"),
            tr("How many takes of this line, each with a seed of its own?"),
            3,
            2,
            20,
            tr("Speak"),
        )
        dialog.answered.connect(lambda count: self.studio.speak((self.script.selected,), count))
        self.studio.shell.show_dialog(dialog)

    def save_preset(self) -> None:
        """Asks for a name and keeps the parameters under it."""
        dialog = TextDialog(
            tr("Save preset"), tr("It keeps temperature, guidance, steps and speed.")
        )
        dialog.answered.connect(self.studio.parameters.save_preset)
        self.studio.shell.show_dialog(dialog)
