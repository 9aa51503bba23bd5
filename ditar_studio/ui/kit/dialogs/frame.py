"""The frame that the studio's dialogs share: a title, a body, a line of buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.widgets.basics import label, scrolling
from ditar_studio.ui.kit.widgets.messages import Toasts

_RESIZED = Qt.WidgetAttribute.WA_Resized


class DialogFrame(QDialog):
    """A dialog with a heading, an explanation under it, a body and a foot.

    Messages appear in its `toasts` while it is open, not behind it in the window's.

    Args:
        title: of the window, and the heading.
        text: a sentence or two below it; may be empty.
        parent: the window that it belongs to.
    """

    def __init__(self, title: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(theme.current().widened(440))
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
        self.toasts = Toasts()
        layout.addWidget(self.toasts)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(Space.S)
        layout.addLayout(self.foot)

    def scroll_above_foot(self) -> None:
        """Let everything but the foot scroll, for a screen that is too small for the dialog."""
        whole = self.layout()
        assert whole is not None
        whole.removeItem(self.foot)
        self.foot.setParent(None)
        focus = self.focusWidget()
        inside = QWidget()
        area = scrolling(inside)
        area.setParent(self)
        inside.setLayout(whole)  # takes it over, with all that is in it, in its order
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, Space.M)
        outside.addWidget(area, 1)
        self.foot.setContentsMargins(Space.XL, 0, Space.XL, 0)
        outside.addLayout(self.foot)
        first = focus or next(
            (w for w in inside.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus),
            None,
        )
        if first is not None:
            first.setFocus()

    def add_buttons(self, *buttons: QWidget | None) -> None:
        """Fill the foot; None stretches."""
        for button in buttons:
            if button is None:
                self.foot.addStretch(1)
            else:
                self.foot.addWidget(button)


def fit(dialog: QDialog, room: QSize) -> None:
    """Make a dialog that hasn't been shown yet no larger than `room`, its buttons included."""
    dialog.ensurePolished()
    layout = dialog.layout()
    wanted = dialog.size() if dialog.testAttribute(_RESIZED) else dialog.sizeHint()
    narrowest = layout.minimumSize().width() if layout is not None else 0
    wanted.setWidth(max(wanted.width(), narrowest))
    width = min(wanted.width(), room.width())
    if layout is not None and isinstance(dialog, DialogFrame):
        least = layout.minimumSize().height()
        if layout.hasHeightForWidth():
            least = max(least, layout.minimumHeightForWidth(width))
            # Qt's own size leaves rows beside wrapped texts too little room.
            wanted = QSize(wanted.width(), max(wanted.height(), layout.heightForWidth(width)))
            if wanted.height() <= room.height() and wanted.width() <= room.width():
                dialog.resize(wanted)
        if least > room.height():
            dialog.scroll_above_foot()
    dialog.setMinimumSize(dialog.minimumSize().boundedTo(room))
    if wanted.width() > room.width() or wanted.height() > room.height():
        dialog.resize(wanted.boundedTo(room))
