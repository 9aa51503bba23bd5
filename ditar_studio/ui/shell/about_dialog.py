"""The dialog about this program, with the licences of all that it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QListWidget, QPlainTextEdit, QTabWidget, QVBoxLayout, QWidget

from ditar_studio.assets import asset
from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row
from ditar_studio.ui.shell.application import NAME
from ditar_studio.version import __version__


@dataclass(frozen=True)
class Licence:
    """A component that ships with the program: name, kind of licence, its text."""

    component: str
    kind: str
    text: str


def licences() -> list[Licence]:
    """Return all components and their licences, from resources/licenses: `Name -- Kind.txt`."""
    found = []
    for path in sorted(asset("licenses").glob("*.txt"), key=lambda p: p.name.casefold()):
        component, _, kind = path.stem.partition(" -- ")
        found.append(Licence(component, kind, path.read_text(encoding="utf-8")))
    return found


class AboutDialog(DialogFrame):
    """Name, version, what it does and does not do; licences on a second page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(NAME, parent=parent)
        self.setWindowTitle(tr("About DiTAR Studio"))
        self.resize(680, 520)
        tabs = QTabWidget()
        tabs.tabBar().setDrawBase(False)
        tabs.addTab(self._about(), tr("About"))
        tabs.addTab(self._licences(), tr("Licences"))
        tabs.setDocumentMode(True)
        self.body.addWidget(tabs, 1)
        close = button(tr("Close"), self.accept)
        close.setDefault(True)
        self.add_buttons(None, close)

    def _about(self) -> QWidget:
        picture = QLabel()
        picture.setPixmap(icons.app_icon().pixmap(QSize(72, 72)))
        words = column(
            label(tr("Version {version}", version=__version__), "strong"),
            label(
                tr(
                    "Clone a voice on your own computer: record or load a reference, type, hear "
                    "it spoken while it is generated."
                ),
                "muted",
                wrap=True,
            ),
            spacing=Space.XS,
        )
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, Space.L, 0, 0)
        layout.setSpacing(Space.L)
        top = row(picture, spacing=Space.L)
        top.addLayout(words, 1)
        layout.addLayout(top)
        for heading, text in (
            (
                tr("Private"),
                tr(
                    "Recordings, voices and texts stay in your library folder. "
                    "Nothing is sent anywhere, and there is no account."
                ),
            ),
            (
                tr("Honest"),
                tr(
                    "Exported speech is marked as synthetic in its metadata, together "
                    "with the recipe that made it."
                ),
            ),
            (
                tr("Method"),
                tr(
                    "DiTAR, a diffusion transformer autoregressive model of speech: a "
                    "language model over patches of continuous latents, and a local "
                    "diffusion transformer that paints each patch."
                ),
            ),
            (
                tr("Licence"),
                tr("Apache License 2.0. The typeface is Inter, under the SIL Open Font License."),
            ),
        ):
            layout.addLayout(
                column(label(heading, "section"), label(text, "muted", wrap=True), spacing=2)
            )
        layout.addStretch(1)
        return page

    def _licences(self) -> QWidget:
        self._texts = licences()
        self.components = QListWidget()
        self.components.setAccessibleName(tr("Components"))
        self.components.setFixedWidth(220)
        for entry in self._texts:
            self.components.addItem(entry.component)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Text of the licence"))
        self.kind = label("", "section")
        self.components.currentRowChanged.connect(self._show)
        page = QWidget()
        layout = row(self.components, spacing=Space.L)
        layout.addLayout(column(self.kind, self.text), 1)
        layout.setContentsMargins(0, Space.M, 0, 0)
        page.setLayout(layout)
        self.components.setCurrentRow(0)
        return page

    def _show(self, index: int) -> None:
        if 0 <= index < len(self._texts):
            self.text.setPlainText(self._texts[index].text)
            self.kind.setText(self._texts[index].kind)
