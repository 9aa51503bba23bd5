"""A log file that is nobody's trouble: what can't be written is done without."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers


class QuietLog(logging.handlers.RotatingFileHandler):
    """A rotating log that raises and prints nothing where the disk is full or gone."""

    def close(self) -> None:
        """Close it, though the disk may have no room for its last lines."""
        with contextlib.suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """Go on without a line that could not be written."""
