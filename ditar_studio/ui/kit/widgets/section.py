"""A section that can be folded away under its title."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.theme import Space


class Section(QWidget):
    """A title that opens and closes what lies under it.

    Signals:
        toggled: whether it is open now.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, opened: bool = True) -> None:
        super().__init__()
        self.content = content
        self.head = QToolButton()
        self.head.setProperty("kind", "disclosure")
        self.head.setText(title)
        self.head.setAccessibleName(title)
        self.head.setCheckable(True)
        self.head.setChecked(opened)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setIconSize(QSize(14, 14))
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.toggled.connect(self._toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.head)
        layout.addWidget(content)
        self._show_mark(opened)
        if not opened:
            content.hide()

    @property
    def opened(self) -> bool:
        """Whether the content is shown."""
        return self.head.isChecked()

    def open(self, opened: bool = True) -> None:
        """Show or hide the content."""
        self.head.setChecked(opened)

    def _toggle(self, opened: bool) -> None:
        self._show_mark(opened)
        self.content.setVisible(opened)
        self.toggled.emit(opened)

    def _show_mark(self, opened: bool) -> None:
        self.head.setIcon(
            icons.icon("chevron-down" if opened else "chevron-right", "faint", "faint")
        )
