"""Events from outside the window: signals of the system, and Qt's own messages."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler

from ditar_studio.installation import program

log = logging.getLogger("Qt")

_FAILED = 1
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}


def log_qt_messages() -> None:
    """Have Qt write into the log; where it would abort, say so in a sentence and end."""
    qInstallMessageHandler(_on_message)


def _on_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    log.log(_LEVELS.get(kind, logging.ERROR), "%s", message)
    if kind == QtMsgType.QtFatalMsg:
        sentence = f"Error: The window can't be opened. “{program()} doctor” tells what is missing."
        with contextlib.suppress(OSError):
            print(sentence, file=sys.stderr, flush=True)
        logging.shutdown()
        os._exit(_FAILED)


@contextlib.contextmanager
def closing_on_signals(close: Callable[[], None]) -> Iterator[list[int]]:
    """Close the window in order at Ctrl+C or a request to end, while this lasts; at once if asked
    again.

    Python looks at signals when it runs, so some timer must be running.

    Yields:
        The signals that came.
    """
    came: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        signal.signal(number, signal.SIG_DFL)
        QTimer.singleShot(0, close)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
