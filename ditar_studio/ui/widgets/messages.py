"""What the program tells the user: banners that stay, toasts that pass; each with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.ui import icons
from ditar_studio.ui.theme import Space
from ditar_studio.ui.translate import sentence, tr
from ditar_studio.ui.widgets.basics import announce, button, column, icon_button, label

_ICONS = {"info": "info", "success": "success", "warning": "warning", "danger": "error"}
TOAST_SECONDS = 6.0


def tone_icon(tone: str, size: int = 18) -> QLabel:
    """The icon of a tone (info, success, warning, danger), in its colour."""
    result = QLabel()
    result.setPixmap(icons.icon(_ICONS[tone], tone).pixmap(QSize(size, size)))
    result.setFixedSize(size, size)
    return result


class Banner(QFrame):
    """A message that stays until it is dealt with: what is wrong, and what to do about it.

    Args:
        tone: info, success, warning or danger.
        message: one sentence.
        remedy: one sentence, shown more quietly beneath.
        action: words of a button and what it does.
        closable: whether the user may put it away.
    """

    def __init__(
        self,
        tone: str,
        message: str,
        remedy: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        closable: bool = True,
    ) -> None:
        super().__init__()
        self.setProperty("message", tone)
        self.message = message = sentence(message)
        self.remedy = remedy = sentence(remedy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.S, Space.M)
        layout.setSpacing(Space.M)
        layout.addWidget(tone_icon(tone), 0, Qt.AlignmentFlag.AlignTop)
        words = column(label(message, "strong", wrap=True), spacing=Space.HAIR)
        if remedy:
            words.addWidget(label(remedy, "muted", wrap=True))
        layout.addLayout(words, 1)
        if action is not None:
            layout.addWidget(button(action[0], action[1]), 0, Qt.AlignmentFlag.AlignVCenter)
        if closable:
            layout.addWidget(
                icon_button("x", tr("Put this message away"), self.dismiss, size=14),
                0,
                Qt.AlignmentFlag.AlignTop,
            )

    def dismiss(self) -> None:
        """Removes the banner."""
        self.hide()
        self.deleteLater()


class _Toast(QFrame):
    def __init__(
        self,
        parent: QWidget,
        tone: str,
        message: str,
        remedy: str,
        action: tuple[str, Callable[[], object]] | None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("message", "toast")
        self.setAccessibleName(tr("Message"))
        self.words = message
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(24)
        shadow.setOffset(0, 6)
        shadow.setColor(QColor(0, 0, 0, 70))
        self.setGraphicsEffect(shadow)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.M)
        layout.addWidget(tone_icon(tone))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(message))
        if remedy:
            words.addWidget(label(remedy, "small"))
        layout.addLayout(words)
        if action is not None:
            title, what = action
            self.button = button(title, partial(self._act, what), kind="link")
            layout.addWidget(self.button)
        layout.addWidget(icon_button("x", tr("Put this message away"), self.dismiss, size=14))
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.timeout.connect(self._time_is_up)

    def dismiss(self) -> None:
        self.timer.stop()
        self.hide()
        self.deleteLater()

    def _act(self, what: Callable[[], object]) -> None:
        self.dismiss()
        what()

    def _time_is_up(self) -> None:
        focus = self.window().focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            self.timer.start()
        else:
            self.dismiss()


class Toasts(QObject):
    """Shows passing messages at the foot of `host`, one at a time; the newest replaces the last."""

    def __init__(self, host: QWidget, lift: int = 46) -> None:
        super().__init__(host)
        self._host = host
        self._lift = lift
        self._toast: _Toast | None = None
        host.installEventFilter(self)

    def show(
        self,
        message: str,
        tone: str = "info",
        remedy: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        seconds: float = TOAST_SECONDS,
    ) -> None:
        """Shows `message` for `seconds`, longer while it is pointed at or has the focus.

        Args:
            message: one sentence.
            tone: info, success, warning or danger.
            remedy: a second sentence, shown more quietly.
            action: words of a button and what it does, e.g. Undo.
            seconds: how long.
        """
        self.clear()
        message, remedy = sentence(message), sentence(remedy)
        toast = _Toast(self._host, tone, message, remedy, action)
        toast.destroyed.connect(self._forget)
        self._toast = toast
        toast.timer.setInterval(round(seconds * 1000))
        self._place()
        toast.show()
        toast.raise_()
        toast.timer.start()
        announce(self._host, f"{message} {remedy}".strip(), urgent=tone == "danger")

    def undoable(self, message: str, undo: Callable[[], object]) -> None:
        """Shows that something was done, with a button that undoes it."""
        self.show(message, "success", action=(tr("Undo"), undo), seconds=8.0)

    def clear(self) -> None:
        """Puts the present toast away."""
        if self._toast is not None:
            toast, self._toast = self._toast, None
            toast.destroyed.disconnect(self._forget)
            toast.dismiss()

    @property
    def words(self) -> str:
        """The message now shown, or empty."""
        return self._toast.words if self._toast is not None else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _forget(self) -> None:
        self._toast = None

    def _place(self) -> None:
        if self._toast is not None:
            self._toast.adjustSize()
            size = self._toast.size()
            self._toast.move(
                (self._host.width() - size.width()) // 2,
                self._host.height() - size.height() - self._lift,
            )
