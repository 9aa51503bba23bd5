"""The guide in context, what each control is, and the tour."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QAbstractButton, QSlider
from pytestqt.qtbot import QtBot

from ditar_studio.ui.kit import translate
from ditar_studio.ui.kit.widgets.tour import Tour
from ditar_studio.ui.shell.help_dialog import HelpDialog, description_of
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def test_f1_opens_the_guide_where_the_focus_is_explained(qtbot: QtBot, studio: Studio) -> None:
    studio.parameters_panel.temperature.slider.setFocus()
    studio.actions_.action("help.guide").trigger()
    (shown,) = studio.window.findChildren(HelpDialog)
    assert shown.list.currentItem().text() == "Parameters"
    assert "temperature" in shown.page.toPlainText()
    assert shown.control.isVisible()
    shown.search.setText("versions bin")
    assert shown.list.item(0).text() == "Versions and the bin"
    shown.search.setText("xyzzy")
    assert shown.list.count() == 0
    shown.accept()


def test_down_leads_from_the_search_to_the_topics_and_paragraphs_are_apart(qtbot: QtBot) -> None:
    shown = HelpDialog(("", ""), "Scripts")
    qtbot.addWidget(shown)
    shown.show()
    qtbot.keyClick(shown.search, Qt.Key.Key_Down)
    assert shown.focusWidget() is shown.list
    second = shown.page.document().begin().next()
    assert second.blockFormat().bottomMargin() > 0


def test_every_control_says_what_it_is(studio: Studio) -> None:
    controls = studio.window.findChildren(QAbstractButton) + studio.window.findChildren(QSlider)
    silent = [
        control for control in controls if control.isVisible() and not any(description_of(control))
    ]
    assert silent == []


def test_the_tour_goes_through_the_window_and_ends(qtbot: QtBot, studio: Studio) -> None:
    studio.window.resize(1280, 800)
    studio.actions_.action("help.tour").trigger()
    (tour,) = studio.window.findChildren(Tour)
    seen = []
    while tour.isVisible():
        seen.append(tour.title.text())
        assert tour.rect().contains(tour.card.geometry())
        tour.next.click()
    assert len(seen) == len(set(seen)) == 6
    studio.actions_.action("help.tour").trigger()
    (again,) = [each for each in studio.window.findChildren(Tour) if each.isVisible()]
    for _round in range(3):  # Tab stays with it
        studio.window.focusWidget().focusNextPrevChild(True)
        assert again.isAncestorOf(studio.window.focusWidget())
    qtbot.keyClick(again.next, Qt.Key.Key_Escape)
    assert not again.isVisible()


def test_the_words_of_the_tour_are_whole_with_the_largest_text(
    qtbot: QtBot, studio: Studio
) -> None:
    studio.preferences.change(text_size=2.0)
    studio.window.resize(1280, 800)
    studio.actions_.action("help.tour").trigger()
    (tour,) = studio.window.findChildren(Tour)
    for words in (tour.title, tour.text):
        assert words.height() >= words.heightForWidth(words.width())
    for control in (tour.skip, tour.next):
        assert control.width() >= control.sizeHint().width()
    tour.end()


def test_the_guide_speaks_the_language_in_force_and_its_links_lead_somewhere(qtbot: QtBot) -> None:
    translate.set_language("de")
    shown = HelpDialog(("", ""), "Scripts")
    qtbot.addWidget(shown)
    assert shown.list.currentItem().text() == "Skripte"
    assert "Absatz" in shown.page.toPlainText()
    shown.page.anchorClicked.emit(QUrl("marks.de.md"))
    assert shown.list.currentItem().text() == "Marken im Text"
    assert "[pause 1.5]" in shown.page.toPlainText()
    translate.set_language("en")
