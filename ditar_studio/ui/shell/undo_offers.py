"""Messages with an Undo of their own: of whatever was deleted, wherever, and of opened recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.kit.translate import counted, tr

if TYPE_CHECKING:
    from ditar_studio.services.history import ChangeSet
    from ditar_studio.ui.kit.widgets.messages import Toasts
    from ditar_studio.ui.shell.workspace import Workspace


class UndoOffers:
    """Listens to what the library changes, and offers to take just that back."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self._step = 0
        self._shown: tuple[Toasts, int] | None = None
        studio.bridge.changed.connect(self._on_changes)
        studio.maker.discarded.connect(self._on_discarded)
        studio.parameters.preset_deleted.connect(
            lambda name: self._offer_preset(tr("“{name}” is deleted.", name=name))
        )
        studio.parameters.preset_replaced.connect(
            lambda name: self._offer_preset(tr("“{name}” is replaced.", name=name))
        )

    def _on_changes(self, changes: ChangeSet) -> None:
        snapshot = self.studio.document.snapshot  # as it was before
        words = message_of(changes, snapshot) if changes.step and snapshot is not None else ""
        if words:
            self._step = changes.step
            modal = QApplication.activeModalWidget()
            toasts = modal.toasts if isinstance(modal, SamplesDialog) else self.studio.toasts
            revert = self.studio.document.revert
            self._shown = toasts, toasts.undoable(words, lambda: revert(changes.step))
        elif changes.undone == self._step and self._shown is not None:
            toasts, number = self._shown
            self._shown = None
            toasts.withdraw(number)

    def _on_discarded(self) -> None:
        self.studio.toasts.undoable(tr("Reference discarded."), self.studio.maker.bring_back)

    def _offer_preset(self, words: str) -> None:
        self.studio.toasts.undoable(words, self.studio.parameters.restore_preset)


def message_of(changes: ChangeSet, before: Snapshot) -> str:
    """Return the message for a change; empty if it deletes nothing that could be missed."""
    match changes.undo:
        case "Delete take" | "Delete takes":
            return counted("Take deleted.", "{count} takes deleted.", len(changes.takes))
        case "Delete line" | "Delete lines":
            gone = [line for line in before.lines if line.id in changes.lines]
            count = sum(bool(line.text.strip() or line.take_id) for line in gone)
            return counted("Line deleted.", "{count} lines deleted.", count) if count else ""
        case "Delete voice":
            names = [voice.name for voice in before.voices if voice.id in changes.voices]
            return _voice_deleted(changes, before, ", ".join(names))
        case "Make voice instant":
            return tr("The instant voice speaks again.")
        case "Delete project":
            return tr("“{name}” is deleted.", name=before.project.name)
        case "Delete sample":
            return tr("Sample deleted.")
        case "Delete recording":
            return tr("Recording deleted.")
        case "Open recipe":
            return counted(
                "{count} line is restored in a new project.",
                "{count} lines are restored in a new project.",
                len(changes.lines),
            )
        case "Restore version":
            return tr("The version is restored.")
        case "Discard recovered audio":
            return tr("Recovered sound deleted.")
        case _:
            return ""


def _voice_deleted(changes: ChangeSet, before: Snapshot, name: str) -> str:
    """Say, too, what of the project spoke in the voice."""
    if before.project.settings.voice_id in changes.voices:
        return tr("“{name}” is deleted; the project has no voice now.", name=name)
    silent = sum(line.voice_id in changes.voices for line in before.lines)
    if not silent:
        return tr("“{name}” is deleted.", name=name)
    return counted(
        "“{name}” is deleted; {count} line has no voice now.",
        "“{name}” is deleted; {count} lines have no voice now.",
        silent,
        name=name,
    )
