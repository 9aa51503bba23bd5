"""Messages to the user: banners that stay, toasts that pass; each with its remedy."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QWidget

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import sentence, tr
from ditar_studio.ui.kit.widgets.basics import announce, button, column, icon_button, label, row

log = logging.getLogger(__name__)

_ICONS = {"info": "info", "success": "success", "warning": "warning", "danger": "error"}
TOAST_SECONDS = 6.0
_LOOK_AGAIN_MS = 1000


def _log_failure(tone: str, message: str, remedy: str) -> None:
    """Log what the user was shown; its cause is in the log already."""
    if tone in ("warning", "danger"):
        log.warning("shown: %s %s", message, remedy)


def tone_icon(tone: str, size: int = 18) -> QLabel:
    """Return the icon of a tone (info, success, warning, danger), in its colour."""
    result = QLabel()
    result.setPixmap(icons.icon(_ICONS[tone], tone).pixmap(QSize(size, size)))
    result.setFixedSize(size, size)
    return result


class Banner(QFrame):
    """A message that stays until it is dealt with: what is wrong, and what to do about it.

    Args:
        tone: info, success, warning or danger.
        message: one sentence.
        remedy: one sentence, shown below in a quieter colour.
        actions: words of buttons and what they do.
        closable: whether the user may put it away.
    """

    def __init__(
        self,
        tone: str,
        message: str,
        remedy: str = "",
        *actions: tuple[str, Callable[[], object]],
        closable: bool = True,
    ) -> None:
        super().__init__()
        self.setProperty("message", tone)
        _log_failure(tone, message, remedy)
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
        self.buttons = [button(*action) for action in actions]
        for each in self.buttons:
            layout.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
        if closable:
            layout.addWidget(
                icon_button("x", tr("Close this message"), self.dismiss, size=14),
                0,
                Qt.AlignmentFlag.AlignTop,
            )

    def dismiss(self) -> None:
        """Remove the banner."""
        self.hide()
        self.deleteLater()


def _in_front() -> Toasts | None:
    """Return where a dialog that is open shows its messages: those of the window would be behind
    it.
    """
    toasts = getattr(QApplication.activeModalWidget(), "toasts", None)
    return toasts if isinstance(toasts, Toasts) else None


class Toasts(QWidget):
    """A place for passing messages, one at a time; the newest replaces the last.

    It lies in the layout of its parent, so that a message covers nothing.

    Signals:
        changed: the tone of the message now shown; empty when there is none any more.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Message"))
        self.words = ""
        self._count = 0
        self._action: Callable[[], object] | None = None
        self._icon = QLabel()
        self._text = label("", wrap=True)
        self.button = button("", self._act, kind="link")
        close = icon_button("x", tr("Close this message"), self.clear, size=14)
        layout = row(self._icon, self._text, self.button, close, spacing=Space.S)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._time_is_up)
        self.hide()

    def notify(
        self,
        message: str,
        tone: str = "info",
        remedy: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        seconds: float = TOAST_SECONDS,
    ) -> int:
        """Show `message` for `seconds`, longer while it is pointed at or has the focus.

        Args:
            message: one sentence.
            tone: info, success, warning or danger.
            remedy: a second sentence.
            action: words of a button and what it does, e.g. Undo.
            seconds: for which it is shown.

        Returns:
            What `withdraw` knows the message by.
        """
        front = _in_front()
        if front is not None and front is not self:
            front.notify(message, tone, remedy, action, seconds)
            self._count += 1
            return self._count
        self._count += 1
        _log_failure(tone, message, remedy)
        self.words = sentence(message)
        text = f"{self.words} {sentence(remedy)}".strip()
        self._text.setText(text)
        self._icon.setPixmap(icons.icon(_ICONS[tone], tone).pixmap(QSize(18, 18)))
        title, self._action = action or ("", None)
        self.button.setText(title)
        self.button.setVisible(bool(title))
        self.show()
        self.changed.emit(tone)
        self._timer.start(round(seconds * 1000))
        announce(self, text, urgent=tone == "danger")
        return self._count

    def undoable(self, message: str, undo: Callable[[], object]) -> int:
        """Show that something was done, with a button that undoes it; else like `notify`."""
        return self.notify(message, "success", action=(tr("Undo"), undo), seconds=8.0)

    def withdraw(self, number: int) -> None:
        """Put a message away that no longer holds, if it is still shown."""
        if number == self._count and self.words:
            self.clear()

    def clear(self) -> None:
        """Put the present message away."""
        self._timer.stop()
        self.words, self._action = "", None
        self.hide()
        self.changed.emit("")

    def _act(self) -> None:
        act = self._action
        self.clear()
        if act is not None:
            act()

    def _time_is_up(self) -> None:
        focus = self.window().focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            self._timer.start(_LOOK_AGAIN_MS)
        else:
            self.clear()
