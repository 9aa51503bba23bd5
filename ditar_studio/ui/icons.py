"""The studio's own stroke icons, tinted with the theme's colours."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ditar_studio.assets import asset
from ditar_studio.ui import theme

_SIZES = (16, 20, 24, 32)


class _HasIcon(Protocol):
    def setIcon(self, icon: QIcon) -> None: ...


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return asset("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """Icon `name` in the named theme colour, `size` device-independent pixels wide.

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


def icon(name: str, colour: str = "muted", on_colour: str = "accent_text") -> QIcon:
    """A QIcon of `name`, sharp at 100 % to 200 % scaling.

    Args:
        name: a file of resources/icons without its suffix.
        colour: the theme colour it has normally.
        on_colour: the theme colour it has while its button is checked.
    """
    result = QIcon()
    for mode, off, on in (
        (QIcon.Mode.Normal, colour, on_colour),
        (QIcon.Mode.Active, colour, on_colour),
        (QIcon.Mode.Disabled, "border_strong", "border_strong"),
    ):
        for size in _SIZES:
            for ratio in (1.0, 2.0):
                result.addPixmap(pixmap(name, off, size, ratio), mode, QIcon.State.Off)
                if on != off:
                    result.addPixmap(pixmap(name, on, size, ratio), mode, QIcon.State.On)
    return result


def app_icon() -> QIcon:
    """The program's own icon, in full colour."""
    return QIcon(str(asset("icons", "app.svg")))
