"""Everything that ships has its licence on the about page, and none of it is under the GPL."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ditar_studio.ui.shell.about_dialog import AboutDialog, licences

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_every_requirement_has_a_licence() -> None:
    needed = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower() for line in needed}
    shipped = {licence.component.lower() for licence in licences()}
    assert names - shipped == set()
    assert {"ditar-studio", "inter typeface", "python", "shiboken6"} <= shipped


def test_no_gpl() -> None:
    kinds = {licence.component: licence.kind for licence in licences()}
    assert {c: k for c, k in kinds.items() if re.search(r"(?<!L)(?<!Lesser )GPL", k)} == {}


def test_every_licence_has_a_text() -> None:
    assert [each.component for each in licences() if len(each.text) < 60 or not each.kind] == []


def test_about_page_shows_the_chosen_text(qtbot: object) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)  # type: ignore[attr-defined]
    names = [dialog.components.item(i).text() for i in range(dialog.components.count())]
    dialog.components.setCurrentRow(names.index("shiboken6"))
    assert dialog.kind.text() == "LGPL-3.0"
    assert "LESSER" in dialog.text.toPlainText()
