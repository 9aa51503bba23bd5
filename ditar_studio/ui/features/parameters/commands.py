"""The parameters: what their actions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from ditar_studio.ui.features.parameters.view_model import Parameters, Scope
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.features.parameters.panel import ParametersPanel
    from ditar_studio.ui.kit.host import Host


class ParameterCommands:
    """Handles the seed, the defaults, presets, and going to the parameters of a line."""

    def __init__(self, host: Host, parameters: Parameters, panel: ParametersPanel) -> None:
        self._host = host
        self._parameters = parameters
        self._panel = panel
        handle = host.actions.handle
        handle("script.settings", self.show_settings)
        handle("speak.dice", parameters.roll)
        host.actions.handle_switch("speak.pin", parameters.pin)
        handle("speak.defaults", parameters.reset)
        handle("speak.preset", self.save_preset)

    def show_settings(self) -> None:
        """Show the parameters that the selected lines have of their own."""
        self._parameters.choose_scope(Scope.LINE)
        self._host.show_place(Place.PARAMETERS)
        self._panel.temperature.slider.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def save_preset(self) -> None:
        """Ask for a name and keep the parameters under it."""
        dialog = TextDialog(
            tr("Save preset"),
            tr("It keeps temperature, guidance, steps and speed."),
            accept=tr("Save"),
        )
        dialog.answered.connect(self._parameters.save_preset)
        self._host.show_dialog(dialog)
