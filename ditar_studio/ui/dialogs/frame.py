"""The frame that the studio's dialogs share: a title, a body, a line of buttons."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ditar_studio.ui.theme import Space
from ditar_studio.ui.widgets.basics import label


class DialogFrame(QDialog):
    """A dialog with a heading, an explanation under it, a body and a foot.

    Args:
        title: of the window, and the heading.
        text: a sentence or two beneath; may be empty.
        parent: the window that it belongs to.
    """

    def __init__(self, title: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(440)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        layout.setSpacing(Space.M)
        layout.addWidget(label(title, "title", wrap=True))
        if text:
            layout.addWidget(label(text, "muted", wrap=True))
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, Space.S, 0, Space.S)
        self.body.setSpacing(Space.M)
        layout.addLayout(self.body, 1)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(Space.S)
        layout.addLayout(self.foot)

    def add_buttons(self, *buttons: QWidget | None) -> None:
        """Fills the foot; None stretches."""
        for button in buttons:
            if button is None:
                self.foot.addStretch(1)
            else:
                self.foot.addWidget(button)
