"""The settings dialog's choices and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.features.settings.dialog import Choices
    from ditar_studio.ui.shell.workspace import Workspace


class SettingsCommands:
    """Tells the settings dialog what there is to choose from."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        studio.shell.settings_choices = self._settings_choices

    def _settings_choices(self) -> Choices:
        """What the settings dialog needs to know."""
        from ditar_studio.services.diagnostics import folder_of
        from ditar_studio.ui.features.settings.dialog import Choices

        info = self.studio.engine.info
        model = f"{info.name} {info.version}".strip() if info else tr("No model is loaded.")

        def rescan(then: Callable[[], None]) -> None:
            self.studio.devices.rescan(then)

        return Choices(
            microphones=lambda: [(d.name, d.name) for d in self.studio.devices.inputs],
            loudspeakers=lambda: [(d.name, d.name) for d in self.studio.devices.outputs],
            rescan=rescan,
            library_folder=self.studio.library.root,
            log_folder=folder_of(self.studio.library),
            engine=lambda: tr("{model}, on the processor", model=model),
            models=lambda: [(m.name, str(m.path)) for m in self.studio.models.installed],
            save_bundle=self.studio.shell.save_bundle,
            models_page=self._models_page,
            machine_page=self._machine_page,
        )

    def _machine_page(self) -> QWidget:
        from ditar_studio.ui.features.models.machine_page import MachinePage

        return MachinePage(self.studio.bridge, self.studio.preferences, self.studio.engine.measure)

    def _models_page(self) -> QWidget:
        from ditar_studio.ui.features.models.page import ModelsPage

        engine = self.studio.engine
        page = ModelsPage(
            self.studio.models,
            self.studio.preferences,
            in_memory=lambda: engine.state in (ModelState.READY, ModelState.LOADING),
            unload=engine.unload,
            load=lambda: engine.load(engine.model),
        )
        engine.state_changed.connect(page.fill)
        return page
