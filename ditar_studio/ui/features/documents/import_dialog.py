"""The dialog of an import: what of a document is to become a script, and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QListWidget, QListWidgetItem, QWidget

from ditar_studio.documents import Document, ReadOptions, chosen
from ditar_studio.services.document_lines import speech_seconds
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, mark, number, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.segmented import Segmented

if TYPE_CHECKING:
    from ditar_studio.documents import Remark

_REMARKS: dict[str, tuple[str, str]] = {
    "notes_left_out": (
        mark("{count} footnote is left out."),
        mark("{count} footnotes are left out."),
    ),
    "notes_read": (
        mark("{count} footnote is read after its paragraph."),
        mark("{count} footnotes are read after their paragraphs."),
    ),
    "tables_by_row": (
        mark("{count} table is read row by row."),
        mark("{count} tables are read row by row."),
    ),
    "tables_left_out": (
        mark("{count} table is left out."),
        mark("{count} tables are left out."),
    ),
    "page_marks": (
        mark("{count} page number or running head is left out."),
        mark("{count} page numbers and running heads are left out."),
    ),
    "pictures": (
        mark("{count} picture is left out."),
        mark("{count} pictures are left out."),
    ),
    "formulas": (
        mark("{count} formula may not be read well."),
        mark("{count} formulas may not be read well."),
    ),
    "licence": (
        mark("The licence around the book is left out."),
        mark("The licence around the book is left out."),
    ),
    "directions": (
        mark("{count} direction or sound in brackets is left out."),
        mark("{count} directions and sounds in brackets are left out."),
    ),
    "code": (
        mark("{count} block of code is left out."),
        mark("{count} blocks of code are left out."),
    ),
    "pages_without_text": (
        mark("{count} page has no text."),
        mark("{count} pages have no text."),
    ),
}


def remark_text(remark: Remark) -> str:
    """Return what is not as in the document, in words."""
    one, many = _REMARKS[remark.kind]
    return counted(one, many, remark.count)


def length_text(words: int) -> str:
    """Return how many words, and how long they take about to say."""
    minutes = max(1, round(speech_seconds(words) / 60))
    hours, rest = divmod(minutes, 60)
    length = tr("{n} words", n=number(words, 0)) if words != 1 else tr("1 word")
    if hours:
        return tr("{words}, about {hours} h {minutes} min", words=length, hours=hours, minutes=rest)
    return tr("{words}, about {minutes} min", words=length, minutes=minutes)


class ImportDialog(DialogFrame):
    """Shows what is in a document and asks what of it to take.

    Args:
        name: of the file.
        document: what was read in it.
        into_new: whether a new project is proposed, not the open one.

    Signals:
        options_changed: `ReadOptions`, by which it is to be read again; `show_document` then.
        wanted: the `Document` of the chosen chapters, and whether a new project is to be made.
    """

    options_changed = Signal(object)
    wanted = Signal(object, bool)

    def __init__(
        self, name: str, document: Document, into_new: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(tr("Import {file}", file=name), "", parent)
        self.setMinimumWidth(theme.current().widened(560))
        self.summary = label("", "strong", wrap=True)
        self.remarks = label("", "small", wrap=True)
        self.chapters = QListWidget()
        self.chapters.setAccessibleName(tr("Chapters"))
        self.chapters.setMinimumHeight(200)
        self.chapters.setUniformItemSizes(True)
        self.all = button(tr("All"), lambda: self._check_all(True), "ghost")
        self.all.setAccessibleName(tr("Take all chapters"))
        self.none = button(tr("None"), lambda: self._check_all(False), "ghost")
        self.none.setAccessibleName(tr("Take no chapter"))
        self.notes = Choice(tr("Footnotes"))
        self.notes.addItem(tr("Leave out"), "leave_out")
        self.notes.addItem(tr("Read after their paragraph"), "after_paragraph")
        self.tables = Choice(tr("Tables"))
        self.tables.addItem(tr("Read row by row"), "by_row")
        self.tables.addItem(tr("Leave out"), "leave_out")
        self.headings = QCheckBox(tr("Read the headings of chapters"))
        self.headings.setChecked(True)
        self.where = Segmented(
            tr("Where it goes"), {"new": tr("A new project"), "open": tr("This project")}
        )
        self.where.choose("new" if into_new else "open")
        form = QGridLayout()
        form.setHorizontalSpacing(Space.L)
        form.setVerticalSpacing(Space.M)
        form.setColumnStretch(1, 1)
        rows = (
            (tr("Footnotes"), self.notes),
            (tr("Tables"), self.tables),
            ("", self.headings),
            (tr("Where it goes"), self.where),
        )
        kinds = {remark.kind.partition("_")[0] for remark in document.remarks}
        several = len(document.chapters) > 1
        of_use = {
            self.notes: "notes" in kinds,
            self.tables: "tables" in kinds,
            self.headings: document.chapters[0].paragraphs[0].start is None,  # no subtitles
        }
        for place, (words, field) in enumerate(rows):
            if not of_use.get(field, True):
                field.setParent(self)
                field.hide()
                continue
            name_label = label(words, "strong")
            name_label.setBuddy(field)
            form.addWidget(name_label, place, 0)
            form.addWidget(field, place, 1)
        choice = QWidget()
        choice.setLayout(
            column(
                row(label(tr("Chapters"), "strong"), None, self.all, self.none),
                self.chapters,
                spacing=Space.M,
            )
        )
        choice.setVisible(several)
        self.body.addWidget(self.summary)
        self.body.addWidget(self.remarks)
        self.body.addWidget(choice, 1)
        self.body.addLayout(form)
        self.ok = button(tr("Import"), self.accept, "primary", "check")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.chapters.itemChanged.connect(lambda _item: self._show_length())
        self.notes.activated.connect(lambda _place: self._ask_again())
        self.tables.activated.connect(lambda _place: self._ask_again())
        self.headings.clicked.connect(lambda _on: self._ask_again())
        self.accepted.connect(self._answer)
        self._name = name
        self._reading = False
        self._document = document
        self.show_document(document)

    def show_document(self, document: Document, options: ReadOptions | None = None) -> None:
        """Show what was read, with the chapters chosen that were.

        Args:
            options: by which it was; nothing is shown if others have been chosen since.
        """
        if options not in (None, self.options):
            return
        self._reading = False
        before = self._taken() if self.chapters.count() == len(document.chapters) else None
        self._document = document
        self.remarks.setText(" ".join(map(remark_text, document.remarks)))
        self.remarks.setVisible(bool(document.remarks))
        self.chapters.blockSignals(True)
        self.chapters.clear()
        for place, chapter in enumerate(document.chapters):
            title = chapter.title or chapter.paragraphs[0].text[:60]
            item = QListWidgetItem(f"{title} – {length_text(chapter.words)}")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            taken = chapter.read_out if before is None else place in before
            item.setCheckState(Qt.CheckState.Checked if taken else Qt.CheckState.Unchecked)
            self.chapters.addItem(item)
        self.chapters.blockSignals(False)
        self._show_length()

    @property
    def options(self) -> ReadOptions:
        """How the document is to be read."""
        return ReadOptions(
            notes=self.notes.currentData(),
            tables=self.tables.currentData(),
            headings=self.headings.isChecked(),
        )

    def _taken(self) -> list[int]:
        return [
            place
            for place in range(self.chapters.count())
            if self.chapters.item(place).checkState() == Qt.CheckState.Checked
        ]

    def _check_all(self, on: bool) -> None:
        self.chapters.blockSignals(True)
        for place in range(self.chapters.count()):
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self.chapters.item(place).setCheckState(state)
        self.chapters.blockSignals(False)
        self._show_length()

    def _show_length(self) -> None:
        taken = self._taken()
        words = sum(self._document.chapters[place].words for place in taken)
        title = self._document.title
        if self._document.author:
            title = tr("{title}, by {author}", title=title, author=self._document.author)
        self.summary.setText(f"{title} – {length_text(words)}" if taken else title)
        self.ok.setEnabled(bool(taken) and not self._reading)

    def _ask_again(self) -> None:
        self._reading = True
        self.ok.setEnabled(False)
        self.summary.setText(tr("Reading {file}…", file=self._name))
        self.options_changed.emit(self.options)

    def _answer(self) -> None:
        self.wanted.emit(chosen(self._document, self._taken()), self.where.choice == "new")
