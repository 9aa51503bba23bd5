"""The picture, the sentence and the way on that an empty list shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.widgets.basics import button, label


class _Disc(QWidget):
    """An icon on a soft disc."""

    def __init__(self, icon: str, size: int = 56) -> None:
        super().__init__()
        self._icon = icon
        self.setFixedSize(size, size)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().colours.color("accent_soft"))
        half = self.width() / 2
        painter.drawEllipse(QPointF(half, half), half, half)
        inner = round(self.width() * 0.43)
        image = icons.icon(self._icon, "accent_text").pixmap(
            QSize(inner, inner), self.devicePixelRatioF()
        )
        offset = (self.width() - inner) // 2
        painter.drawPixmap(offset, offset, image)


class EmptyState(QWidget):
    """A quiet placeholder.

    Args:
        icon: what the list will hold.
        title: a few words.
        text: one sentence on how to fill it.
        action: words of a button and what it does.
    """

    def __init__(
        self,
        icon: str,
        title: str,
        text: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        layout.setSpacing(Space.S)
        layout.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(_Disc(icon), 0, centre)
        layout.addSpacing(Space.XS)
        self.title = label(title, "heading")
        self.title.setAlignment(centre)
        layout.addWidget(self.title)
        self.text = label(text, "muted", wrap=True)
        self.text.setAlignment(centre)
        self.text.setVisible(bool(text))
        layout.addWidget(self.text)
        if action is not None:
            layout.addSpacing(Space.S)
            layout.addWidget(button(action[0], action[1]), 0, centre)
        layout.addStretch(3)
