"""A slider with its name, a number field, a mark at the default, and a reset."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleValueChangeEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QVBoxLayout, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import number, tr
from ditar_studio.ui.kit.widgets.basics import icon_button, label, row
from ditar_studio.ui.kit.widgets.number_field import NumberField


class _Track(QAbstractSlider):
    """The slider proper: accent up to the handle, a tick at the default; wheel only with focus."""

    def __init__(self, default: int, large: bool) -> None:
        super().__init__()
        self.default = default
        self._large = large
        self._radius = 10.0 if large else 7.5
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, 34 if self._large else 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._move_to(event.position().x())
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(self.default)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.setValue(self.default)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        c = theme.current().colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        x = self._at(self.value())
        thick = 6.0 if self._large else 4.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("border"))
        groove = QRectF(1, middle - thick / 2, self.width() - 2, thick)
        painter.drawRoundedRect(groove, thick / 2, thick / 2)
        accent = c.color("accent" if self.isEnabled() else "border_strong")
        painter.setBrush(accent)
        painter.drawRoundedRect(QRectF(1, middle - thick / 2, x, thick), thick / 2, thick / 2)
        mark = self._at(self.default)
        painter.setPen(QPen(c.color("border_strong"), 2))
        if abs(mark - x) > self._radius:
            painter.drawLine(
                QPointF(mark, middle + thick / 2 + 4), QPointF(mark, middle + thick / 2 + 7)
            )
        if self.hasFocus():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.color("accent", 0.22))
            painter.drawEllipse(QPointF(x, middle), self._radius + 2, self._radius + 2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(accent, 2))
            painter.drawEllipse(QPointF(x, middle), self._radius + 1, self._radius + 1)
        painter.setPen(QPen(accent, 2))
        painter.setBrush(c.color("raised"))
        painter.drawEllipse(QPointF(x, middle), self._radius - 2, self._radius - 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        inner = self._radius - (4 if self.isSliderDown() else 6)
        painter.drawEllipse(QPointF(x, middle), inner, inner)

    def _at(self, value: int) -> float:
        left, right = self._radius + 2, self.width() - self._radius - 2
        span = max(1, self.maximum() - self.minimum())
        return left + (right - left) * (value - self.minimum()) / span

    def _move_to(self, x: float) -> None:
        left, right = self._radius + 2, self.width() - self._radius - 2
        share = min(1.0, max(0.0, (x - left) / max(1.0, right - left)))
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))


class ValueSlider(QWidget):
    """A number within bounds.

    Args:
        name: what it sets; also its accessible name.
        low, high, step: bounds and the size of one step.
        default: where the mark is and the reset leads.
        tip: one sentence on what it does.
        suffix: unit shown in the field, e.g. " s".
        large: for the most important one.
        ends: words under the two ends, shown when given.

    Signals:
        changed: the new value, by the user or the program.
    """

    changed = Signal(float)

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        default: float,
        step: float = 0.01,
        tip: str = "",
        suffix: str = "",
        large: bool = False,
        ends: tuple[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._step = step
        self._low = low
        self.name = label(name, "heading" if large else "strong")
        self.slider = _Track(round((default - low) / step), large)
        self.slider.setRange(0, round((high - low) / step))
        self.slider.setPageStep(max(1, round((high - low) / step / 10)))
        self.slider.setAccessibleName(name)
        decimals = max(0, len(f"{step:.6f}".rstrip("0").partition(".")[2]))
        self.field = NumberField(f"{max(high, 10.0 if decimals == 0 else high):.{decimals}f}")
        self.field.setRange(low, high)
        self.field.setSingleStep(step)
        self.field.setDecimals(decimals)
        self.field.setSuffix(suffix)
        self.field.lineEdit().setTextMargins(0, 0, 6, 0)
        self.field.setAccessibleName(tr("{name}, value", name=name))
        self.reset_button = icon_button(
            "undo",
            tr("Reset {name} to {value}", name=name, value=number(default)),
            self.reset,
            size=14,
        )
        keep = self.reset_button.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(keep)
        self.name.setBuddy(self.slider)
        for part in (self, self.name, self.slider, self.field):
            part.setToolTip(tip)
        for part in (self.slider, self.field):
            part.setAccessibleDescription(tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.HAIR)
        layout.addLayout(row(self.name, None, self.reset_button, self.field, spacing=Space.XS))
        layout.addWidget(self.slider)
        if ends is not None:
            layout.addLayout(row(label(ends[0], "caption"), None, label(ends[1], "caption")))
        self.slider.valueChanged.connect(self._slid)
        self.field.valueChanged.connect(self._typed)
        self._default = default
        self.set_value(default)
        self._show_reset()

    @property
    def value(self) -> float:
        """The number, on the grid of steps."""
        return round(self.field.value(), 6)

    @property
    def default(self) -> float:
        """Where the reset leads."""
        return self._default

    def set_value(self, value: float) -> None:
        """Move to `value`, clipped to the bounds."""
        self.field.setValue(value)

    def set_bounds(self, low: float, high: float, default: float) -> None:
        """Change the bounds and the default, as another model asks; the value is clipped."""
        value = self.value
        self._low, self._default = low, default
        self.slider.default = round((default - low) / self._step)
        self.slider.setRange(0, round((high - low) / self._step))
        self.field.setRange(low, high)
        self.field.setValue(value)
        self.slider.setValue(round((self.value - low) / self._step))
        words = tr("Reset {name} to {value}", name=self.name.text(), value=number(default))
        self.reset_button.setAccessibleName(words)
        self.reset_button.setToolTip(words)
        self._show_reset()

    def reset(self) -> None:
        """Go back to the default."""
        self.set_value(self._default)
        self.slider.setFocus(Qt.FocusReason.OtherFocusReason)

    def _slid(self, position: int) -> None:
        self.field.setValue(self._low + position * self._step)

    def _typed(self, value: float) -> None:
        self.slider.setValue(round((value - self._low) / self._step))
        self._show_reset()
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self.slider, self.value))
        self.changed.emit(self.value)

    def _show_reset(self) -> None:
        self.reset_button.setVisible(abs(self.value - self._default) > self._step / 2)
