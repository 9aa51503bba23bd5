"""The window and what belongs to all of it, as the features in it know them."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QDialog, QWidget

from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.messages import Toasts


class Host(Protocol):
    """The protocol of the window for commands; `shell.shell.Shell` has it.

    Attributes:
        window: the parent of dialogs that the system shows.
        actions: all actions, to be handled.
        bridge: to other threads.
        preferences: the user's settings.
        toasts: show passing messages.
    """

    @property
    def window(self) -> QWidget: ...
    @property
    def actions(self) -> Actions: ...
    @property
    def bridge(self) -> Bridge: ...
    @property
    def preferences(self) -> PreferenceFile: ...
    @property
    def toasts(self) -> Toasts: ...

    def show_dialog(self, dialog: QDialog) -> None:
        """Open a dialog over the window without blocking it."""

    def show_place(self, place: Place) -> None:
        """Bring a region into view and move the keyboard focus into it."""

    def show_failure(self, message: str, remedy: str = "") -> None:
        """Say that something went wrong, and what to do about it."""

    def add_message(self, message: QWidget) -> None:
        """Show something above the script until it is dealt with."""
