"""Fields of the export dialog: loudness by what it is for, and what a book says of itself."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLineEdit, QWidget

from ditar_studio.services.export_settings import ExportSettings, Standard
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import mark, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row
from ditar_studio.ui.kit.widgets.choice import Choice

USUAL_LOUDNESS = -16.0
_PURPOSES: tuple[tuple[float | None, str], ...] = (
    (None, mark("As it is")),
    (-16.0, mark("-16 LUFS – podcasts, mono")),
    (-18.0, mark("-18 LUFS – audiobooks")),
    (-23.0, mark("-23 LUFS – broadcast (EBU R 128)")),
)
_ACX, _OTHER = "acx", "other"


class LoudnessField(QWidget):
    """A field for the loudness of the whole: as it is, for a purpose, as ACX demands, or any
    other value.
    """

    def __init__(self, settings: ExportSettings) -> None:
        super().__init__()
        self.choice = Choice(tr("Loudness"))
        for value, words in _PURPOSES:
            self.choice.addItem(tr(words), value)
        self.choice.addItem(tr("ACX – audiobooks for Audible, with a check"), _ACX)
        self.choice.addItem(tr("Another loudness"), _OTHER)
        self.value = QDoubleSpinBox()
        self.value.setRange(-50.0, -5.0)
        self.value.lineEdit().setTextMargins(8, 0, 0, 0)
        self.value.setDecimals(1)
        self.value.setSuffix(tr(" LUFS"))
        self.value.setAccessibleName(tr("Loudness in LUFS"))
        self.value.setValue(USUAL_LOUDNESS if settings.loudness is None else settings.loudness)
        line = row(self.choice, self.value)
        line.setContentsMargins(0, 0, 0, 0)
        line.setStretch(0, 1)
        self.setLayout(line)
        self.setFocusProxy(self.choice)
        wanted = _ACX if settings.standard else settings.loudness
        place = self.choice.findData(wanted) if wanted is not None else 0
        self.choice.setCurrentIndex(place if place >= 0 else self.choice.findData(_OTHER))
        self.choice.currentIndexChanged.connect(lambda _place: self._show_value())
        self._show_value()

    @property
    def loudness(self) -> float | None:
        """Loudness in LUFS; None to leave it."""
        chosen = self.choice.currentData()
        if chosen == _OTHER:
            return self.value.value()
        return None if chosen == _ACX else chosen

    @property
    def standard(self) -> Standard:
        """Standard whose demands are to be met."""
        return "acx" if self.choice.currentData() == _ACX else ""

    def _show_value(self) -> None:
        self.value.setVisible(self.choice.currentData() == _OTHER)


class BookFields(QWidget):
    """Title, author and cover, for formats that have them."""

    def __init__(self, settings: ExportSettings, project: str) -> None:
        super().__init__()
        self.title = QLineEdit(settings.title)
        self.title.setPlaceholderText(project)
        self.title.setAccessibleName(tr("Title of the book"))
        self.author = QLineEdit(settings.author)
        self.author.setAccessibleName(tr("Author of the book"))
        self.cover = QLineEdit(settings.cover)
        self.cover.setPlaceholderText(tr("No picture"))
        self.cover.setAccessibleName(tr("Cover picture"))
        browse = button(tr("Choose…"), self._browse, icon="folder")
        browse.setAccessibleName(tr("Choose the cover picture"))
        form = QGridLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(Space.M)
        form.setVerticalSpacing(Space.S)
        form.addWidget(label(tr("Title"), "small"), 0, 0)
        form.addWidget(self.title, 0, 1)
        form.addWidget(label(tr("Author"), "small"), 0, 2)
        form.addWidget(self.author, 0, 3)
        form.addWidget(label(tr("Cover"), "small"), 1, 0)
        form.addLayout(row(self.cover, browse), 1, 1, 1, 3)

    def _browse(self) -> None:
        ask_for_file(
            self,
            tr("Cover picture"),
            tr("Pictures (*.jpg *.jpeg *.png)"),
            lambda path: self.cover.setText(str(path)),
        )
