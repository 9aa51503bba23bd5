"""Exports: asked for in a dialog, made one after the other beside everything else."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from ditar_studio.errors import StudioError
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.kit.widgets.task_strip import TaskStrip

if TYPE_CHECKING:
    from ditar_studio.services.export import Exported
    from ditar_studio.services.export_plan import Plan
    from ditar_studio.services.export_settings import ExportSettings
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.features.takes.view_model import Takes
    from ditar_studio.ui.kit.host import Host


@dataclass
class _Export:
    """One that is at work, or waits for it."""

    what: Plan
    settings: ExportSettings
    folder: Path
    strip: TaskStrip
    project_id: str
    single: bool
    cancel: threading.Event = field(default_factory=threading.Event)


class ExportCommands(QObject):
    """Handles the exports of the script and of single takes.

    Signals:
        ended: one is over; what was said of it, empty if it came to nothing.
    """

    ended = Signal(str)

    def __init__(
        self,
        host: Host,
        document: Document,
        script: Script,
        takes: Takes,
    ) -> None:
        super().__init__(document)
        self._host = host
        self._document = document
        self._script = script
        self._takes = takes
        self._toasts = host.toasts
        self._waiting: deque[_Export] = deque()
        self._at_work: _Export | None = None
        host.actions.handle("file.export", self.export)
        host.actions.handle("takes.export", self.export_takes)

    @property
    def busy(self) -> bool:
        """Whether something is being exported."""
        return self._at_work is not None

    def export(self) -> None:
        """Ask how, and export the takes that stand for the lines of the script."""
        self._export_script()

    def export_takes(self) -> None:
        """Ask how, and export the selected takes."""
        from ditar_studio.services.export_plan import plan_takes

        snapshot = self._document.snapshot
        takes = [self._takes.take(take_id) for take_id in self._takes.selected]
        chosen = [take for take in takes if take is not None]
        if snapshot is not None and chosen:
            self._ask(plan_takes(chosen, snapshot.project.name), single=True)

    def close(self) -> None:
        """End what is at work; nothing is left of it."""
        self._waiting.clear()
        if self._at_work is not None:
            self._at_work.cancel.set()

    # --- asking

    def _export_script(
        self, settings: ExportSettings | None = None, folder: Path | None = None
    ) -> None:
        from ditar_studio.services.export_plan import plan

        self._script.flush()
        self._document.submit(
            plan,
            self._document.library,
            self._document.project_id,
            done=lambda what: self._ask(what, False, settings, folder),
        )

    def _ask(
        self,
        what: Plan,
        single: bool,
        settings: ExportSettings | None = None,
        folder: Path | None = None,
    ) -> None:
        """Ask how it is wanted; as the last time in this project, if it isn't said."""
        from ditar_studio.ui.features.export.dialog import ExportDialog, plain, settings_from

        snapshot = self._document.snapshot
        if snapshot is None:
            return
        if not what.pieces:
            self._toasts.notify(
                tr("There is nothing to export yet."), "info", tr("Speak a line first.")
            )
            return
        kept = snapshot.project.settings
        if settings is None:
            settings = settings_from(kept.export, kept.speed)
        if single:
            settings = replace(settings, layout="per_line")
        if folder is None:
            folder = Path(str(kept.export.get("folder") or _music_folder()))
        dialog = ExportDialog(what, settings, folder, single)

        def begin(wanted: ExportSettings, where: Path) -> None:
            if not single:
                self._document.submit(
                    self._document.library.projects.change_settings,
                    snapshot.project.id,
                    label="",
                    export=plain(wanted, where),
                )
            self._queue(what, wanted, where, single)

        dialog.wanted.connect(begin)
        self._host.show_dialog(dialog)

    # --- working

    def _queue(self, what: Plan, wanted: ExportSettings, folder: Path, single: bool) -> None:
        watermark = self._host.preferences.value.watermark
        strip = TaskStrip(tr("Exporting “{project}”", project=what.project), lambda: None)
        export = _Export(
            what,
            replace(wanted, watermark=watermark),
            folder,
            strip,
            self._document.project_id,
            single,
        )
        strip.stop.clicked.connect(lambda: self._cancel(export))
        self._host.add_message(strip)
        self._waiting.append(export)
        self._begin_next()

    def _cancel(self, export: _Export) -> None:
        export.cancel.set()
        if export in self._waiting:
            self._waiting.remove(export)
            export.strip.dismiss()

    def _begin_next(self) -> None:
        if self._at_work is not None or not self._waiting:
            return
        export = self._at_work = self._waiting.popleft()
        export.strip.begin()
        bridge, unfinished = self._host.bridge, self._document.library.unfinished

        def progress(fraction: float) -> None:
            bridge.post(lambda: self._show(export, fraction))

        def work() -> Exported:
            from ditar_studio.services.export import export as write

            with unfinished.work_in(export.folder):
                return write(
                    export.what,
                    export.folder,
                    export.settings,
                    progress=progress,
                    cancel=export.cancel,
                )

        bridge.background(work, done=self._on_exported, failed=self._failed, owner=self._document)

    def _show(self, export: _Export, fraction: float) -> None:
        if export is self._at_work:
            export.strip.show_progress(fraction)

    def _on_exported(self, made: Exported) -> None:
        self._end()
        if made.cancelled:
            self._toasts.notify(tr("The export is cancelled; nothing was written."), "info")
            self.ended.emit("")
            return
        self.ended.emit(self._notify(made))
        if made.checks:
            from ditar_studio.ui.features.export.checks_dialog import ChecksDialog

            self._host.show_dialog(ChecksDialog(made.checks))

    def _failed(self, error: StudioError) -> None:
        """Show why until it was seen: who exports a book is away meanwhile."""
        failed = self._at_work
        self._end()
        assert failed is not None

        def again() -> None:
            self._script.flush()
            self._document.do_in(failed.project_id, ask)

        def ask() -> None:
            banner.dismiss()
            if failed.single:
                self._ask(failed.what, True, failed.settings, failed.folder)
            else:
                self._export_script(failed.settings, failed.folder)

        banner = Banner("danger", error.message, error.remedy, (tr("Export again…"), again))
        self._host.add_message(banner)
        self.ended.emit("")

    def _end(self) -> None:
        if self._at_work is not None:
            self._at_work.strip.dismiss()
            self._at_work = None
        self._begin_next()

    def _notify(self, made: Exported) -> str:
        """Show what was made, and return the sentence."""
        folder = made.files[0].parent
        words = counted("{count} file is exported.", "{count} files are exported.", len(made.files))
        remedy = (
            counted(
                "{count} line begins later than its subtitle: what is said before it is too long.",
                "{count} lines begin later than their subtitles: what is said before is too long.",
                made.late,
            )
            if made.late
            else tr("It is quieter than asked for, so that its peaks don't clip.")
            if made.limited
            else str(folder)
        )
        self._toasts.notify(
            words,
            "success",
            remedy,
            (
                tr("Show in folder"),
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))),
            ),
            seconds=12.0,
        )
        return words


def _music_folder() -> str:
    """Return where exports go if nothing else was chosen."""
    places = QStandardPaths.standardLocations(QStandardPaths.StandardLocation.MusicLocation)
    return places[0] if places else str(Path.home())
