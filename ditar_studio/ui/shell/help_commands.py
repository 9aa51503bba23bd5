"""Help in the program: the guide in context, what each control is, a tour of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QWhatsThis

from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.tour import Stop, Tour
from ditar_studio.ui.shell.help_dialog import (
    TOPIC_OF,
    HelpDialog,
    WhatsThis,
    description_of,
    place_of,
)

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class HelpCommands:
    """Handles the actions of the help menu that explain the window."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self._tour: Tour | None = None
        self._whats_this = WhatsThis(studio)
        handle = studio.actions_.handle
        handle("help.guide", self.show_guide)
        handle("help.what", self.explain_next_click)
        handle("help.tour", self.show_tour)
        studio.shell.tour_wanted.connect(self.show_tour)

    def show_guide(self) -> None:
        """Open the guide where the control with the keyboard focus is explained."""
        focus = QApplication.focusWidget() or self.studio.window.focusWidget()
        window = self.studio.window
        place = place_of(focus, {place: window.region(place) for place in Place})
        title = TOPIC_OF[place] if place is not None else ""
        dialog = HelpDialog(description_of(focus), title, window)
        dialog.setModal(False)
        dialog.show()

    def explain_next_click(self) -> None:
        """Explain what the next click is on."""
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self._whats_this)
        QWhatsThis.enterWhatsThisMode()

    def show_tour(self) -> None:
        """Show the parts of the window one after the other."""
        if self._tour is not None:
            return
        window = self.studio.window
        window.set_side("left", True)
        window.set_side("right", True)
        region = window.region
        self._tour = Tour(
            window,
            (
                Stop(
                    region(Place.SCRIPT),
                    tr("Type what is to be said"),
                    tr("Ctrl+Enter speaks the line, and you hear it while it is made."),
                ),
                Stop(
                    region(Place.PLAYER),
                    tr("Listen"),
                    tr("The sound is drawn as it comes; a click jumps there."),
                ),
                Stop(
                    region(Place.PARAMETERS),
                    tr("Shape it"),
                    tr("Low temperature is steady, high is lively. The rest can wait."),
                ),
                Stop(
                    region(Place.TAKES),
                    tr("Keep the best"),
                    tr("Each reading is a take. Star it, compare two, drag one out."),
                ),
                Stop(
                    window.left,
                    tr("Choose or clone a voice"),
                    tr("Record six seconds, or drop a sound file here."),
                ),
                Stop(
                    window.header,
                    tr("Find everything"),
                    tr("Ctrl+K searches all actions, F1 explains where you are."),
                ),
            ),
        )
        self._tour.ended.connect(self._ended)

    def _ended(self) -> None:
        self._tour = None
