"""Lists whose rows are painted as cards: what those of voices and of takes have in common."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.item_model import Index
from ditar_studio.ui.kit.theme import Space

_ROUND = 8


class CardDelegate(QStyledItemDelegate):
    """Paints cards of a height in pixels at the usual size of text, as far apart as `gap` twice."""

    def __init__(self, height: int, gap: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._height, self._gap = height, gap

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(120, theme.current().sized(self._height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours = theme.current().colours
        card = QRectF(option.rect).adjusted(Space.S, self._gap, -Space.S, -self._gap)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(colours.color("accent_soft" if selected else "hover"))
            painter.drawRoundedRect(card, _ROUND, _ROUND)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.color("accent"), 2))
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), _ROUND, _ROUND)
        self.fill(painter, card, index, selected)
        painter.restore()

    def fill(self, painter: QPainter, card: QRectF, index: Index, selected: bool) -> None:
        """Paint what is in a card."""
        raise NotImplementedError


def show_as_cards(view: QListView) -> None:
    """Let a list show cards, and no ground of its own."""
    view.setUniformItemSizes(True)
    view.setMouseTracking(True)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setProperty("painted", "true")
