"""A waveform that can grow while it is watched: zoom, pan, play position, selection, patch grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.translate import number, tr
from ditar_studio.ui.kit.widgets.waveform_painting import (
    Mark,
    Scene,
    draw_layers,
    paint_sound,
    ruler,
)

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.peaks import Peaks

GRIP = 7
SHORTEST_VIEW = 0.02
GROWING_SPAN = 4.0


class WaveformView(QWidget):
    """Draws `Peaks`.

    Args:
        name: accessible name.
        selectable: whether dragging selects a stretch, with handles; otherwise it seeks.
        trims: whether what lies outside the selection is dimmed.

    Signals:
        seek: seconds, by click or key.
        selection_changed: begin and end in seconds; equal when there is none.
        view_changed: begin and end of what is shown, in seconds.
    """

    seek = Signal(float)
    selection_changed = Signal(float, float)
    view_changed = Signal(float, float)

    def __init__(self, name: str, selectable: bool = False, trims: bool = False) -> None:
        super().__init__()
        self._selectable = selectable
        self._trims = trims
        self._peaks: Peaks | None = None
        self._start, self._end = 0.0, GROWING_SPAN
        self._fitted = True
        self._growing = False
        self._playhead: float | None = None
        self._selection: tuple[float, float] | None = None
        self._patch_seconds = 0.0
        self._marks: tuple[Mark, ...] = ()
        self._spectrogram: QImage | None = None
        self._prompt = ""
        self._layers: tuple[QPixmap, QPixmap] | None = None
        self._drag = ""
        self._anchor = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        theme.manager.changed.connect(self._redraw)
        self._describe()

    # --- what is shown

    def set_peaks(self, peaks: Peaks | None, growing: bool = False) -> None:
        """Show another sound, whole; `growing` while more is appended to it."""
        self._peaks = peaks
        self._growing = growing
        self._fitted = True
        self._playhead = None
        self._marks = ()
        self._spectrogram = None
        self._set_selection(None)
        self._describe()
        self.refresh()

    def refresh(self) -> None:
        """Draw again after samples were appended to the peaks."""
        if self._fitted:
            self._set_view(0.0, self._whole())
        self._redraw()

    def finish(self) -> None:
        """Note that the sound has stopped growing."""
        self._growing = False
        self.refresh()
        self._describe()

    def set_playhead(self, seconds: float | None) -> None:
        """Move the play position; what lies before it is drawn in the accent colour."""
        if seconds == self._playhead:
            return
        self._playhead = seconds
        if seconds is not None and not self._fitted and not self._drag:
            self._follow(seconds)
        self.update()

    def set_patch_seconds(self, seconds: float) -> None:
        """Set the duration of a patch, for the grid shown on zoom; 0 for no grid."""
        self._patch_seconds = seconds
        self._redraw()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Set flags on the ruler, e.g. where each line begins."""
        self._marks = tuple(marks)
        self.update()

    def set_spectrogram(self, image: QImage | None) -> None:
        """Show a spectrogram of the whole sound behind the waveform; None removes it."""
        self._spectrogram = image
        self._redraw()

    def set_prompt(self, text: str) -> None:
        """Set what is written while there is no sound."""
        self._prompt = text
        self.update()

    @property
    def peaks(self) -> Peaks | None:
        """What is drawn."""
        return self._peaks

    @property
    def view(self) -> tuple[float, float]:
        """Begin and end of what is shown, in seconds."""
        return self._start, self._end

    @property
    def seconds(self) -> float:
        """Duration of the sound."""
        return self._peaks.seconds if self._peaks is not None else 0.0

    # --- selection

    @property
    def selection(self) -> tuple[float, float] | None:
        """Begin and end of the selected stretch in seconds, or None."""
        return self._selection

    def select(self, start: float, end: float) -> None:
        """Select a stretch, clipped to the sound; an empty one selects nothing."""
        low, high = sorted((self._clip(start), self._clip(end)))
        self._set_selection((low, high) if high - low > 1e-4 else None)

    # --- zoom

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show `factor` times less (above 1) or more, keeping second `around` in its place."""
        if self._peaks is None:
            return
        span = self._end - self._start
        if around is None:
            inside = self._playhead is not None and self._start <= self._playhead <= self._end
            around = self._playhead if inside else (self._start + self._end) / 2
        assert around is not None
        wanted = max(SHORTEST_VIEW, span / factor)
        if wanted >= self._whole():
            self.fit()
            return
        self._fitted = False
        share = (around - self._start) / span
        self._move_view(around - share * wanted, wanted)

    def fit(self) -> None:
        """Show the whole sound."""
        self._fitted = True
        self._set_view(0.0, self._whole())

    def pan(self, seconds: float) -> None:
        """Move the view along by `seconds`."""
        if not self._fitted:
            self._move_view(self._start + seconds, self._end - self._start)

    # --- painting

    def sizeHint(self) -> QSize:
        return QSize(480, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 64)

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.current()
        c = now.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("sunken"))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        if self._peaks is None or not len(self._peaks):
            painter.setFont(now.font("body"))
            painter.setPen(c.color("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._prompt)
        else:
            scene = self._scene(self._peaks)
            if self._layers is None:
                self._layers = draw_layers(scene)
            paint_sound(painter, scene, self._layers)
        if self.hasFocus():
            painter.setPen(QPen(c.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)

    def _scene(self, peaks: Peaks) -> Scene:
        return Scene(
            peaks, self._start, self._end, self.width(), self.height(), self.devicePixelRatioF(),
            self._playhead, self._selection, self._trims, self._patch_seconds, self._marks,
            self._spectrogram,
        )  # fmt: skip

    # --- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._peaks is None or event.button() not in (
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.MiddleButton,
        ):
            return
        x = event.position().x()
        self._anchor = self._seconds(x)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = "pan"
        elif edge := self._edge_at(x):
            self._drag = edge
        elif self._selectable and event.position().y() > ruler():
            self._drag = "new"
        else:
            self._drag = "seek"
            self.seek.emit(self._clip(self._anchor))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if not self._drag:
            near = self._peaks is not None and self._edge_at(x)
            self.setCursor(
                Qt.CursorShape.SizeHorCursor
                if near
                else Qt.CursorShape.IBeamCursor
                if self._selectable
                else Qt.CursorShape.ArrowCursor
            )
            return
        here = self._seconds(x)
        if self._drag == "seek":
            self.seek.emit(self._clip(here))
        elif self._drag == "pan":
            self.pan(self._anchor - here)
        elif self._drag == "new":
            if abs(x - self._x(self._anchor)) > 3:
                self.select(self._anchor, here)
        elif self._selection is not None:
            start, end = self._selection
            if self._drag == "start":
                self.select(min(here, end - 0.01), end)
            else:
                self.select(start, max(here, start + 0.01))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, ""
        if drag == "new" and abs(event.position().x() - self._x(self._anchor)) <= 3:
            self._set_selection(None)
            self.seek.emit(self._clip(self._anchor))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._selectable:
            self.select(0.0, self.seconds)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and turn.y():
            self.zoom(1.25 ** (turn.y() / 120), self._seconds(event.position().x()))
        elif not self._fitted and (turn.x() or turn.y()):
            self.pan(-(turn.x() or turn.y()) / 1200 * (self._end - self._start))
        else:
            event.ignore()
            return
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = (self._end - self._start) / 50
        at = self._playhead or 0.0
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = step if key == Qt.Key.Key_Right else -step
            if extend and self._selectable:
                self._extend(way)
            else:
                self.seek.emit(self._clip(at + way))
        elif key == Qt.Key.Key_Home:
            self.seek.emit(0.0)
        elif key == Qt.Key.Key_End:
            self.seek.emit(self.seconds)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_BracketLeft and self._selectable:
            self.select(at, self._selection[1] if self._selection else self.seconds)
        elif key == Qt.Key.Key_BracketRight and self._selectable:
            self.select(self._selection[0] if self._selection else 0.0, at)
        elif key == Qt.Key.Key_Backspace and self._selection is not None:
            self._set_selection(None)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._describe()
        super().focusInEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    # --- details

    def _extend(self, way: float) -> None:
        at = self._clip(self._playhead or 0.0)
        start, end = self._selection or (at, at)
        self.select(start, end + way)

    def _whole(self) -> float:
        seconds = self.seconds
        if self._growing or not seconds:
            span = GROWING_SPAN
            while span < seconds:
                span *= 1.5
            return span
        return seconds

    def _follow(self, seconds: float) -> None:
        if seconds > self._end or seconds < self._start:
            span = self._end - self._start
            self._move_view(seconds - span * 0.1, span)

    def _move_view(self, start: float, span: float) -> None:
        start = max(0.0, min(start, self._whole() - span))
        self._set_view(start, start + span)

    def _set_view(self, start: float, end: float) -> None:
        if (start, end) != (self._start, self._end):
            self._start, self._end = start, end
            self._redraw()
            self.view_changed.emit(start, end)

    def _set_selection(self, selection: tuple[float, float] | None) -> None:
        if selection != self._selection:
            self._selection = selection
            self._describe()
            self.update()
            self.selection_changed.emit(*(selection or (0.0, 0.0)))

    def _edge_at(self, x: float) -> str:
        if self._selection is None:
            return ""
        for edge, seconds in zip(("start", "end"), self._selection, strict=True):
            if abs(x - self._x(seconds)) <= GRIP:
                return edge
        return ""

    def _x(self, seconds: float) -> float:
        return (seconds - self._start) / (self._end - self._start) * self.width()

    def _seconds(self, x: float) -> float:
        return self._start + x / max(1, self.width()) * (self._end - self._start)

    def _clip(self, seconds: float) -> float:
        return min(self.seconds, max(0.0, seconds))

    def _redraw(self) -> None:
        self._layers = None
        self.update()

    def _describe(self) -> None:
        if not self.seconds:
            words = self._prompt or tr("No sound yet.")
        elif self._selection is None:
            words = tr("{seconds} seconds of sound.", seconds=number(self.seconds, 1))
        else:
            words = tr(
                "{seconds} seconds of sound, selected from {start} to {end}.",
                seconds=number(self.seconds, 1),
                start=number(self._selection[0], 2),
                end=number(self._selection[1], 2),
            )
        self.setAccessibleDescription(words)
