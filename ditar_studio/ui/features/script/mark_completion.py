"""Completion of marks: what is offered after a bracket has been typed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QCompleter, QPlainTextEdit

from ditar_studio.ui.features.script.mark_choices import CHOICES, MarkChoice, voice_choice
from ditar_studio.ui.kit.text_places import to_characters, to_units
from ditar_studio.ui.kit.translate import tr

_LONGEST = 24


class MarkCompletion(QCompleter):
    """Offers marks while one is being typed.

    Args:
        edit: where it is typed.
        voices: gives the names of the voices.
        insert: puts a mark in the place of what was typed of it, so many characters.
    """

    def __init__(
        self,
        edit: QPlainTextEdit,
        voices: Callable[[], list[str]],
        insert: Callable[[MarkChoice, int], object],
    ) -> None:
        super().__init__(edit)
        self._edit = edit
        self._voices = voices
        self._insert = insert
        self._choices: list[MarkChoice] = []
        self.setModel(QStringListModel(self))
        self.setWidget(edit)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._list.setProperty("popup", "true")
        self.activated.connect(self._on_chosen)

    @property
    def shown(self) -> bool:
        """Whether marks are being offered."""
        return self._list.isVisible()

    @property
    def _list(self) -> QAbstractItemView:
        popup = self.popup()
        assert popup is not None, "that is its mode"
        return popup

    def offer(self) -> None:
        """Offer the marks that begin like what stands before the cursor, or none any more."""
        typed = self._typed()
        if typed is None:
            self._list.hide()
            return
        if not self.shown:
            self._choices = [*CHOICES, *(voice_choice(name) for name in self._voices())]
            rows = [f"{choice.begins}   {tr(choice.title)}" for choice in self._choices]
            model = self.model()
            assert isinstance(model, QStringListModel)
            model.setStringList(rows)
        self.setCompletionPrefix(typed)
        if not self.completionCount():
            self._list.hide()
            return
        rect = self._edit.cursorRect()
        rect.setWidth(self._list.sizeHintForColumn(0) + 32)
        self.complete(rect)
        self._list.setCurrentIndex(self.completionModel().index(0, 0))

    def _typed(self) -> str | None:
        """Return what has been typed of a mark; None where the cursor is in none."""
        cursor = self._edit.textCursor()
        if cursor.hasSelection():
            return None
        text = self._edit.toPlainText()
        before = text[: to_characters(text, cursor.position())][-_LONGEST:]
        place = before.rfind("[")
        typed = before[place:] if place >= 0 else ""
        return typed if typed and "]" not in typed and "/" not in typed else None

    def _on_chosen(self, words: str) -> None:
        typed = self._typed()
        for choice in self._choices:
            if words == f"{choice.begins}   {tr(choice.title)}":
                self._insert(choice, to_units(typed or "", len(typed or "")))
                return
