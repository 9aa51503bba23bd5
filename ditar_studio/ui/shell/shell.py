"""The running studio without its panels: window, settings, library, messages, start and end.

Panels are made by the listener of `opened`; everything that they need is an attribute here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from ditar_studio.errors import StudioError
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_folder, ask_where_to_save
from ditar_studio.ui.kit.dialogs.frame import fit
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.kit.widgets.status_line import EngineState
from ditar_studio.ui.shell.action_specs import SPECS
from ditar_studio.ui.shell.application import Appearance
from ditar_studio.ui.shell.main_window import MainWindow
from ditar_studio.ui.shell.update_notice import UpdateNotice

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ditar_studio.services.diagnostics import CrashReport, Diagnostics
    from ditar_studio.services.library import Damage, Library, Recoverable
    from ditar_studio.ui.features.settings.dialog import Choices

log = logging.getLogger(__name__)

FRAME = QSize(8, 40)
"""About what a desktop puts around a window."""


class Shell(QObject):
    """Everything of the studio that is no panel.

    Args:
        app: the application.
        preferences: the user's settings.
        bridge: to the other threads; one of its own by default.

    Signals:
        opened: the Library, once it is there; panels may be wired now.
        closing: the program is about to end; stop sound and recording.
        ended: everything has ended in order.
        listen_wanted: path of a sound file that is to be heard.
        listen_ended: that is over; be silent.
        recordings_kept: list of recordings of an earlier run that the user kept.
        tour_wanted: the window is to be shown around.
    """

    opened = Signal(object)
    listen_wanted = Signal(object)
    listen_ended = Signal()
    recordings_kept = Signal(list)
    closing = Signal()
    ended = Signal()
    tour_wanted = Signal()

    def __init__(
        self, app: QApplication, preferences: PreferenceFile, bridge: Bridge | None = None
    ) -> None:
        super().__init__()
        self.app = app
        self.preferences = preferences
        self.appearance = Appearance(app, preferences)
        self.actions = Actions(SPECS, self)
        self.bridge = bridge or Bridge(parent=self)
        self.window = MainWindow(self.actions)
        self.toasts = self.window.status.toasts
        self.library: Library | None = None
        self.diagnostics: Diagnostics | None = None
        self.settings_choices: Callable[[], Choices] | None = None
        self._closed = False
        self._opening: Future[tuple[Library, Diagnostics, CrashReport | None]] | None = None
        value = preferences.value
        self.window.restore_geometry(value.window)
        for side, shown in (("left", value.left_open), ("right", value.right_open)):
            if not shown:
                self.window.set_side(side, False)
        self.window.sides_changed.connect(
            lambda left, right: preferences.change(left_open=left, right_open=right)
        )
        self.window.closing.connect(self.close)
        self.bridge.failed.connect(self.show_failure)
        self._updates = UpdateNotice(preferences, self.bridge, self.add_message)
        self._handle_actions()

    def start(self) -> None:
        """Show the window, then open the library behind it."""
        self.window.show()
        if self.preferences.damaged is not None:
            self.add_message(
                Banner(
                    "warning",
                    tr("The settings were damaged and have been reset."),
                    tr(
                        "If your library is in a folder of your own, choose it in the settings. "
                        "The damaged settings are kept as {path}.",
                        path=self.preferences.damaged,
                    ),
                )
            )
        QTimer.singleShot(0, self._open_library)

    def come_to_front(self) -> None:
        """Show the window before all others, as far as the desktop lets it."""
        window = self.window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.show()
        window.raise_()
        window.activateWindow()
        self.app.alert(window)

    def show_failure(self, message: str, remedy: str = "") -> None:
        """Say that something went wrong, and what to do about it."""
        self.toasts.notify(message, "danger", remedy, seconds=12.0)

    def add_message(self, message: QWidget) -> None:
        """Show something above the script until it is dealt with."""
        self.window.messages.addWidget(message)

    def show_place(self, place: Place) -> None:
        """Bring a region into view and move the keyboard focus into it."""
        self.window.show_place(place)

    def show_dialog(self, dialog: QDialog) -> None:
        """Open a dialog over the window without blocking it."""
        if dialog.parent() is not self.window:
            dialog.setParent(self.window, dialog.windowFlags())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(dialog, self.window.screen().availableSize() - FRAME)
        dialog.open()

    def close(self) -> None:
        """End everything in order; may be called more than once."""
        if self._closed:
            return
        self._closed = True
        self.preferences.change(window=self.window.geometry_text())
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        self.window.hide()  # first: the field with the focus gives what was typed into it
        self.closing.emit()
        self.bridge.close()
        self._adopt_late_library()
        if self.library is not None:
            self.library.close()
        if self.diagnostics is not None:
            self.diagnostics.stop()
        self.ended.emit()

    def _adopt_late_library(self) -> None:
        """Take a library that was opened while the window closed, so that it is closed too."""
        opening = self._opening
        if self.library is not None or opening is None or opening.cancelled():
            return
        if opening.exception() is None:
            self.library, self.diagnostics, _crash = opening.result()

    # --- start

    def _open_library(self) -> None:
        value = self.preferences.value
        wanted = value.library_folder
        self._opening = self.bridge.background(
            _open,
            Path(wanted) if wanted else None,
            bool(wanted) and wanted == value.library_seen,
            done=self._library_is_open,
            failed=self._library_failed,
            owner=self,
        )

    def _library_is_open(self, found: tuple[Library, Diagnostics, CrashReport | None]) -> None:
        library, diagnostics, crash = found
        self.library, self.diagnostics = library, diagnostics
        self.bridge.use_library(library)
        self.preferences.change(library_seen=str(library.root))
        self.opened.emit(library)
        self.bridge.submit(library.recovery.find, done=self._offer_recovery, owner=self)
        if library.damaged is not None:
            self._report_damage(library.damaged, library.root)
        if crash is not None and self.preferences.value.keep_crash_reports:
            self._report_crash(crash)
        self._updates.check()
        if not self.preferences.value.first_run_done:
            self.show_welcome()

    def _library_failed(self, error: StudioError) -> None:
        self.window.status.set_engine(EngineState.FAILED, tr("The library is not open."))
        ways_on = [
            (tr("Try again"), self._try_again),
            (tr("Use another folder…"), self._ask_folder),
        ]
        if self.preferences.value.library_folder:
            ways_on.append((tr("Use the usual folder"), lambda: self._use_folder("")))
        banner = Banner("danger", error.message, error.remedy, *ways_on, closable=False)
        self.add_message(banner)
        banner.buttons[0].setFocus()

    def _ask_folder(self) -> None:
        ask_for_folder(
            self.window, tr("Folder of the library"), lambda path: self._use_folder(str(path))
        )

    def _use_folder(self, folder: str) -> None:
        self.preferences.change(library_folder=folder)
        self._try_again()

    def _try_again(self) -> None:
        for banner in self.window.findChildren(Banner):
            banner.dismiss()
        self.window.status.set_engine(EngineState.LOADING, tr("Loading the engine…"))
        self._open_library()

    def _report_damage(self, damage: Damage, folder: Path) -> None:
        self.add_message(
            Banner(
                "warning",
                damage.message,
                damage.remedy,
                (
                    tr("Show in folder"),
                    lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))),
                ),
            )
        )

    def _report_crash(self, crash: CrashReport) -> None:
        self.add_message(
            Banner(
                "warning",
                tr("DiTAR Studio did not end properly last time."),
                tr(
                    "Everything that was heard or recorded is on disk. Start again what was being "
                    "exported or fine-tuned."
                ),
                (tr("Show the report"), lambda: self._show_crash(crash)),
            )
        )

    def _show_crash(self, crash: CrashReport) -> None:
        from ditar_studio.ui.shell.crash_dialog import CrashDialog

        self.show_dialog(CrashDialog(crash.text, crash.explained, self.save_bundle))

    def _offer_recovery(self, items: list[Recoverable]) -> None:
        if not items:
            return
        from ditar_studio.ui.shell.recovery_dialog import RecoveryDialog

        dialog = RecoveryDialog(items)
        dialog.decided.connect(self._recover)
        dialog.play.connect(self.listen_wanted)
        dialog.finished.connect(lambda _result: self.listen_ended.emit())
        self.show_dialog(dialog)

    def _recover(self, kept: list[Recoverable], dropped: list[Recoverable]) -> None:
        assert self.library is not None
        recovery = self.library.recovery
        for item in kept:
            self.bridge.submit(recovery.keep, item)
        if dropped:
            self.bridge.submit(recovery.discard, *dropped)
        recordings = [item for item in kept if item.kind != "take"]
        if recordings:
            self.recordings_kept.emit(recordings)

    # --- actions

    def _handle_actions(self) -> None:
        handle = self.actions.handle
        handle("view.palette", self.show_palette)
        handle("file.settings", self.show_settings)
        handle("help.shortcuts", self.show_shortcuts)
        handle("help.about", self.show_about)
        handle("help.welcome", self.show_welcome)
        handle("help.diagnostics", self.save_bundle)
        self.actions.handle_switch("view.dark", self._set_dark)
        theme.manager.changed.connect(self._mark_dark)
        self._mark_dark()

    def show_palette(self) -> None:
        """Open the searchable list of all actions."""
        from ditar_studio.ui.kit.widgets.command_palette import CommandPalette

        CommandPalette(self.actions, self.window).open()

    def show_shortcuts(self) -> None:
        """Open the list of shortcuts."""
        from ditar_studio.ui.shell.shortcuts_dialog import ShortcutsDialog

        self.show_dialog(ShortcutsDialog(self.actions))

    def show_about(self) -> None:
        """Open the page about the program, with all licences."""
        from ditar_studio.ui.shell.about_dialog import AboutDialog

        self.show_dialog(AboutDialog())

    def show_welcome(self) -> None:
        """Open the three pages of the first run."""
        from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

        dialog = WelcomeDialog()
        dialog.finished.connect(lambda _r: self.preferences.change(first_run_done=True))
        dialog.finished.connect(lambda _r: self.show_place(Place.SCRIPT))
        dialog.record_wanted.connect(lambda: self.window.show_place(Place.REFERENCE))
        dialog.tour_wanted.connect(self.tour_wanted)
        self.show_dialog(dialog)

    def show_settings(self, page: int = 0) -> None:
        """Open the settings at a page."""
        from ditar_studio.ui.features.settings.dialog import SettingsDialog

        if self.settings_choices is not None:
            self.show_dialog(
                SettingsDialog(self.preferences, self.settings_choices(), self.window, page)
            )

    def save_bundle(self) -> None:
        """Ask where to, and save a diagnostics bundle."""
        if self.library is None or self.diagnostics is None:
            return
        name = f"ditar-studio-diagnostics-{datetime.now():%Y%m%d-%H%M}.zip"
        title = tr("Save a diagnostics bundle")
        ask_where_to_save(self.window, title, name, "ZIP (*.zip)", self._write_bundle)

    def _write_bundle(self, path: Path) -> None:
        from ditar_studio.services.diagnostics import write_bundle

        self.bridge.background(
            write_bundle,
            path,
            self.diagnostics,
            self.library,
            done=lambda _r: self.toasts.notify(tr("The bundle is saved."), "success", str(path)),
            owner=self,
        )

    def _set_dark(self, dark: bool) -> None:
        self.preferences.change(
            theme=(theme.ThemeChoice.DARK if dark else theme.ThemeChoice.LIGHT).value
        )

    def _mark_dark(self) -> None:
        self.actions.action("view.dark").setChecked(theme.current().dark)


def _open(root: Path | None, expected: bool) -> tuple[Library, Diagnostics, CrashReport | None]:
    """Open the library and begin to log; on a background thread."""
    from ditar_studio.services.diagnostics import Diagnostics, folder_of
    from ditar_studio.services.library import Library

    library = Library(root, expected=expected)
    try:
        diagnostics = Diagnostics(folder_of(library))
        crash = diagnostics.start()
        if library.damaged is not None:
            log.warning("%s %s", library.damaged.message, library.damaged.remedy)
    except BaseException:
        library.close()
        raise
    return library, diagnostics, crash
