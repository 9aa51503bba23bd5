"""The dialog of an export: what to export, as what, and where to."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLayout,
    QLineEdit,
    QWidget,
)

from ditar_studio.errors import StudioError
from ditar_studio.services.export_plan import Plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.export_tracks import file_names
from ditar_studio.services.naming import DEFAULT_TEMPLATE, FIELDS
from ditar_studio.ui.features.export.fields import BookFields, LoudnessField
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_folder
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, mark, number, sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.kit.widgets.segmented import Segmented

FORMATS: tuple[tuple[str, str], ...] = (
    ("wav24", mark("WAV, 24 bit – for audio programs")),
    ("wav16", mark("WAV, 16 bit – plays everywhere")),
    ("wav32f", mark("WAV, 32 bit float – untouched")),
    ("flac", mark("FLAC – lossless and small")),
    ("mp3", mark("MP3 – small, plays everywhere")),
    ("opus", mark("Opus – smallest")),
    ("m4b", mark("M4B – audiobook with chapters")),
)
RATES = (None, 24000, 44100, 48000)
_NAMES_SHOWN = 3
LAYOUTS: dict[str, str] = {
    "one_file": mark("One file"),
    "per_chapter": mark("A file per chapter"),
    "per_line": mark("A file per line"),
    "stems": mark("Stems by speaker"),
}


def settings_from(values: Mapping[str, object], speed: float) -> ExportSettings:
    """Return export settings as a project keeps them; defaults where they can't be used."""
    known = {field.name for field in fields(ExportSettings)}
    wanted: dict[str, Any] = {name: value for name, value in values.items() if name in known}
    wanted["speed"] = speed
    if "subtitles" in wanted:
        wanted["subtitles"] = tuple(wanted["subtitles"])
    try:
        return ExportSettings(**wanted)
    except (StudioError, TypeError):
        return ExportSettings(speed=speed)


def plain(settings: ExportSettings, folder: Path) -> dict[str, object]:
    """Return export settings and the folder as plain values, for the project to keep."""
    values = asdict(settings)
    values.pop("speed")
    return {**values, "folder": str(folder)}


class ExportDialog(DialogFrame):
    """Shows what an export would hold and asks how it is wanted.

    Args:
        plan: what would be exported.
        settings: the last choices.
        folder: the last folder.
        single: whether it is of single takes, not of a script.

    Signals:
        wanted: settings and folder; the dialog is closed then.
    """

    wanted = Signal(object, object)

    def __init__(
        self,
        plan: Plan,
        settings: ExportSettings,
        folder: Path,
        single: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        count = len(plan.pieces)
        super().__init__(
            tr("Export"),
            counted("{count} take of “{project}”.", "{count} takes of “{project}”.", count,
                    project=plan.project),
            parent,
        )  # fmt: skip
        self._speed = settings.speed
        self._plan = plan
        self.setMinimumWidth(theme.current().widened(540))
        gaps = []
        if plan.missing:
            gaps.append(
                counted(
                    "{count} line isn't spoken yet and will be missing.",
                    "{count} lines aren't spoken yet and will be missing.",
                    len(plan.missing),
                )
            )
        if plan.stale:
            gaps.append(
                counted(
                    "{count} line has changed since it was spoken.",
                    "{count} lines have changed since they were spoken.",
                    len(plan.stale),
                )
            )
        if gaps:
            self.body.addWidget(
                Banner(
                    "warning",
                    " ".join(gaps),
                    tr("Close this and choose “Speak all changed” to bring them up to date."),
                    closable=False,
                )
            )
        self.layout_choice = Segmented(
            tr("Files"), {key: tr(words) for key, words in LAYOUTS.items()}
        )
        self.layout_choice.choose(settings.layout)
        self.layout_choice.setVisible(not single)
        self.format = Choice(tr("Format"))
        for key, words in FORMATS:
            self.format.addItem(tr(words), key)
        self.format.setCurrentIndex(max(0, self.format.findData(settings.format)))
        self.rate = Choice(tr("Sample rate"))
        for rate in RATES:
            words = tr("As it was made") if rate is None else tr("{n} kHz", n=number(rate / 1000))
            self.rate.addItem(words, rate)
        self.rate.setCurrentIndex(max(0, self.rate.findData(settings.sample_rate)))
        self.srt = QCheckBox("SRT")
        self.vtt = QCheckBox("WebVTT")
        self.json = QCheckBox("JSON")
        self.json.setAccessibleName(tr("Words and their times as JSON"))
        self.json.setChecked("json" in settings.subtitles)
        self.by_word = QCheckBox(tr("Word by word"))
        self.by_word.setChecked(settings.by_word)
        self.srt.setAccessibleName(tr("Subtitles as SRT"))
        self.vtt.setAccessibleName(tr("Subtitles as WebVTT"))
        self.srt.setChecked("srt" in settings.subtitles)
        self.vtt.setChecked("vtt" in settings.subtitles)
        self.fit_times = QCheckBox(tr("Fit to the times of the subtitles"))
        self.fit_times.setToolTip(
            tr(
                "Each line begins when its subtitle does, and is spoken faster where it would not "
                "be done by the next one."
            )
        )
        timed = any(piece.starts is not None for piece in plan.pieces)
        self.fit_times.setVisible(timed and not single)
        self.fit_times.setChecked(timed and not single and settings.fit_times)
        self.loudness = LoudnessField(settings)
        self.book = BookFields(settings, plan.project)
        self.template = QLineEdit(settings.name)
        self.template.setPlaceholderText(DEFAULT_TEMPLATE)
        self.template.setAccessibleName(tr("Template of the file names"))
        self.names = label("", "small", wrap=True)
        self.names.setAccessibleDescription(tr("Names of the files"))
        known = "  ".join(f"{{{name}}}" for name in FIELDS)
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName(tr("Folder"))
        browse = button(tr("Choose…"), self._browse, icon="folder")
        form = QGridLayout()
        form.setHorizontalSpacing(Space.L)
        form.setVerticalSpacing(Space.M)
        form.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget | QLayout], ...] = (
            (tr("Format"), self.format),
            (tr("Sample rate"), self.rate),
            (
                tr("Subtitles"),
                row(self.srt, Space.M, self.vtt, Space.M, self.json, None, self.by_word),
            ),
            (tr("Loudness"), self.loudness),
            (tr("Book"), self.book),
            (tr("File names"), self.template),
            ("", label(known, "caption")),
            ("", self.names),
            (tr("Folder"), row(self.folder, browse)),
        )
        is_book = bool(settings.title or settings.author or settings.cover or len(plan.pieces) > 1)
        for place, (words, field) in enumerate(rows):
            if field is self.book and (single or not is_book):
                self.book.hide()
                continue
            name = label(words, "strong")
            form.addWidget(name, place, 0)
            if isinstance(field, QWidget):
                name.setBuddy(field)
                form.addWidget(field, place, 1)
            else:
                form.addLayout(field, place, 1)
        self.body.addWidget(self.layout_choice)
        self.body.addLayout(form)
        self.body.addWidget(self.fit_times)
        self.note = label(
            tr(
                "The files say in their metadata that the speech is synthetic, and hold the "
                "recipe by which it can be made again."
            ),
            "caption",
            wrap=True,
        )
        self.body.addWidget(self.note)
        self.problem = label("", "small", "danger", wrap=True)
        self.problem.setVisible(False)
        self.body.addWidget(self.problem)
        self.cancel = button(tr("Cancel"), self.reject)
        self.export = button(tr("Export"), self._export, "primary", "export")
        self.export.setDefault(True)
        self.add_buttons(None, self.cancel, self.export)
        self.layout_choice.chosen.connect(lambda _choice: self._show_names())
        self.format.currentIndexChanged.connect(lambda _place: self._show_names())
        self.template.textChanged.connect(lambda _text: self._show_names())
        self._show_names()

    def settings(self) -> ExportSettings:
        """Return what has been chosen.

        Raises:
            StudioError: it can't be exported like that.
        """
        boxes = (("srt", self.srt), ("vtt", self.vtt), ("json", self.json))
        subtitles = [kind for kind, box in boxes if box.isChecked()]
        return ExportSettings(
            format=self.format.currentData(),
            sample_rate=self.rate.currentData(),
            layout=self.layout_choice.choice,  # type: ignore[arg-type]
            subtitles=tuple(subtitles),  # type: ignore[arg-type]
            by_word=self.by_word.isChecked(),
            loudness=self.loudness.loudness,
            standard=self.loudness.standard,
            title=self.book.title.text().strip(),
            author=self.book.author.text().strip(),
            cover=self.book.cover.text().strip(),
            speed=self._speed,
            fit_times=self.fit_times.isChecked(),
            name=self.template.text().strip(),
        )

    def show_problem(self, message: str) -> None:
        """Say why it can't be exported like that."""
        self.problem.setText(sentence(message))
        self.problem.setVisible(True)
        self.note.setVisible(False)  # the dialog may be as high as the screen

    def _browse(self) -> None:
        ask_for_folder(
            self, tr("Folder"), lambda path: self.folder.setText(str(path)), self.folder.text()
        )

    def _export(self) -> None:
        try:
            settings = self.settings()
            folder = _whole_path(self.folder.text().strip())
        except StudioError as error:
            self.show_problem(f"{error.message} {error.remedy}")
            return
        self.accept()
        self.wanted.emit(settings, folder)

    def _show_names(self) -> None:
        """Show how the files will be called."""
        try:
            names, count = file_names(self._plan, self.settings(), _NAMES_SHOWN)
        except StudioError:
            names, count = [], 0  # said when it is exported
        words = ", ".join(names)
        if count > len(names):
            more = counted("and {count} more", "and {count} more", count - len(names))
            words = f"{words} {more}"
        self.names.setText(words)


def _whole_path(text: str) -> Path:
    """Return the folder that was typed.

    Raises:
        StudioError: it isn't told where it is.
    """
    if not text:
        raise StudioError(tr("No folder is chosen."), tr("Choose a folder."))
    with contextlib.suppress(RuntimeError):  # ~ of a user who isn't there
        folder = Path(text).expanduser()
        if folder.is_absolute():
            return folder
    raise StudioError(
        tr("“{folder}” doesn't tell where the folder is.", folder=text),
        tr("Type its whole path, or choose it."),
    )
