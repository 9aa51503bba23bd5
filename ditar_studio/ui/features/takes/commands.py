"""Takes: what their menu does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from ditar_studio.services.takes import Take
from ditar_studio.ui.features.takes.panel import summary
from ditar_studio.ui.features.takes.view_model import read_take
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison
    from ditar_studio.ui.shell.workspace import Workspace


class TakeCommands:
    """Handles the actions of the takes menu, but for the export."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.takes = studio.takes
        self.toasts = studio.toasts
        handle = studio.actions_.handle
        handle("takes.previous", lambda: self.takes.select_next(-1))
        handle("takes.next", lambda: self.takes.select_next(1))
        handle("takes.play", self.play)
        handle("takes.star", self.star)
        handle("takes.note", self.write_note)
        handle("takes.use", self.use_settings)
        handle("takes.compare", self.compare)
        handle("takes.edit", self.edit)
        handle("takes.join", self.join)
        handle("takes.unedit", self.unedit)
        handle("takes.reveal", self.reveal)
        handle("takes.delete", self.takes.delete)

    def play(self) -> None:
        """Plays the selected take, or pauses it."""
        if self.takes.current is not None:
            self.takes.play_or_pause(self.takes.current.id)

    def star(self) -> None:
        """Stars the selected take, or no longer."""
        if self.takes.current is not None:
            self.takes.toggle_star(self.takes.current.id)

    def use_settings(self) -> None:
        """Takes the parameters over from the selected take."""
        if self.takes.current is not None:
            self.takes.use_settings(self.takes.current.id)
            self.toasts.notify(tr("The parameters are those of the take now."), "success")

    def write_note(self) -> None:
        """Asks for a note to the selected take."""
        take = self.takes.current
        if take is not None:
            dialog = TextDialog(
                tr("Note"), self.takes.title(take), take.note, tr("Save"), may_be_empty=True
            )
            dialog.answered.connect(lambda note: self.takes.set_note(take.id, note))
            self.studio.shell.show_dialog(dialog)

    def edit(self) -> None:
        """Opens the editor of the selected take."""
        studio, take = self.studio, self.takes.current
        if take is not None:
            from ditar_studio.ui.features.takes.edit_dialog import EditTakeDialog

            self.studio.shell.show_dialog(
                EditTakeDialog(
                    self.takes, studio.take_editing, studio.playback, take.id, studio.undo
                )
            )

    def join(self) -> None:
        """Makes one take of those selected, one behind the other."""
        chosen = [self.takes.take(take_id) for take_id in self.takes.selected]
        self.studio.take_editing.join([take for take in chosen if take is not None])

    def unedit(self) -> None:
        """Lets the selected takes be heard as they were made."""
        for take_id in self.takes.selected:
            self.studio.take_editing.set(take_id, None)

    def reveal(self) -> None:
        """Shows the file of the selected take in its folder."""
        take = self.takes.current
        path = self.takes.drag_file(take.id) if take is not None else None
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    def compare(self) -> None:
        """Plays the two selected takes against each other."""
        chosen = [self.takes.take(take_id) for take_id in self.takes.selected]
        pair = [take for take in chosen if take is not None]
        if len(pair) != 2:
            return
        first, second = pair
        snapshot = self.studio.document.snapshot
        speed = snapshot.project.settings.speed if snapshot is not None else 1.0

        def read() -> Comparison:
            from ditar_studio.audio.clips.compare import compare

            one, other = (read_take(take.path, speed, take.edit) for take in pair)
            return compare(one, other)

        self.studio.bridge.background(
            read, done=lambda pair: self._compare(first, second, pair), owner=self.studio
        )

    def _compare(self, first: Take, second: Take, pair: Comparison) -> None:
        from ditar_studio.ui.features.player.compare_dialog import CompareDialog

        names = summary(first), summary(second)
        dialog = CompareDialog(tr("Compare two takes"), names, pair, self.studio.playback)

        def prefer(which: int) -> None:
            better = (first, second)[which]
            if not better.starred:
                self.takes.toggle_star(better.id)
            self.takes.choose(better.id)
            self.toasts.notify(
                tr("Starred, and used for its line: {take}", take=summary(better)), "success"
            )

        dialog.preferred.connect(prefer)
        self.studio.shell.show_dialog(dialog)
