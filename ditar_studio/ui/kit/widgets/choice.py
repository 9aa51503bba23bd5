"""A combo box with a name of its own, and long choices that don't run out of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QLabel, QStyle, QStyleOptionComboBox, QStylePainter

_LABEL_GAP = 6


class Choice(QComboBox):
    """Chooses one of several things.

    On Linux the accessible name that Qt gives a combo box is what is chosen in it; what it is for,
    screen readers take from the label that is its buddy. Here that label is never seen.

    Args:
        name: accessible name.
        tip: tool tip.
    """

    def __init__(self, name: str, tip: str = "") -> None:
        super().__init__()
        self._tip = tip
        self._label = QLabel(name)
        self._label.hide()
        self._label.setBuddy(self)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ParentChange:
            self._label.setParent(self.parentWidget())
        return super().event(event)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + _LABEL_GAP, hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        whole = self.currentText()
        shown = self.fontMetrics().elidedText(
            whole, Qt.TextElideMode.ElideRight, field.width() - _LABEL_GAP
        )
        option.currentText = shown
        tip = self._tip if shown == whole else f"{whole}\n{self._tip}".strip()
        if tip != self.toolTip():
            self.setToolTip(tip)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        wide = max((self.fontMetrics().horizontalAdvance(text) for text in self.texts()), default=0)
        self.view().setMinimumWidth(min(480, wide + 48))
        super().showPopup()

    def texts(self) -> list[str]:
        """Return what can be chosen."""
        return [self.itemText(index) for index in range(self.count())]
