"""The QApplication: fonts, language, and a theme that follows the system or the user."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication

from ditar_studio.assets import asset
from ditar_studio.ui.kit import icons, theme, translate
from ditar_studio.ui.kit.preferences import PreferenceFile, Preferences
from ditar_studio.version import __version__

NAME = "DiTAR Studio"
IDENTIFIER = "ditar-studio"


def make_application(arguments: Sequence[str] | None = None) -> QApplication:
    """Make the one QApplication of this process, made if there is none yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    app = QApplication(list(arguments if arguments is not None else sys.argv))
    app.setApplicationName(NAME)
    app.setApplicationDisplayName(NAME)
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(IDENTIFIER)
    app.setStyle("Fusion")
    app.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)
    return app


class Appearance:
    """Styles the application by the preferences, and again when they or the system change."""

    def __init__(self, app: QApplication, preferences: PreferenceFile) -> None:
        self._app = app
        self._preferences = preferences
        self._qt_words = QTranslator()
        if theme.FONT_FAMILY not in QFontDatabase.families():
            for weight in ("Regular", "Medium", "SemiBold"):
                QFontDatabase.addApplicationFont(str(asset("fonts", f"Inter-{weight}.ttf")))
        app.setWindowIcon(icons.app_icon())
        self._choose_language(preferences.value.language)
        self.refresh()
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        if hasattr(app.styleHints(), "accessibility"):
            hints = app.styleHints().accessibility()
            hints.contrastPreferenceChanged.connect(self._system_changed)
        preferences.listen(self._preferences_changed)

    def refresh(self) -> None:
        """Apply the theme that the preferences and the system ask for, if it is another."""
        value = self._preferences.value
        high = value.high_contrast or self._system_wants_contrast()
        theme.manager.apply(theme.make_theme(self._is_dark(value), value.text_size, high))

    def _is_dark(self, value: Preferences) -> bool:
        choice = theme.ThemeChoice(value.theme)
        if choice is theme.ThemeChoice.SYSTEM:
            return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return choice is theme.ThemeChoice.DARK

    def _system_wants_contrast(self) -> bool:
        hints = self._app.styleHints()
        if not hasattr(hints, "accessibility"):  # before Qt 6.10
            return False
        return bool(
            hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast
        )

    def _system_changed(self, _preference: object) -> None:
        self.refresh()

    def _preferences_changed(self, _value: Preferences) -> None:
        self.refresh()

    def _choose_language(self, wanted: str) -> None:
        language = QLocale.system().name()[:2] if wanted == "system" else wanted
        if language not in translate.LANGUAGES:
            language = "en"
        translate.set_language(language)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and self._qt_words.load(f"qtbase_{language}", folder):
            self._app.installTranslator(self._qt_words)
