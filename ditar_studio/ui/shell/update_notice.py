"""Tells of a newer release, once a run, where the user wants to be told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from ditar_studio.errors import StudioError
from ditar_studio.services.updates import Release, newer_release
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.version import __version__

log = logging.getLogger(__name__)


class UpdateNotice:
    """Asks when it is told to, and when the user switches it on.

    Args:
        preferences: tell whether it may ask.
        bridge: brings the answer to the GUI thread.
        show: shows a message until it is dealt with.
        look: gives a newer release, if there is one; may take its time.
    """

    def __init__(
        self,
        preferences: PreferenceFile,
        bridge: Bridge,
        show: Callable[[QWidget], None],
        look: Callable[[], Release | None] = newer_release,
    ) -> None:
        self._preferences = preferences
        self._bridge = bridge
        self._show = show
        self._look = look
        self._asked = False
        preferences.listen(lambda _preferences: self.check())

    def check(self) -> None:
        """Ask, unless that is switched off or done."""
        if self._asked or not self._preferences.value.look_for_updates:
            return
        self._asked = True
        # A thread of its own: closing the window must not wait for a silent server.
        threading.Thread(target=self._run, name="updates", daemon=True).start()

    def _run(self) -> None:
        try:
            release = self._look()
        except StudioError as error:
            log.info("%s", error)
            return
        if release is not None:
            self._bridge.post(lambda: self._show_release(release))

    def _show_release(self, release: Release) -> None:
        page = QUrl(release.page)
        self._show(
            Banner(
                "info",
                tr("DiTAR Studio {version} is available.", version=release.version),
                tr("This is {version}.", version=__version__),
                (tr("What is new"), lambda: QDesktopServices.openUrl(page)),
            )
        )
