"""The dialog of checked exports: whether files meet the demands of a publisher."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from ditar_studio.services.acx import Check, Demand
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import counted, mark, number, tr
from ditar_studio.ui.kit.widgets.basics import button

_DEMANDS: dict[Demand, tuple[str, str]] = {
    "loudness": (mark("Loudness (RMS)"), mark("{value} dB")),
    "peak": (mark("Highest peak"), mark("{value} dB")),
    "noise": (mark("Quietest half second"), mark("{value} dB")),
    "rate": (mark("Sample rate"), mark("{value} Hz")),
    "channels": (mark("Channels"), mark("{value}")),
    "bit_rate": (mark("Bit rate"), mark("{value} kbit/s")),
    "length": (mark("Length"), mark("{value} s")),
    "head": (mark("Silence at the beginning"), mark("{value} s")),
    "tail": (mark("Silence at the end"), mark("{value} s")),
}


def check_text(check: Check) -> str:
    """Return a demand, what was measured, and what is allowed, in words."""
    name, form = _DEMANDS[check.demand]
    measured = _value(check.value, form)
    if check.lowest == check.highest:
        allowed = _value(check.lowest, form)
    elif math.isinf(check.lowest):
        allowed = tr("at most {value}", value=_value(check.highest, form))
    elif math.isinf(check.highest):
        allowed = tr("at least {value}", value=_value(check.lowest, form))
    else:
        allowed = tr(
            "{lowest} to {highest}",
            lowest=_value(check.lowest, form),
            highest=_value(check.highest, form),
        )
    return tr("{name}: {measured} ({allowed})", name=tr(name), measured=measured, allowed=allowed)


def _value(measured: float, form: str) -> str:
    if math.isinf(measured):
        return tr("silence")
    whole = abs(measured) >= 100 or measured == round(measured)
    return tr(form, value=number(measured, 0 if whole else 1))


class ChecksDialog(DialogFrame):
    """Lists the files and what of each was measured."""

    def __init__(
        self, checks: Sequence[tuple[Path, Sequence[Check]]], parent: QWidget | None = None
    ) -> None:
        failed = sum(not check.passed for _, measured in checks for check in measured)
        words = (
            counted(
                "{count} demand of ACX isn't met.", "{count} demands of ACX aren't met.", failed
            )
            if failed
            else tr("All demands of ACX are met.")
        )
        super().__init__(tr("Check for ACX"), words, parent)
        self.setMinimumWidth(theme.current().widened(520))
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(tr("Results of the check"))
        self.tree.setMinimumHeight(280)
        for path, measured in checks:
            met = all(check.passed for check in measured)
            item = self._item(path.name, met)
            for check in measured:
                item.addChild(self._item(check_text(check), check.passed))
            self.tree.addTopLevelItem(item)
            item.setExpanded(not met or len(checks) == 1)
        self.body.addWidget(self.tree, 1)
        close = button(tr("Close"), self.accept, "primary")
        close.setDefault(True)
        self.add_buttons(None, close)

    def _item(self, words: str, passed: bool) -> QTreeWidgetItem:
        item = QTreeWidgetItem([words])
        name = "check" if passed else "warning"
        item.setIcon(0, icons.icon(name, "success" if passed else "danger"))
        spoken = tr("met") if passed else tr("not met")
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{words}, {spoken}")
        return item
