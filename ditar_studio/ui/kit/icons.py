"""The studio's own stroke icons, tinted with the theme's colours."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ditar_studio.assets import asset
from ditar_studio.ui.kit import theme


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return asset("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """Return icon `name` in the named theme colour, `size` device-independent pixels wide.

    Args:
        name: a file of resources/icons without its suffix.
        colour: a field of theme.Colours.
        size: width and height in device-independent pixels.
        ratio: device pixels per device-independent pixel.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    return _render(name, getattr(theme.current().colours, colour), size, ratio)


@lru_cache(maxsize=1024)
def _render(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    svg = _source(name).replace("currentColor", QColor(colour).name())
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    image = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


class _ThemeIcon(QIconEngine):
    """Draws a stroke icon when asked, in the colours of the theme that is in force then.

    In a rectangle that is wider than high it stands at the left: the rest parts it from a text.
    """

    def __init__(self, name: str, colour: str, on_colour: str) -> None:
        super().__init__()
        self._name = name
        self._colour = colour
        self._on_colour = on_colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        if rect.isEmpty():
            return
        device = painter.device()
        ratio = device.devicePixelRatio() if device else 1.0
        size = min(rect.width(), rect.height())
        image = pixmap(self._name, self._choose(mode, state), size, ratio)
        painter.drawPixmap(rect.x(), rect.y() + (rect.height() - size) // 2, image)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # some platforms ask for that
            return QPixmap()
        if size.width() == size.height():
            return pixmap(self._name, self._choose(mode, state), size.width())
        canvas = QPixmap(size)
        canvas.fill(Qt.GlobalColor.transparent)
        painter = QPainter(canvas)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return canvas

    def clone(self) -> QIconEngine:
        return _ThemeIcon(self._name, self._colour, self._on_colour)

    def _choose(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode == QIcon.Mode.Disabled:
            return "border_strong"
        return self._on_colour if state == QIcon.State.On else self._colour


def icon(name: str, colour: str = "muted", on_colour: str = "accent_text") -> QIcon:
    """Return a QIcon of `name` that follows the theme and is sharp at every scaling.

    Args:
        name: a file of resources/icons without its suffix.
        colour: the theme colour it has normally.
        on_colour: the theme colour it has while its button is checked.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    _source(name)
    return QIcon(_ThemeIcon(name, colour, on_colour))


def app_icon() -> QIcon:
    """Return the program's own icon, in full colour."""
    return QIcon(str(asset("icons", "app.svg")))
