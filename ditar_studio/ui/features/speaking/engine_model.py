"""The model on the engine's thread: loading it, letting go of it, and having voices ready."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import QObject, Signal

from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.kit.translate import mark

if TYPE_CHECKING:
    from ditar_studio.services.loaded_model import ModelInfo, Precision, SpeechModel, VoiceCache
    from ditar_studio.services.speech_events import Failed
    from ditar_studio.services.worker import Job

BUILT_IN = mark("DiTAR Studio built-in voice")
"""The name of the model that comes with the program; others are not translated."""


class Registry(Protocol):
    """The protocol of a source of models; `engine.load.ModelRegistry` has it."""

    def get(
        self, name_or_path: str | None = None, precision: Precision | None = None
    ) -> tuple[SpeechModel, VoiceCache]: ...
    def unload(self) -> None: ...


class ModelState(Enum):
    """The state of the model to speak with."""

    NONE = auto()
    LOADING = auto()
    READY = auto()
    FAILED = auto()


@dataclass(frozen=True)
class ModelLoaded:
    """The engine has the model in memory."""

    info: ModelInfo


class EngineModel(QObject):
    """Loads the model; `engine.Engine` speaks with it.

    Signals:
        state_changed: a `ModelState`; `info` and `failure` say more.
    """

    state_changed = Signal(object)

    def __init__(
        self,
        document: Document,
        make_registry: Callable[[], Registry],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._make_registry = make_registry
        self._registry: Registry | None = None
        self._threads = 0
        self._precision = ""
        self._preparing: Job | None = None
        self._prepared: frozenset[str] = frozenset()
        self.state = ModelState.NONE
        self.info: ModelInfo | None = None
        self.failure = ("", "")
        self.model = "builtin"
        document.loaded.connect(lambda _snapshot: self._get_ready())

    @property
    def speaking(self) -> bool:
        """Whether something is being spoken; then the model stays as it is."""
        return False

    def load(self, model: str) -> None:
        """Load a model by name or folder, on the engine's thread."""
        self.model = model
        self._prepared = frozenset()
        self._set_state(ModelState.LOADING)

        def work(_cancel: threading.Event) -> Iterator[ModelLoaded]:
            # Imported here, so that the window never waits for an import.
            importlib.import_module("ditar_studio.services.loaded_model").preload_torch()
            importlib.import_module("ditar_studio.services.render")
            if self._registry is None:
                self._registry = self._make_registry()
            yield ModelLoaded(self._get()[0].info)
            if self._threads:
                self._set_threads(_cancel)

        self._document.bridge.generate(work, self._on_loading, owner=self)

    def in_memory(self) -> tuple[SpeechModel, VoiceCache]:
        """Return the model and the voices that it has encoded; on the engine's thread, once it is
        READY.

        Raises:
            StudioError: the model had been unloaded and can't be loaded again.
        """
        return self._get()

    def unload(self) -> None:
        """Let go of the model and its memory, unless it is speaking."""
        if self.speaking or self.state is not ModelState.READY:
            return
        self._prepared = frozenset()
        self.info = None
        self._set_state(ModelState.NONE)

        def work(_cancel: threading.Event) -> Iterator[ModelLoaded]:
            if self._registry is not None:
                self._registry.unload()
            return iter(())

        self._document.bridge.generate(work, lambda _event: None, owner=self)

    def _on_loading(self, event: ModelLoaded | Failed) -> None:
        if isinstance(event, ModelLoaded):
            self.info = event.info
            self._set_state(ModelState.READY)
            document = self._document
            if document.snapshot is not None:
                self.note_model()
            self._get_ready()
        else:
            self.info = None
            self.failure = (event.message, event.remedy)
            self._set_state(ModelState.FAILED)

    def _get_ready(self) -> None:
        """Have the engine encode the voices of the script, where it has nothing else to do."""
        snapshot = self._document.snapshot
        if snapshot is None or self.speaking or self.state is not ModelState.READY:
            return
        used = snapshot.voices_used | {snapshot.project.settings.voice_id}
        wanted = frozenset(voice.hash for voice in snapshot.voices if voice.id in used)
        if wanted <= self._prepared:
            return
        self._prepared |= wanted
        library, project_id = self._document.library, snapshot.project.id

        def work(cancel: threading.Event) -> Iterator[ModelLoaded]:
            from ditar_studio.services.render import get_ready

            model, voices = self.in_memory()
            if not cancel.is_set():
                get_ready(library, model, project_id, voices, cancel)
            return iter(())

        self._preparing = self._document.bridge.generate(work, lambda _event: None, owner=self)

    def note_model(self) -> None:
        """Note in the open project which weights speak now; takes of others become stale."""
        snapshot = self._document.snapshot
        if snapshot is None or self.info is None:
            return
        if snapshot.project.model_hash != self.info.weights_hash:
            self._document.submit(
                self._document.library.projects.set_model_hash,
                snapshot.project.id,
                self.info.weights_hash,
            )

    def _set_state(self, state: ModelState) -> None:
        self.state = state
        self.state_changed.emit(state)

    def set_compute(self, threads: int, precision: str) -> None:
        """Have models take so many threads, and VoxCPM's numbers a precision; 0, "": the best."""
        if (threads, precision) == (self._threads, self._precision):
            return
        reload = precision != self._precision and self.model != "builtin"
        self._threads, self._precision = threads, precision
        if self.state is ModelState.READY and not self.speaking:
            if reload:
                self.load(self.model)
            else:
                self._document.bridge.generate(self._set_threads, lambda _e: None, owner=self)

    def _set_threads(self, _cancel: threading.Event) -> Iterator[None]:
        """Give torch its threads, on the engine's thread."""
        from ditar_studio.services.machine import default_threads, use_threads

        parameters = self.info.parameters if self.info is not None else 0
        use_threads(self._threads or default_threads(parameters))
        return iter(())

    def _get(self) -> tuple[SpeechModel, VoiceCache]:
        assert self._registry is not None
        if self._precision and self.model != "builtin":
            return self._registry.get(self.model, cast("Precision", self._precision))
        return self._registry.get(self.model)
