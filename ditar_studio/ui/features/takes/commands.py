"""Takes: what their menu does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from ditar_studio.errors import StudioError
from ditar_studio.services.takes import Take
from ditar_studio.ui.features.takes.panel import summary
from ditar_studio.ui.features.takes.view_model import Takes, read_take
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison
    from ditar_studio.ui.features.player.playback import Playback
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.features.takes.editing import TakeEditing
    from ditar_studio.ui.kit.host import Host


class TakeCommands:
    """Handles the actions of the takes menu, but for the export.

    Args:
        host: the window around it.
        document: the open project.
        takes: the takes.
        editing: changes how they are heard.
        playback: plays the takes.
        undo: takes the last change back.
    """

    def __init__(
        self,
        host: Host,
        document: Document,
        takes: Takes,
        editing: TakeEditing,
        playback: Playback,
        undo: Callable[[], None],
    ) -> None:
        self._host = host
        self._document = document
        self._takes = takes
        self._editing = editing
        self._playback = playback
        self._undo = undo
        self._toasts = host.toasts
        handle = host.actions.handle
        handle("takes.previous", lambda: self._takes.select_next(-1))
        handle("takes.next", lambda: self._takes.select_next(1))
        handle("takes.play", self.play)
        handle("takes.star", self.star)
        handle("takes.note", self.write_note)
        handle("takes.use", self.use_settings)
        handle("takes.compare", self.compare)
        handle("takes.edit", self.edit)
        handle("takes.join", self.join)
        handle("takes.unedit", self.unedit)
        handle("takes.reveal", self.reveal)
        handle("takes.delete", self._takes.delete)

    def play(self) -> None:
        """Play the selected take, or pause it."""
        if self._takes.current is not None:
            self._takes.play_or_pause(self._takes.current.id)

    def star(self) -> None:
        """Star the selected take, or no longer."""
        if self._takes.current is not None:
            self._takes.toggle_star(self._takes.current.id)

    def use_settings(self) -> None:
        """Take the parameters over from the selected take."""
        if self._takes.current is not None:
            self._takes.use_settings(self._takes.current.id)
            self._toasts.notify(tr("The parameters are those of the take now."), "success")

    def write_note(self) -> None:
        """Ask for a note to the selected take."""
        take = self._takes.current
        if take is not None:
            dialog = TextDialog(
                tr("Note"), self._takes.title(take), take.note, tr("Save"), may_be_empty=True
            )
            dialog.answered.connect(lambda note: self._takes.set_note(take.id, note))
            self._host.show_dialog(dialog)

    def edit(self) -> None:
        """Open the editor of the selected take."""
        take = self._takes.current
        if take is not None:
            from ditar_studio.ui.features.takes.edit_dialog import EditTakeDialog

            self._host.show_dialog(
                EditTakeDialog(self._takes, self._editing, self._playback, take.id, self._undo)
            )

    def join(self) -> None:
        """Make one take of those selected, one behind the other."""
        chosen = [self._takes.take(take_id) for take_id in self._takes.selected]
        try:
            self._editing.join([take for take in chosen if take is not None])
        except StudioError as error:
            self._host.show_failure(error.message, error.remedy)

    def unedit(self) -> None:
        """Let the selected takes be heard as they were made."""
        self._editing.unedit(self._takes.selected)

    def reveal(self) -> None:
        """Show the file of the selected take in its folder."""
        take = self._takes.current
        path = self._takes.drag_file(take.id) if take is not None else None
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    def compare(self) -> None:
        """Play the two selected takes against each other."""
        chosen = [self._takes.take(take_id) for take_id in self._takes.selected]
        pair = [take for take in chosen if take is not None]
        if len(pair) != 2:
            return
        first, second = pair
        snapshot = self._document.snapshot
        speed = snapshot.project.settings.speed if snapshot is not None else 1.0

        def read() -> Comparison:
            from ditar_studio.audio.clips.compare import compare

            one, other = (read_take(take.path, speed, take.edit) for take in pair)
            return compare(one, other)

        self._host.bridge.background(
            read, done=lambda pair: self._compare(first, second, pair), owner=self._document
        )

    def _compare(self, first: Take, second: Take, pair: Comparison) -> None:
        from ditar_studio.ui.features.player.compare_dialog import CompareDialog

        names = summary(first), summary(second)
        dialog = CompareDialog(tr("Compare two takes"), names, pair, self._playback)

        def prefer(which: int) -> None:
            better = (first, second)[which]
            if not better.starred:
                self._takes.toggle_star(better.id)
            self._takes.choose(better.id)
            self._toasts.notify(
                tr("Starred, and used for its line: {take}", take=summary(better)), "success"
            )

        dialog.preferred.connect(prefer)
        self._host.show_dialog(dialog)
