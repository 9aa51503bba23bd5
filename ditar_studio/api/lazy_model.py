"""A model that is loaded when it is first asked for, for servers that may never be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ditar_studio.python_api.model import Model


class LazyModel:
    """A model that is loaded when it is first asked for. Any thread may ask."""

    def __init__(self, load: Callable[[], Model]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._model: Model | None = None

    def get(self) -> Model:
        """Return the model.

        Raises:
            StudioError: it can't be loaded.
        """
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model
