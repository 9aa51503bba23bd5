"""The export dialog's fields for books, and the check list after an export for ACX."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ditar_studio.services.acx import Check
from ditar_studio.services.export_plan import Piece, Plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.store.recipe import Recipe
from ditar_studio.ui.features.export.checks_dialog import ChecksDialog, check_text
from ditar_studio.ui.features.export.dialog import ExportDialog, plain, settings_from
from ditar_studio.ui.kit.dialogs.frame import fit

PIECE = Piece(1, Path("a.wav"), "x", "Anna", 0.0, Recipe("b", "m", None, "", "", "x", {}))
PLAN = Plan("My book", (PIECE,), (), ())


@pytest.mark.parametrize(
    "settings",
    [
        ExportSettings(),
        ExportSettings(format="m4b", title="T", author="A", cover="/c.png", loudness=-18.0),
        ExportSettings(format="mp3", layout="per_chapter", standard="acx"),
        ExportSettings(subtitles=("srt", "json"), by_word=True, loudness=-19.5),
    ],
)
def test_choices_are_kept_and_shown_again(
    qtbot: QtBot, appearance: object, settings: ExportSettings
) -> None:
    again = settings_from(plain(settings, Path("/x")), 1.0)
    dialog = ExportDialog(PLAN, again, Path("/x"))
    qtbot.addWidget(dialog)
    assert dialog.settings() == settings


def test_a_loudness_of_ones_own_can_be_typed(qtbot: QtBot, appearance: object) -> None:
    dialog = ExportDialog(PLAN, ExportSettings(), Path("/x"))
    qtbot.addWidget(dialog)
    field = dialog.loudness
    assert not field.value.isVisibleTo(dialog)
    field.choice.setCurrentIndex(field.choice.findData("other"))
    assert field.value.isVisibleTo(dialog)
    field.value.setValue(-20.5)
    assert dialog.settings().loudness == -20.5


def test_checks_say_what_was_measured_and_what_is_allowed(qtbot: QtBot, appearance: object) -> None:
    good = Check("peak", -3.4, -math.inf, -3.0)
    bad = Check("rate", 24000, 44100, 44100)
    assert check_text(good) == "Highest peak: -3.4 dB (at most -3 dB)"
    assert check_text(bad) == "Sample rate: 24000 Hz (44100 Hz)"
    assert check_text(Check("head", 0.2, 0.5, 1.0)) == (
        "Silence at the beginning: 0.2 s (0.5 s to 1 s)"
    )
    assert "at least 191 kbit/s" in check_text(Check("bit_rate", 192.1, 191, math.inf))
    dialog = ChecksDialog([(Path("a.mp3"), (good, bad)), (Path("b.mp3"), (good,))])
    qtbot.addWidget(dialog)
    first, second = (dialog.tree.topLevelItem(n) for n in range(2))
    assert first is not None
    assert second is not None
    assert (first.isExpanded(), second.isExpanded()) == (True, False)


def test_fitting_to_subtitles_is_offered_where_there_are_times(
    qtbot: QtBot, appearance: object
) -> None:
    timed = replace(PLAN, pieces=(replace(PIECE, starts=1.0, ends=2.0),))
    for plan, offered in ((PLAN, False), (timed, True)):
        dialog = ExportDialog(plan, ExportSettings(fit_times=True), Path("/x"))
        qtbot.addWidget(dialog)
        assert dialog.fit_times.isVisibleTo(dialog) is offered
        assert dialog.settings().fit_times is offered


def test_fields_of_a_book_are_offered_for_what_may_be_one(qtbot: QtBot, appearance: object) -> None:
    chapter = replace(PLAN, pieces=(PIECE, replace(PIECE, number=2)))
    book = ExportSettings(title="T", author="A")
    for plan, settings, single, offered in (
        (PLAN, ExportSettings(), False, False),
        (PLAN, book, False, True),
        (chapter, ExportSettings(), False, True),
        (chapter, book, True, False),
    ):
        dialog = ExportDialog(plan, settings, Path("/x"), single)
        qtbot.addWidget(dialog)
        assert dialog.book.isVisibleTo(dialog) is offered
        assert any(each.text() == "Book" for each in dialog.findChildren(QLabel)) is offered


def test_no_field_of_the_export_is_cut_where_there_is_room(
    qtbot: QtBot, appearance: object
) -> None:
    timed = replace(PLAN, pieces=(replace(PIECE, starts=1.0, ends=2.0), PIECE))
    dialog = ExportDialog(timed, ExportSettings(), Path("/x"))
    qtbot.addWidget(dialog)
    fit(dialog, QSize(1272, 760))
    dialog.show()
    assert dialog.height() <= 760
    dialog.folder.setText("some/where")
    dialog.export.click()
    qtbot.waitUntil(dialog.problem.isVisible)
    QApplication.sendPostedEvents()
    for field in (dialog.book, dialog.template, dialog.names, dialog.fit_times):
        assert field.height() >= field.sizeHint().height(), field
