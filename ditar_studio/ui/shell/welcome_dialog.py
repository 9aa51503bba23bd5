"""The first run: three short pages."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import mark, tr
from ditar_studio.ui.kit.widgets.basics import (
    announce,
    button,
    column,
    label,
    row,
    scrolling,
    surface,
)

STEPS: tuple[tuple[str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "shield",
        mark("Your voice stays with you"),
        mark("DiTAR Studio clones a voice and speaks with it, on this computer and nowhere else."),
        (
            (
                "lock",
                mark("Nothing is sent"),
                mark("No account, no cloud, no telemetry. It works without a network."),
            ),
            (
                "folder",
                mark("Your files are yours"),
                mark("Voices and takes are plain audio files in a folder that you choose."),
            ),
            (
                "check",
                mark("With consent"),
                mark("Clone only voices that you may clone. Exports say that they are synthetic."),
            ),
        ),
    ),
    (
        "mic",
        mark("Give it a voice"),
        mark("Six seconds of clear speech are enough. Three sample voices are there to begin."),
        (
            (
                "record",
                mark("Record a passage"),
                mark("Read aloud what you see. The meter and a verdict tell how good it is."),
            ),
            (
                "file-audio",
                mark("Or drop a file"),
                mark(
                    "Any WAV, FLAC, MP3, M4A or Opus. Trim it on the waveform, type what is said."
                ),
            ),
            ("voice", mark("Keep it"), mark("Save it as a voice, with tags, to use it again.")),
        ),
    ),
    (
        "sparkle",
        mark("Type, and hear it at once"),
        mark("Speech begins with the first patches and is drawn while you listen."),
        (
            (
                "keyboard",
                mark("Ctrl+Enter speaks, Esc stops"),
                mark("Whatever you heard is kept as a take."),
            ),
            (
                "temperature",
                mark("Temperature first"),
                mark("Low is steady, high is lively. Every take remembers its settings."),
            ),
            (
                "search",
                mark("Ctrl+K finds everything"),
                mark("Every action has a shortcut, and every deletion can be undone."),
            ),
        ),
    ),
)
"""Icon, title, text and three points of each page."""


class _Badge(QWidget):
    """A large icon on an accent square with round corners."""

    def __init__(self, icon: str) -> None:
        super().__init__()
        self._icon = icon
        self.setFixedSize(64, 64)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().colours.color("accent_soft"))
        painter.drawRoundedRect(QRectF(self.rect()), 18, 18)
        image = icons.icon(self._icon, "accent_text").pixmap(
            QSize(30, 30), self.devicePixelRatioF()
        )
        painter.drawPixmap(17, 17, image)


class _Dots(QWidget):
    """Dots that show which of the pages this is."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._here = 0
        self.setFixedSize(18 * count, 10)

    def set_here(self, index: int) -> None:
        self._here = index
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        c = theme.current().colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for index in range(self._count):
            painter.setBrush(c.color("accent" if index == self._here else "border_strong"))
            painter.drawEllipse(QPointF(9 + 18 * index, 5), 4, 4)


class WelcomeDialog(QDialog):
    """Three pages; may be skipped at any moment.

    Signals:
        record_wanted: the user wants to record a voice now.
        tour_wanted: the user wants to be shown around.
    """

    record_wanted = Signal()
    tour_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Welcome to DiTAR Studio"))
        self.setMinimumSize(520, 380)
        self.resize(theme.current().widened(600), theme.current().widened(540))
        self.record = button(tr("Record a voice"), self._record, icon="mic")
        self.tour = button(tr("Show me around"), self._tour)
        self.stack = QStackedWidget()
        for number, step in enumerate(STEPS, 1):
            ways_on = (self.record, self.tour) if number == len(STEPS) else ()
            self.stack.addWidget(scrolling(self._page(*step, ways_on)))
        self.dots = _Dots(len(STEPS))
        self.skip = button(tr("Skip"), self.reject, "ghost")
        policy = self.skip.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that the dots stay where they are
        self.skip.setSizePolicy(policy)
        self.back = button(tr("Back"), lambda: self._go(-1))
        self.next = button(tr("Next"), lambda: self._go(1), "primary")
        foot = row(self.skip, None, self.dots, None, self.back, self.next)
        foot.setContentsMargins(Space.XL, Space.M, Space.XL, Space.L)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.stack, 1)
        layout.addLayout(foot)
        self._show(0)

    @property
    def step(self) -> int:
        """Number of the page shown, from 0."""
        return self.stack.currentIndex()

    def _page(
        self,
        icon: str,
        title: str,
        text: str,
        points: tuple[tuple[str, str, str], ...],
        ways_on: tuple[QWidget, ...],
    ) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(Space.XXL, Space.XXL, Space.XXL, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(_Badge(icon))
        layout.addSpacing(Space.S)
        layout.addWidget(label(tr(title), "display", wrap=True))
        layout.addWidget(label(tr(text), "muted", wrap=True))
        layout.addSpacing(Space.M)
        for point_icon, head, words in points:
            picture = QLabel()
            picture.setPixmap(icons.icon(point_icon, "accent_text").pixmap(QSize(20, 20)))
            line = QHBoxLayout()
            line.setSpacing(Space.M)
            line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
            line.addLayout(
                column(label(tr(head), "strong"), label(tr(words), "muted", wrap=True), spacing=1),
                1,
            )
            layout.addWidget(surface("card", line, Space.M))
        if ways_on:
            layout.addSpacing(Space.S)
            layout.addLayout(row(*ways_on, None))
        layout.addStretch(1)
        return page

    def _go(self, way: int) -> None:
        wanted = self.step + way
        if wanted == len(STEPS):
            self.accept()
        else:
            self._show(wanted)

    def _show(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self.dots.set_here(index)
        last = index == len(STEPS) - 1
        self.back.setVisible(index > 0)
        self.skip.setVisible(not last)
        self.next.setText(tr("Start") if last else tr("Next"))
        self.next.setDefault(True)
        self.next.setFocus()
        where = tr("Step {number} of {count}", number=index + 1, count=len(STEPS))
        announce(self, f"{where}: {tr(STEPS[index][1])}. {tr(STEPS[index][2])}")

    def _tour(self) -> None:
        self.accept()
        self.tour_wanted.emit()

    def _record(self) -> None:
        self.accept()
        self.record_wanted.emit()
