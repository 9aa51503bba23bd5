"""Python's cycle collector, held to the GUI thread and to moments when nobody waits.

Left alone it runs on whichever thread happens to allocate. With torch loaded a full collection
takes 0.1 s with the interpreter locked, which is seen and felt while speech is being made; and on
the engine's thread it may destroy windows' objects, which Qt allows on their own thread only.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 250
_YOUNG = 2000
"""So many new objects make a look at the young ones worth while: a millisecond or two."""
_OLD = 40
"""So many looks at the young ones make a look at all of them due."""


class GarbageCollector(QObject):
    """Takes over from the automatic collection until it is closed.

    Args:
        parent: owner of this object.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.busy = False
        self._looks = 0
        self._automatic = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def freeze(self) -> None:
        """Leave everything that is there now out of all collections to come.

        For the moment when the libraries and the model have been loaded: they stay anyway, and to
        go through them is what takes long.
        """
        gc.freeze()

    def set_busy(self, busy: bool) -> None:
        """Look at young objects only, while busy."""
        self.busy = busy

    def close(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        if self._automatic:
            gc.enable()

    def _look(self) -> None:
        if self._looks >= _OLD and not self.busy:
            self._looks = 0
            gc.collect()
        elif gc.get_count()[0] >= _YOUNG:
            self._looks += 1
            gc.collect(1)
