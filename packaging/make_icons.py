"""Make the icons that packages want of resources/icons/app.svg: make_icons.py FOLDER

PNGs from 16 to 512 pixels, `ditar-studio.ico` for Windows and `ditar-studio.icns` for macOS.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICNS = {128: b"ic07", 256: b"ic08", 512: b"ic09"}  # those that hold PNG on every macOS
LARGEST_ICO = 256


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images = draw(folder)
    (folder / "ditar-studio.ico").write_bytes(ico(images))
    (folder / "ditar-studio.icns").write_bytes(icns(images))


def draw(folder: Path) -> dict[int, bytes]:
    """Draw the icon by Qt, as ditar-studio-SIZE.png; the bytes of each."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication.instance() or QGuiApplication([])
    renderer = QSvgRenderer(str(ROOT / "resources" / "icons" / "app.svg"))
    images = {}
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        path = folder / f"ditar-studio-{size}.png"
        if not image.save(str(path)):
            sys.exit(f"{path} could not be written.")
        images[size] = path.read_bytes()
    del application
    return images


def ico(images: dict[int, bytes]) -> bytes:
    """Return a Windows icon of PNGs."""
    fitting = {size: data for size, data in images.items() if size <= LARGEST_ICO}
    place = 6 + 16 * len(fitting)
    head, body = struct.pack("<HHH", 0, 1, len(fitting)), b""
    for size, data in fitting.items():
        side = size % 256
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(data), place + len(body))
        body += data
    return head + body


def icns(images: dict[int, bytes]) -> bytes:
    """Return a macOS icon of PNGs."""
    body = b"".join(
        kind + struct.pack(">I", 8 + len(images[size])) + images[size]
        for size, kind in ICNS.items()
    )
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


if __name__ == "__main__":
    main(Path(sys.argv[1]))
