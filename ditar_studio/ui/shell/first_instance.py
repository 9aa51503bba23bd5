"""One studio a library: a second start brings the window of the first one to the front."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_WAIT_MS = 1500
_RAISE = b"raise\n"


def address_of(folder: Path) -> str:
    """Return the name by which the studio of a library is reached, on this machine and by this
    user.
    """
    digest = hashlib.sha256(str(folder.expanduser().absolute()).encode()).hexdigest()[:16]
    return f"ditar-studio-{digest}"


def raise_first(address: str) -> bool:
    """Ask the studio that is open already to come to the front; False if there is none."""
    socket = QLocalSocket()
    socket.connectToServer(address)
    if not socket.waitForConnected(_WAIT_MS):
        return False
    socket.write(_RAISE)
    socket.flush()
    answered = socket.waitForReadyRead(_WAIT_MS)
    socket.disconnectFromServer()
    return bool(answered)


class FirstInstance(QObject):
    """Hears of further starts; only programs of the same user reach it.

    Args:
        address: from `address_of`.
        come: brings the window to the front.
    """

    def __init__(self, address: str, come: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._come = come
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        if not self._server.listen(address):
            QLocalServer.removeServer(address)  # what a crash left
            if not self._server.listen(address):
                log.warning("further starts aren't noticed: %s", self._server.errorString())

    def close(self) -> None:
        """Hear of nothing more."""
        self._server.close()

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.write(_RAISE)
            socket.flush()
            self._come()
