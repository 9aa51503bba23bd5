"""Tells the user of something outside the window, when another one is in front."""

from __future__ import annotations

import shutil

from PySide6.QtCore import QProcess, QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from ditar_studio.ui.kit import icons

_MS = 8000


def notify_outside(window: QWidget, title: str, text: str) -> bool:
    """Say something by the desktop's notifications, unless the window is in front.

    The window's entry in the task bar asks for attention too.

    Returns:
        Whether there was a reason to.
    """
    if window.isActiveWindow():
        return False
    QApplication.alert(window)
    if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
        tray = QSystemTrayIcon(icons.app_icon(), window)
        tray.show()
        tray.messageClicked.connect(window.activateWindow)
        tray.showMessage(title, text, icons.app_icon(), _MS)
        QTimer.singleShot(_MS, tray, tray.deleteLater)
    elif (program := shutil.which("notify-send")) is not None:
        QProcess.startDetached(
            program, ["--app-name", title, "--icon", "ditar-studio", title, text]
        )
    return True
