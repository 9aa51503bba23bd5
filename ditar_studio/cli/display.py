"""A check whether a window could be shown."""

from __future__ import annotations

import os
import re
import socket
import sys


def display_is_there() -> bool:
    """Return whether there is a display that answers; on Linux without a library that may abort."""
    if sys.platform != "linux":
        return True
    wayland = os.environ.get("WAYLAND_DISPLAY")
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if wayland and _answers(os.path.join(folder, wayland)):
        return True
    match = re.fullmatch(r"(?P<host>[^:/]*):(?P<number>\d+)(\.\d+)?", os.environ.get("DISPLAY", ""))
    if match is None:
        return False
    if match["host"] not in ("", "unix"):
        return True
    path = f"/tmp/.X11-unix/X{match['number']}"
    return _answers(path) or _answers("\0" + path)


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2.0)
        try:
            client.connect(address)
        except OSError:
            return False
        return True


if __name__ == "__main__":
    sys.exit(0 if display_is_there() else 1)
