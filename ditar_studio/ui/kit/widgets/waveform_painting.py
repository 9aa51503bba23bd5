"""The painting of a waveform: ruler, marks, patch grid, selection, playhead and both colours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap, QPolygonF

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.translate import number

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.peaks import Peaks

_RULER = 20
GRID_ROOM = 18
"""Pixels between the lines of the patch grid below which it would only be noise."""


@dataclass(frozen=True)
class Mark:
    """A named moment, e.g. the begin of a line: seconds and a short text."""

    seconds: float
    text: str


def ruler() -> int:
    """Return the height of the line of times above a waveform, in pixels."""
    return theme.current().sized(_RULER)


def tick_step(span: float, width: float, room: float = 64.0) -> float:
    """Return seconds between ruler ticks so that labels have `room` pixels each."""
    least = span * room / max(1.0, width)
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600):
        if step >= least:
            return float(step)
    return 600.0 * math.ceil(least / 600.0)


def clock_text(seconds: float, step: float = 1.0) -> str:
    """Return a time as 1:02 or, on a fine ruler, 1:02.35, and 2.35 within the first minute."""
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    value = round(seconds, digits)
    if digits and value < 60:
        return number(value, digits)
    minutes, rest = divmod(value, 60)
    return f"{int(minutes)}:{'0' if rest < 10 else ''}{number(rest, digits)}"


@dataclass(frozen=True)
class Scene:
    """The content of a waveform's picture.

    Attributes:
        peaks: of the sound.
        start, end: the stretch that is shown, in seconds.
        width, height: of the widget, in its pixels.
        pixel_ratio: the screen's pixels for each of these.
        playhead: the play position in seconds.
        selection: begin and end of the selected stretch in seconds.
        trims: whether what lies outside the selection is dimmed.
        patch_seconds: duration of a patch; 0 for no grid.
        marks: flags on the ruler.
        spectrogram: of the whole sound.
    """

    peaks: Peaks
    start: float
    end: float
    width: int
    height: int
    pixel_ratio: float
    playhead: float | None
    selection: tuple[float, float] | None
    trims: bool
    patch_seconds: float
    marks: tuple[Mark, ...]
    spectrogram: QImage | None

    @property
    def seconds(self) -> float:
        """Duration of the sound."""
        return self.peaks.seconds

    def x(self, seconds: float) -> float:
        """Return where a moment is, in pixels from the left."""
        return (seconds - self.start) / (self.end - self.start) * self.width


def paint_sound(painter: QPainter, scene: Scene, layers: tuple[QPixmap, QPixmap]) -> None:
    """Paint the waveform with what lies over it: ruler, selection and playhead."""
    now = theme.current()
    c = now.colours
    rest, played = layers
    x = 0.0 if scene.playhead is None else scene.x(scene.playhead)
    first, last = 0.0, min(float(scene.width), max(0.0, x))
    if scene.playhead is None and scene.trims and scene.selection is not None:
        first, last = (scene.x(seconds) for seconds in scene.selection)
    painter.drawPixmap(0, 0, rest)
    if last > first:
        painter.save()
        painter.setClipRect(QRectF(first, 0, last - first, scene.height))
        painter.drawPixmap(0, 0, played)
        painter.restore()
    _paint_ruler(painter, scene)
    if scene.selection is not None:
        _paint_selection(painter, scene, *scene.selection)
    if scene.playhead is not None and 0 <= x <= scene.width:
        painter.setPen(QPen(c.color("text"), 1.5))
        painter.drawLine(QPointF(x, 2), QPointF(x, scene.height - 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("text"))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 1), QPointF(x + 5, 1), QPointF(x, 8)]))


def _paint_ruler(painter: QPainter, scene: Scene) -> None:
    now = theme.current()
    c = now.colours
    step = tick_step(scene.end - scene.start, scene.width, now.sized(64))
    painter.setFont(now.font("caption"))
    tick = math.ceil(scene.start / step)
    while tick * step <= scene.end:
        x = scene.x(tick * step)
        painter.setPen(c.color("border_strong", 0.6))
        painter.drawLine(QPointF(x, ruler() - 4), QPointF(x, ruler()))
        if x < scene.width - 40:
            painter.setPen(c.color("faint"))
            painter.drawText(QPointF(x + 4, ruler() - 6), clock_text(tick * step, step))
        tick += 1
    painter.setFont(now.font("caption", QFont.Weight.DemiBold))
    for mark in scene.marks:
        x = scene.x(mark.seconds)
        if not -20 <= x <= scene.width:
            continue
        width = painter.fontMetrics().horizontalAdvance(mark.text) + 10
        painter.setPen(QPen(c.color("accent", 0.55), 1))
        painter.drawLine(QPointF(x, ruler()), QPointF(x, scene.height - 4))
        high = now.sized(16)
        flag = QRectF(x, scene.height - high - 4, width, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("accent_soft"))
        painter.drawRoundedRect(flag, 3, 3)
        painter.setPen(c.color("accent_text"))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, mark.text)


def _paint_selection(painter: QPainter, scene: Scene, start: float, end: float) -> None:
    c = theme.current().colours
    left, right = scene.x(start), scene.x(end)
    body = QRectF(left, ruler(), right - left, scene.height - ruler())
    painter.setPen(Qt.PenStyle.NoPen)
    if scene.trims:
        painter.setBrush(c.color("sunken", 0.72))
        painter.drawRect(QRectF(0, ruler(), max(0.0, left), body.height()))
        painter.drawRect(QRectF(right, ruler(), max(0.0, scene.width - right), body.height()))
    painter.setBrush(c.color("selection", 0.08 if scene.trims else 0.16))
    painter.drawRect(body)
    for x in (left, right):
        painter.setPen(QPen(c.color("accent"), 2))
        painter.drawLine(QPointF(x, ruler()), QPointF(x, scene.height))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("accent"))
        grip = QRectF(x - 4, scene.height / 2 + ruler() / 2 - 12, 8, 24)
        painter.drawRoundedRect(grip, 4, 4)
        painter.setPen(QPen(c.color("on_accent"), 1))
        painter.drawLine(QPointF(x, grip.center().y() - 5), QPointF(x, grip.center().y() + 5))


def draw_layers(scene: Scene) -> tuple[QPixmap, QPixmap]:
    """Return the waveform in its two colours, with grid and spectrogram, as large as the widget."""
    c = theme.current().colours
    ratio = scene.pixel_ratio
    columns = max(1, round(scene.width * ratio))
    peaks = scene.peaks.query(scene.start, scene.end, columns)
    middle = ruler() + (scene.height - ruler()) / 2
    reach = (scene.height - ruler()) / 2 - 6
    least = 0.6 / ratio
    tops = [
        QPointF(i / ratio, middle - max(least, high * reach))
        for i, high in enumerate(peaks[:, 1].tolist())
    ]
    bottoms = [
        QPointF(i / ratio, middle + max(least, -low * reach))
        for i, low in enumerate(peaks[:, 0].tolist())
    ]
    last = min(len(tops), max(1, math.ceil(scene.x(scene.seconds) * ratio)))
    outline = QPolygonF(tops[:last] + bottoms[:last][::-1])
    layers = []
    for name in ("wave", "wave_played"):
        layer = QPixmap(QSize(columns, max(1, round(scene.height * ratio))))
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        alpha = 1.0
        if scene.spectrogram is not None:
            _paint_spectrogram(painter, scene, scene.spectrogram)
            alpha = 0.55
        _paint_grid(painter, scene, c.color("border_strong", 0.35))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color(name, alpha))
        painter.drawPolygon(outline)
        painter.end()
        layers.append(layer)
    return layers[0], layers[1]


def _paint_grid(painter: QPainter, scene: Scene, colour: QColor) -> None:
    if not scene.patch_seconds:
        return
    spacing = scene.patch_seconds / (scene.end - scene.start) * scene.width
    if spacing < GRID_ROOM:
        return
    painter.setPen(QPen(colour, 1))
    number = math.ceil(scene.start / scene.patch_seconds)
    while number * scene.patch_seconds <= min(scene.end, scene.seconds):
        x = scene.x(number * scene.patch_seconds)
        painter.drawLine(QPointF(x, ruler()), QPointF(x, scene.height))
        number += 1


def _paint_spectrogram(painter: QPainter, scene: Scene, image: QImage) -> None:
    body = QRectF(
        scene.x(0.0), ruler(), scene.x(scene.seconds) - scene.x(0.0), scene.height - ruler()
    )
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(body, image)
