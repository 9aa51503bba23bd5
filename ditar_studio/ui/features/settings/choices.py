"""The choices and pages of the settings dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.services.library import Library
    from ditar_studio.ui.features.models.view_model import ModelManager
    from ditar_studio.ui.features.player.devices import Devices
    from ditar_studio.ui.features.settings.dialog import Choices
    from ditar_studio.ui.features.speaking.engine import Engine
    from ditar_studio.ui.kit.host import Host


class SettingsChoices:
    """Gathers what there is to choose from.

    Args:
        host: the window around it.
        library: the open library.
        engine: has the model.
        devices: the sound devices.
        models: those on disk.
        save_bundle: saves what a report of a failure needs.
    """

    def __init__(
        self,
        host: Host,
        library: Library,
        engine: Engine,
        devices: Devices,
        models: ModelManager,
        save_bundle: Callable[[], None],
    ) -> None:
        self._host = host
        self._library = library
        self._engine = engine
        self._devices = devices
        self._models = models
        self._save_bundle = save_bundle

    def choices(self) -> Choices:
        """Return the choices as they are now."""
        from ditar_studio.services.diagnostics import folder_of
        from ditar_studio.ui.features.settings.dialog import Choices

        info = self._engine.info
        model = f"{tr(info.name)} {info.version}".strip() if info else tr("No model is loaded.")

        def rescan(then: Callable[[], None]) -> None:
            self._devices.rescan(then)

        return Choices(
            microphones=lambda: [(d.name, d.name) for d in self._devices.inputs],
            loudspeakers=lambda: [(d.name, d.name) for d in self._devices.outputs],
            rescan=rescan,
            library_folder=self._library.root,
            log_folder=folder_of(self._library),
            engine=lambda: tr("{model}, on the processor", model=model),
            models=lambda: [(m.name, str(m.path)) for m in self._models.installed],
            save_bundle=self._save_bundle,
            models_page=self._models_page,
            machine_page=self._machine_page,
        )

    def _machine_page(self) -> QWidget:
        from ditar_studio.ui.features.models.machine_page import MachinePage

        return MachinePage(self._host.bridge, self._host.preferences, self._engine.measure)

    def _models_page(self) -> QWidget:
        from ditar_studio.ui.features.models.page import ModelsPage

        engine = self._engine
        page = ModelsPage(
            self._models,
            self._host.preferences,
            in_memory=lambda: engine.state in (ModelState.READY, ModelState.LOADING),
            unload=engine.unload,
            load=lambda: engine.load(engine.model),
        )
        engine.state_changed.connect(page.fill)
        return page
