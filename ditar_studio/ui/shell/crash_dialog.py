"""The dialog at the start after a crash: what is known of it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import button
from ditar_studio.ui.kit.widgets.section import Section


class CrashDialog(DialogFrame):
    """Shows the report of the last crash.

    Args:
        text: the report.
        explained: whether the report says why it ended; otherwise it was killed or lost power.
        save_bundle: saves a diagnostics bundle; called after the dialog closed.
        parent: the window.
    """

    def __init__(
        self,
        text: str,
        explained: bool,
        save_bundle: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        why = (
            tr("A fault in the program ended it.")
            if explained
            else tr("It was ended from outside, or the computer went down.")
        )
        super().__init__(
            tr("DiTAR Studio did not end properly last time"),
            why
            + " "
            + tr(
                "Everything that was heard or recorded is on disk. The report below "
                "stays on this computer unless you pass it on."
            ),
            parent,
        )
        self._save_bundle = save_bundle
        self.report = QPlainTextEdit(text)
        self.report.setReadOnly(True)
        self.report.setAccessibleName(tr("Crash report"))
        self.report.setMinimumHeight(220)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details = Section(tr("Report"), self.report, opened=explained)
        self.details.toggled.connect(lambda _open: self.adjustSize())
        self.body.addWidget(self.details)
        self.body.addStretch(1)
        go_on = button(tr("Continue"), self.accept, "primary")
        go_on.setDefault(True)
        self.add_buttons(
            button(tr("Save a diagnostics bundle…"), self._save, icon="shield"), None, go_on
        )
        self.resize(560, 460 if explained else 220)

    def _save(self) -> None:
        self.accept()
        self._save_bundle()
