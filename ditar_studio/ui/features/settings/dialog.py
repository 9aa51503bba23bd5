"""The settings: one page a topic, each change in force at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)
from shiboken6 import isValid

from ditar_studio.services.word_check import whisper_is_installed
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_folder
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import LANGUAGES, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row, scrolling, surface
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.segmented import Segmented
from ditar_studio.ui.kit.widgets.settings_rows import group, setting
from ditar_studio.ui.kit.widgets.toggle import Toggle
from ditar_studio.ui.kit.widgets.value_slider import ValueSlider

BUILT_IN = "builtin"
Part = QWidget | QLayout
_REST_MS = 150
"""So long a slider rests before what it says comes into force, where that takes long."""


@dataclass(frozen=True)
class Choices:
    """Facts that the pages need, asked for anew each time they are shown.

    Attributes:
        microphones: id and name of each, without the system's default.
        loudspeakers: the same of loudspeakers.
        rescan: looks for devices again, then calls its argument on the GUI thread.
        library_folder: the one now in use.
        log_folder: where log and crash reports lie; None before the library is open.
        engine: what runs the model and why, e.g. "CPU, 2 threads, 32-bit".
        models: name and folder of each known model, without the built-in one.
        save_bundle: saves a diagnostics bundle.
        models_page: makes the widget that keeps models.
        machine_page: makes the widget about this computer.
    """

    microphones: Callable[[], list[tuple[str, str]]]
    loudspeakers: Callable[[], list[tuple[str, str]]]
    rescan: Callable[[Callable[[], None]], object]
    library_folder: Path
    log_folder: Path | None
    engine: Callable[[], str]
    models: Callable[[], list[tuple[str, str]]]
    save_bundle: Callable[[], object]
    models_page: Callable[[], QWidget] = QWidget
    machine_page: Callable[[], QWidget] = QWidget


class SettingsDialog(QDialog):
    """The dialog of all settings.

    Args:
        preferences: read and changed.
        choices: what there is to choose from.
        parent: the window.
        page: number of the page to open at.
    """

    def __init__(
        self,
        preferences: PreferenceFile,
        choices: Choices,
        parent: QWidget | None = None,
        page: int = 0,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.resize(theme.current().widened(820), theme.current().widened(580))
        self._preferences = preferences
        self._choices = choices
        self.pages = QListWidget()
        self.pages.setAccessibleName(tr("Pages of the settings"))
        self.pages.setIconSize(QSize(18, 18))
        self.pages.setFixedWidth(theme.current().sized(168))
        self.pages.setProperty("pages", "true")
        height = theme.current().sized(36)
        self.stack = QStackedWidget()
        self._makers: dict[int, Callable[[], None]] = {}
        for icon, title, make in (
            ("headphones", tr("Sound"), self._sound),
            ("sun", tr("Appearance"), self._appearance),
            ("folder", tr("Library"), self._library),
            ("layers", tr("Model"), self._model),
            ("chip", tr("Computer"), self._machine),
            ("shield", tr("Privacy"), self._privacy),
        ):
            item = QListWidgetItem(icons.icon(icon), title)
            item.setSizeHint(QSize(150, height))
            self.pages.addItem(item)
            inside = QWidget()
            self._makers[self.stack.addWidget(scrolling(inside))] = partial(
                self._fill_page, inside, title, make
            )
        self.pages.setFixedHeight(height * self.pages.count() + 6)
        self.pages.currentRowChanged.connect(self._show_page)
        left = column(label(tr("Settings"), "title"), Space.S, self.pages, None)
        left.setContentsMargins(Space.XL, Space.XL, Space.M, Space.L)
        side = surface("window")
        side.setLayout(left)
        close = button(tr("Done"), self.accept, "primary")
        close.setDefault(True)
        foot = row(None, close)
        foot.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        body = QWidget()
        body.setLayout(column(self.stack, foot, spacing=0))
        layout = row(side, spacing=0)
        layout.addWidget(surface("pane", column(body)), 1)
        self.setLayout(layout)
        # Last: a widget takes the longer to be given a parent, the more there is in it.
        self.pages.setCurrentRow(page)

    def _show_page(self, page: int) -> None:
        """Show a page, made when it is first looked at."""
        make = self._makers.pop(page, None)
        if make is not None:
            make()
        self.stack.setCurrentIndex(page)

    def _fill_page(self, inside: QWidget, title: str, make: Callable[[], list[Part]]) -> None:
        layout = column(label(title, "heading"), *make(), None, spacing=Space.L)
        layout.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        inside.setLayout(layout)

    # --- pages

    def _sound(self) -> list[Part]:
        self.microphone, self.loudspeaker = Choice(tr("Microphone")), Choice(tr("Loudspeaker"))
        for box, field in (
            (self.microphone, "input_device"),
            (self.loudspeaker, "output_device"),
        ):
            box.setMinimumWidth(150)
            box.setMaximumWidth(280)
            box.activated.connect(
                lambda _i, box=box, field=field: self._preferences.change(
                    **{field: box.currentData()}
                )
            )
        self._fill_devices()
        rescan = button(tr("Look again"), self._rescan, icon="refresh")
        return [
            group(
                tr("Devices"),
                setting(tr("Microphone"), tr("Used to record references."), self.microphone),
                setting(tr("Loudspeaker"), tr("Used to play speech and takes."), self.loudspeaker),
                setting(
                    tr("Plugged something in?"),
                    tr("New devices are noticed by themselves; this looks at once."),
                    rescan,
                ),
            )
        ]

    def _appearance(self) -> list[Part]:
        value = self._preferences.value
        self.theme = Segmented(
            tr("Theme"), {"system": tr("System"), "light": tr("Light"), "dark": tr("Dark")}
        )
        self.theme.choose(value.theme)
        self.theme.chosen.connect(lambda key: self._preferences.change(theme=key))
        self.text_size = ValueSlider(
            tr("Text size"),
            80,
            200,
            100,
            5,
            suffix=" %",
            tip=tr("Size of all texts, in percent of the usual size."),
        )
        self.text_size.set_value(value.text_size * 100)
        rest = QTimer(self, singleShot=True, interval=_REST_MS)
        rest.timeout.connect(
            lambda: self._preferences.change(text_size=round(self.text_size.value / 100, 2))
        )
        self.text_size.changed.connect(lambda _percent: rest.start())
        size = column(self.text_size)
        size.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        contrast = Toggle()
        contrast.setChecked(value.high_contrast)
        contrast.toggled.connect(lambda on: self._preferences.change(high_contrast=on))
        self.language = Choice(tr("Language of the interface"))
        self.language.addItem(tr("As the system"), "system")
        for code, name in LANGUAGES.items():
            self.language.addItem(name, code)
        self.language.setCurrentIndex(max(0, self.language.findData(value.language)))
        self.language.activated.connect(
            lambda _i: self._preferences.change(language=self.language.currentData())
        )
        return [
            group(
                tr("Look"),
                setting(tr("Theme"), tr("“System” follows your desktop."), self.theme),
                setting(
                    tr("High contrast"),
                    tr("Stronger colours and outlines, always where your system asks for them."),
                    contrast,
                ),
                size,
            ),
            group(
                tr("Language"),
                setting(
                    tr("Language of the interface"),
                    tr("Takes effect at the next start."),
                    self.language,
                ),
            ),
        ]

    def _library(self) -> list[Part]:
        actions = QWidget()
        actions.setLayout(
            row(
                button(tr("Show"), lambda: self._show(self._choices.library_folder), icon="folder"),
                button(tr("Use another folder…"), self._choose_folder),
            )
        )
        actions.setAccessibleName(tr("Library folder"))
        return [
            group(
                tr("Library folder"),
                setting(
                    str(self._choices.library_folder),
                    tr(
                        "Voices, projects, takes and recordings are kept here, as plain audio "
                        "files beside one database."
                    ),
                    actions,
                    below=True,
                ),
                setting(
                    tr("Another folder"),
                    tr(
                        "It is used from the next start on. Nothing is moved; a library that is "
                        "already there is opened."
                    ),
                    self._next_folder(),
                ),
            )
        ]

    def _model(self) -> list[Part]:
        self.model = Choice(tr("Model"))
        self.model.setMinimumWidth(150)
        self.model.setMaximumWidth(280)
        self._fill_models()
        self.model.activated.connect(
            lambda _i: self._preferences.change(model=self.model.currentData())
        )
        self.destroyed.connect(self._preferences.listen(lambda _value: self._fill_models()))
        self.fine_tune = Toggle()
        self.fine_tune.setChecked(self._preferences.value.fine_tune_new_voices)
        self.fine_tune.toggled.connect(lambda on: self._preferences.change(fine_tune_new_voices=on))
        return [
            group(
                tr("Speech model"),
                setting(
                    tr("Model"),
                    tr("The built-in model speaks English and needs no download."),
                    self.model,
                ),
            ),
            group(
                tr("New voices"),
                setting(
                    tr("Fine-tune new voices automatically (quick)"),
                    tr("In the background, as soon as a voice is saved."),
                    self.fine_tune,
                ),
            ),
            self._choices.models_page(),
            *self._listening(),
            group(
                tr("Running on"),
                setting(self._choices.engine(), "", QWidget()),
            ),
        ]

    def _listening(self) -> list[Part]:
        """Make the row of who checks what was said, where there is a choice."""
        if not whisper_is_installed():
            return []
        self.listener = Choice(tr("Check what was said with"))
        self.listener.addItem(tr("The built-in reader"), "reader")
        self.listener.addItem(tr("Whisper"), "whisper")
        self.listener.setCurrentIndex(self.listener.findData(self._preferences.value.listener))
        self.listener.activated.connect(
            lambda _i: self._preferences.change(listener=self.listener.currentData())
        )
        return [
            group(
                tr("Listening"),
                setting(
                    tr("Check what was said with"),
                    tr(
                        "The built-in reader hears sounds and takes almost no time. Whisper hears "
                        "words, after everything is spoken."
                    ),
                    self.listener,
                ),
            )
        ]

    def _machine(self) -> list[Part]:
        return [self._choices.machine_page()]

    def _privacy(self) -> list[Part]:
        value = self._preferences.value
        self.crash_reports = Toggle()
        self.crash_reports.setChecked(value.keep_crash_reports)
        self.crash_reports.toggled.connect(
            lambda on: self._preferences.change(keep_crash_reports=on)
        )
        self.watermark = Toggle()
        self.watermark.setChecked(value.watermark)
        self.watermark.toggled.connect(lambda on: self._preferences.change(watermark=on))
        self.updates = Toggle()
        self.updates.setChecked(value.look_for_updates)
        self.updates.toggled.connect(lambda on: self._preferences.change(look_for_updates=on))
        logs = button(tr("Show"), self._show_logs, icon="folder")
        logs.setAccessibleName(tr("Show the log files"))
        logs.setEnabled(self._choices.log_folder is not None)
        return [
            group(
                tr("What leaves this computer"),
                setting(
                    tr("Nothing"),
                    tr(
                        "There is no account and no telemetry. Models are fetched only when you "
                        "ask for one."
                    ),
                    QWidget(),
                ),
                setting(
                    tr("Look for a newer version at start"),
                    tr(
                        "GitHub is asked for this project's newest release. It learns your address "
                        "on the internet, and nothing else."
                    ),
                    self.updates,
                ),
            ),
            group(
                tr("Synthetic speech"),
                setting(
                    tr("Mark what is exported with a watermark"),
                    tr(
                        "It can't be heard and says that the speech is synthetic, also after "
                        "conversion and trimming. Without it nobody can tell once the tags are "
                        "gone, and you may have to say so yourself, as by Article 50 of the EU's "
                        "AI Act."
                    ),
                    self.watermark,
                ),
            ),
            group(
                tr("When something goes wrong"),
                setting(
                    tr("Show the crash report at the next start"),
                    tr("It is written to this computer only."),
                    self.crash_reports,
                ),
                setting(tr("Log files"), tr("The last few runs, in plain text."), logs),
                setting(
                    tr("Diagnostics bundle"),
                    tr(
                        "A file for a bug report, without names, texts or sound. You look through "
                        "it and pass it on yourself."
                    ),
                    button(tr("Save…"), self._choices.save_bundle, icon="shield"),
                ),
            ),
        ]

    # --- details

    def _fill_devices(self) -> None:
        value = self._preferences.value
        for box, found, chosen in (
            (self.microphone, self._choices.microphones(), value.input_device),
            (self.loudspeaker, self._choices.loudspeakers(), value.output_device),
        ):
            box.clear()
            box.addItem(tr("As the system"), "")
            for device_id, name in found:
                box.addItem(name, device_id)
            if chosen and box.findData(chosen) < 0:
                box.addItem(tr("{name} (not there)", name=chosen), chosen)
            box.setCurrentIndex(max(0, box.findData(chosen)))

    def _rescan(self) -> None:
        self._choices.rescan(lambda: self._fill_devices() if isValid(self) else None)

    def _fill_models(self) -> None:
        chosen = self._preferences.value.model
        self.model.clear()
        self.model.addItem(tr("Built-in"), BUILT_IN)
        for name, folder in self._choices.models():
            self.model.addItem(name, folder)
        if self.model.findData(chosen) < 0:
            self.model.addItem(Path(chosen).name, chosen)
        self.model.setCurrentIndex(self.model.findData(chosen))

    def _next_folder(self) -> QLabel:
        wanted = self._preferences.value.library_folder
        self.next_folder = label(wanted or tr("The usual one"), "muted", wrap=True)
        return self.next_folder

    def _choose_folder(self) -> None:
        def take(folder: Path) -> None:
            self._preferences.change(library_folder=str(folder))
            self.next_folder.setText(str(folder))

        ask_for_folder(self, tr("Folder of the library"), take)

    def _show(self, folder: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _show_logs(self) -> None:
        if self._choices.log_folder is not None:
            self._show(self._choices.log_folder)
