"""A choice between a few, shown side by side."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton

_PADDING = 24
"""Pixels beside the words of a button."""


class Segmented(QFrame):
    """One of a few named choices; arrow keys move between them.

    Args:
        name: accessible name of the whole.
        choices: key -> words shown.
        short: key -> shorter words for where there is not enough room.

    Signals:
        chosen: the key of the new choice, also when it is set by the program.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, choices: Mapping[str, str], short: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._words = choices
        self._short = short or {}
        self.setProperty("segmented", "true")
        self.setAccessibleName(name)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(2)
        for key, words in choices.items():
            button = QToolButton()
            button.setText(words)
            button.setAccessibleName(words)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.toggled.connect(lambda on, key=key: self.chosen.emit(key) if on else None)
            self._group.addButton(button)
            self._buttons[key] = button
            layout.addWidget(button)
        next(iter(self._buttons.values())).setChecked(True)

    @property
    def choice(self) -> str:
        """The key of the present choice."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        """Make `key` the choice.

        Raises:
            KeyError: there is no such choice.
        """
        self._buttons[key].setChecked(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def minimumSizeHint(self) -> QSize:
        size = super().minimumSizeHint()
        if not self._short:
            return size
        metrics = next(iter(self._buttons.values())).fontMetrics()
        widest = max(metrics.horizontalAdvance(words) for words in self._short.values())
        count = len(self._buttons)
        return QSize(count * (widest + _PADDING) + 2 * (count - 1) + 6, size.height())

    def _fit(self) -> None:
        """Show the short words if the long ones would be cut."""
        if not self._short:
            return
        button = next(iter(self._buttons.values()))
        button.ensurePolished()
        metrics = button.fontMetrics()
        widest = max(metrics.horizontalAdvance(words) for words in self._words.values())
        room = (self.width() - 6 - 2 * (len(self._buttons) - 1)) // max(1, len(self._buttons))
        fits = widest + _PADDING <= room
        for key, each in self._buttons.items():
            words = self._words[key] if fits else self._short.get(key, self._words[key])
            if each.text() != words:
                each.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        keys = list(self._buttons)
        key = keys[(keys.index(self.choice) + step) % len(keys)]
        self.choose(key)
        self._buttons[key].setFocus(Qt.FocusReason.OtherFocusReason)
