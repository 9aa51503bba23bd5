"""One question with a text, a number or a yes for an answer, without stopping the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import button, label


class TextDialog(DialogFrame):
    """Asks for a line of text.

    Args:
        title: of the dialog.
        text: what is asked.
        value: proposed value.
        accept: words of the button that takes it.
        may_be_empty: whether an empty answer is one.

    Signals:
        answered: the text, without spaces around it.
    """

    answered = Signal(str)

    def __init__(
        self,
        title: str,
        text: str,
        value: str = "",
        accept: str = "",
        may_be_empty: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, text, parent)
        self._may_be_empty = may_be_empty
        self.field = QLineEdit(value)
        self.field.setAccessibleName(title)
        self.field.selectAll()
        self.body.addWidget(self.field)
        self.ok = button(accept or tr("OK"), self.accept, "primary")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.field.textChanged.connect(self._check)
        self.accepted.connect(lambda: self.answered.emit(self.field.text().strip()))
        self._check()
        self.field.setFocus()

    def _check(self) -> None:
        self.ok.setEnabled(self._may_be_empty or bool(self.field.text().strip()))


class NumberDialog(DialogFrame):
    """Asks for a number.

    Args:
        title: of the dialog.
        text: what is asked.
        field: in which it is typed, with its bounds and a proposal.
        accept: words of the button that takes it.

    Signals:
        answered: the number, an int or a float as the field has it.
    """

    answered = Signal(object)

    def __init__(
        self, title: str, text: str, field: QSpinBox | QDoubleSpinBox, accept: str
    ) -> None:
        super().__init__(title, text)
        self.field = field
        self.field.lineEdit().setTextMargins(Space.XS, 0, 0, 0)
        self.field.setAccessibleName(title)
        self.field.selectAll()
        self.body.addWidget(self.field)
        self.ok = button(accept, self.accept, "primary")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.accepted.connect(lambda: self.answered.emit(self.field.value()))
        self.field.setFocus()


def whole_number_field(value: int, low: int, high: int) -> QSpinBox:
    """Return a field for a whole number."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setValue(value)
    return field


def seconds_field(value: float, most: float) -> QDoubleSpinBox:
    """Return a field for a time in seconds."""
    field = QDoubleSpinBox()
    field.setRange(0.0, most)
    field.setSingleStep(0.1)
    field.setSuffix(tr(" s"))
    field.setValue(value)
    return field


class ConfirmDialog(DialogFrame):
    """Asks before something that can't be undone; accepted if it is to be done."""

    def __init__(self, title: str, text: str, accept: str, parent: QWidget | None = None) -> None:
        super().__init__(title, text, parent)
        self.no = button(tr("Cancel"), self.reject)
        self.no.setDefault(True)
        self.yes = button(accept, self.accept, "danger")
        self.add_buttons(None, self.no, self.yes)
        self.no.setFocus()


class LeaveDialog(DialogFrame):
    """Asks whether to quit although something is at work.

    Args:
        going_on: what it is, in sentences.
        may_wait: whether it can be waited for.

    Signals:
        leave: the program is to quit now.
        leave_then: quit when it is done.
    """

    leave = Signal()
    leave_then = Signal()

    def __init__(self, going_on: list[str], may_wait: bool) -> None:
        super().__init__(tr("Quit in the middle of work?"))
        for words in going_on:
            self.body.addWidget(label(words, wrap=True))
        self.stay = button(tr("Keep working"), self.reject, "primary")
        self.stay.setDefault(True)
        self.then = button(tr("Quit when it is done"), self._then)
        self.then.setVisible(may_wait)
        self.now = button(tr("Quit now"), self._now, "danger")
        self.add_buttons(self.now, None, self.then, self.stay)
        self.stay.setFocus()

    def _now(self) -> None:
        self.accept()
        self.leave.emit()

    def _then(self) -> None:
        self.accept()
        self.leave_then.emit()
