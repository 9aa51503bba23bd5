"""The takes as they are listed: of the selected line or of all, with what is done to them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.services.generation_settings import as_values
from ditar_studio.services.takes import Take
from ditar_studio.text.markup import plain
from ditar_studio.ui.features.parameters.view_model import Parameters
from ditar_studio.ui.features.player.playback import Playback, PlayingWord, Words
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.services.takes import TakeEdit


_FILES_MS = 300
"""Files for dragging out are made so long after the last change."""


@dataclass(frozen=True)
class _FileKind:
    """Name of the project, number of the line in it (0: none), speed, whether watermarked, edit."""

    project: str
    number: int
    speed: float
    watermark: bool
    edit: TakeEdit | None


class Takes(QObject):
    """The takes that are shown and those that are selected.

    Args:
        drag_folder: where the files for dragging out are kept.
        watermark: tells whether they get the watermark.

    Signals:
        changed: the list or the takes in it changed.
        selection_changed: other takes are selected.
    """

    changed = Signal()
    selection_changed = Signal()

    def __init__(
        self,
        document: Document,
        script: Script,
        playback: Playback,
        parameters: Parameters,
        drag_folder: Path,
        watermark: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.script = script
        self.playback = playback
        self.parameters = parameters
        self.of_all = False
        self.selected: tuple[str, ...] = ()
        self._folder = drag_folder
        self._watermark = watermark
        self._files: dict[str, tuple[_FileKind, Path]] = {}
        self._asked: dict[str, _FileKind] = {}
        self._closed = False
        self._counter = itertools.count()  # what is still being written stays as it is
        self._files_timer = QTimer(self)
        self._files_timer.setSingleShot(True)
        self._files_timer.setInterval(_FILES_MS)
        self._files_timer.timeout.connect(self._prepare_files)
        document.loaded.connect(lambda _snapshot: self._refresh())
        script.changed.connect(self._refresh)
        self._shown: tuple[Take, ...] = ()
        self._known: frozenset[str] = frozenset()

    @property
    def shown(self) -> tuple[Take, ...]:
        """The takes in the list, newest first."""
        return self._shown

    @property
    def current(self) -> Take | None:
        """The take that actions act upon: the first of the selected ones."""
        return self.take(self.selected[0]) if self.selected else None

    def take(self, take_id: str) -> Take | None:
        """Return the take with this id."""
        snapshot = self.document.snapshot
        return snapshot.take(take_id) if snapshot is not None else None

    def stands(self, take: Take) -> bool:
        """Return whether the take stands for its line in an export."""
        snapshot = self.document.snapshot
        return snapshot is not None and take.id in snapshot.standing

    def show_all(self, on: bool) -> None:
        """List the takes of all lines, or of the selected line only."""
        self.of_all = on
        self._refresh()

    def select(self, take_ids: tuple[str, ...]) -> None:
        """Make takes the selected ones, and put their files ready to be dragged out."""
        if take_ids == self.selected:
            return
        self.selected = take_ids
        self._prepare_files()
        self.selection_changed.emit()

    def select_next(self, step: int) -> None:
        """Select and play the take `step` places further down the list."""
        ids = [take.id for take in self._shown]
        if not ids:
            return
        here = ids.index(self.selected[0]) if self.selected and self.selected[0] in ids else -step
        take_id = ids[min(len(ids) - 1, max(0, here + step))]
        self.select((take_id,))
        self.play(take_id)

    # --- what is done to takes

    def play(self, take_id: str) -> None:
        """Play a take, at the project's speed."""
        take = self.take(take_id)
        snapshot = self.document.snapshot
        if take is None or snapshot is None:
            return
        speed = snapshot.project.settings.speed
        self.playback.load_later(
            lambda: read_take(take.path, speed, take.edit),
            self.title(take),
            take.id,
            line_id=take.line_id or "",
            words=words_of(take, speed),
        )

    def play_or_pause(self, take_id: str) -> None:
        """Play a take; if it is being played, pause it or go on."""
        if self.playback.source == take_id:
            self.playback.toggle()
        else:
            self.play(take_id)

    def title(self, take: Take) -> str:
        """Return what a take is called: its line's number and its first words."""
        place = self.script.index(take.line_id or "")
        words = " ".join(plain(take.text).split())
        short = words if len(words) <= 48 else f"{words[:47].rstrip()}…"
        return f"{place + 1} · {short}" if place >= 0 else short

    def toggle_star(self, take_id: str) -> None:
        """Star a take, or no longer."""
        take = self.take(take_id)
        if take is not None:
            self.document.submit(self.document.library.takes.star, take_id, not take.starred)

    def set_note(self, take_id: str, note: str) -> None:
        """Write a note to a take."""
        self.document.submit(self.document.library.takes.set_note, take_id, note)

    def choose(self, take_id: str) -> None:
        """Let a take stand for its line."""
        take = self.take(take_id)
        if take is not None and take.line_id is not None:
            self.document.submit(self.document.library.lines.choose_take, take.line_id, take_id)

    def use_settings(self, take_id: str) -> None:
        """Take the parameters over from a take, its seed too."""
        take = self.take(take_id)
        if take is not None:
            self.parameters.use(
                as_values(take.recipe.settings), tr("Use a take's settings"), seed=True
            )

    def delete(self) -> None:
        """Delete the selected takes; undo brings them back."""
        if self.selected:
            self.document.submit(self.document.library.takes.delete, *self.selected)

    def drag_file(self, take_id: str) -> Path | None:
        """Return a file to be dragged out, with a telling name, its recipe and marks; None until
        ready.
        """
        take = self.take(take_id)
        if take is None or take_id not in self._files:
            return None
        kind, path = self._files[take_id]
        return path if kind == self._file_kind(take) and path.exists() else None

    def close(self) -> None:
        """Make no more files."""
        self._files_timer.stop()
        self._closed = True

    # --- inside

    def _refresh(self) -> None:
        snapshot = self.document.snapshot
        if snapshot is None:
            return
        self._shown = tuple(
            take for take in snapshot.takes if self.of_all or take.line_id == self.script.selected
        )
        known = frozenset(take.id for take in snapshot.takes)
        gone, self._known = self._known - known, known
        kept = tuple(i for i in self.selected if i not in gone)  # one just made may not be here yet
        self.changed.emit()
        if kept != self.selected:
            self.selected = kept
            self.selection_changed.emit()
        if not self._closed:
            self._files_timer.start()

    def _prepare_files(self) -> None:
        for take_id in self.selected[:8]:
            take = self.take(take_id)
            if take is not None and self._asked.get(take_id) != self._file_kind(take):
                self._prepare_file(take, self._file_kind(take))

    def _file_kind(self, take: Take) -> _FileKind:
        """Return what a file for dragging out depends on, besides the take itself."""
        snapshot = self.document.snapshot
        assert snapshot is not None
        return _FileKind(
            snapshot.project.name,
            self.script.index(take.line_id or "") + 1,
            snapshot.project.settings.speed,
            self._watermark(),
            take.edit,
        )

    def _prepare_file(self, take: Take, kind: _FileKind) -> None:
        self._asked[take.id] = kind

        def keep(path: Path) -> None:
            self._files[take.id] = (kind, path)

        self.document.bridge.background(
            write_drag_file,
            take,
            kind,
            self._folder / take.id / f"{kind.speed:g} {next(self._counter)}",
            done=keep,
            failed=lambda _error: None,
            owner=self,
        )


def words_of(take: Take, speed: float, at: float = 0.0) -> Words:
    """Return when the words of a take are heard that is played at a speed, `at` seconds
    in a sound.
    """
    line_id = take.line_id or ""
    return [
        (at + word.begins / speed, PlayingWord(line_id, word.start, word.end))
        for word in take.words
    ]


def read_take(path: Path, speed: float, edit: TakeEdit | None = None) -> Clip:
    """Read the sound of a take as it is heard, at a speed; for a background thread."""
    from ditar_studio.audio.clips.speed import stretch
    from ditar_studio.services.take_sound import read_sound

    clip = read_sound(path, edit)
    return clip if speed == 1.0 else stretch(clip, speed)


def write_drag_file(take: Take, kind: _FileKind, folder: Path) -> Path:
    """Return a copy of a take with a telling name, the synthetic mark and its recipe inside."""
    from ditar_studio.services.export import export
    from ditar_studio.services.export_plan import plan_takes
    from ditar_studio.services.export_settings import ExportSettings
    from ditar_studio.services.files import make_folder

    make_folder(folder.parents[1])
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    number = f"{kind.number:03d} " if kind.number else ""
    settings = ExportSettings(
        format="wav24",
        layout="per_line",
        name=f"{{project}} {number}{{text}}",
        speed=kind.speed,
        replace=True,
        watermark=kind.watermark,
    )
    path = export(plan_takes([take], kind.project), folder, settings).files[0]
    for earlier in folder.parent.iterdir():
        if earlier != folder:
            shutil.rmtree(earlier, ignore_errors=True)
    return path
