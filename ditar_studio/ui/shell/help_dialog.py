"""The guide in the program: topics to search, and what the control at hand is for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QFont, QHelpEvent, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QTextBrowser,
    QVBoxLayout,
    QWhatsThis,
    QWidget,
)

from ditar_studio.services.guide import MARKS, Topic, search, topics
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import language, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row, surface
from ditar_studio.ui.kit.widgets.search_field import SearchField

TOPIC_OF: dict[Place, str] = {
    Place.VOICES: "A voice of your own",
    Place.REFERENCE: "A voice of your own",
    Place.SCRIPT: "Scripts",
    Place.PLAYER: "The first five minutes",
    Place.PARAMETERS: "Parameters",
    Place.TAKES: "The first five minutes",
}
"""Where in the guide a part of the window is explained."""


def description_of(widget: QWidget | None) -> tuple[str, str]:
    """Return the name of a control and what it is for; empty where it says neither."""
    while widget is not None:
        name = widget.accessibleName()
        words = widget.accessibleDescription() or widget.toolTip()
        if name or words:
            return name, "" if words == name else words
        widget = widget.parentWidget()
    return "", ""


class HelpDialog(QDialog):
    """Shows the guide beside a list of its topics; stays open beside the window.

    Args:
        control: name and purpose of the control that help was asked for; empty for none.
        title: of the topic that is shown first.
    """

    def __init__(
        self, control: tuple[str, str], title: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Guide"))
        self.resize(theme.current().sized(760), 560)
        self._found: tuple[Topic, ...] = ()
        self.search = SearchField(tr("Search the guide…"))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Topics of the guide"))
        self.list.setFixedWidth(theme.current().sized(240))
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page = QTextBrowser()
        self.page.setAccessibleName(tr("Guide"))
        self.page.setOpenLinks(False)
        self.page.anchorClicked.connect(self._follow)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        name, words = control
        here = column(label(name, "strong"), label(words, "small", wrap=True), spacing=2)
        self.control = surface("card", here, Space.M)
        self.control.setVisible(bool(name and words))
        side = column(self.search, self.list, spacing=Space.S)
        main = column(self.control, self.page, spacing=Space.S)
        body = QHBoxLayout()
        body.setSpacing(Space.L)
        body.addLayout(side)
        body.addLayout(main, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        whole.addLayout(body, 1)
        whole.addLayout(row(None, button(tr("Close"), self.accept)))
        self.search.textChanged.connect(self._fill)
        self.search.left_down.connect(self.list.setFocus)
        self.list.currentRowChanged.connect(self._show)
        self._fill("")
        self.show_topic(title)
        self.search.setFocus()

    def show_topic(self, title: str) -> None:
        """Show the topic of an English title, else the first."""
        titles = [topic.title for topic in topics()]
        place = titles.index(title) if title in titles else 0
        wanted = topics(language())[place : place + 1]
        self.list.setCurrentRow(self._found.index(wanted[0]) if wanted else 0)

    def _follow(self, link: QUrl) -> None:
        """Show the page that a link of the guide leads to."""
        if link.toString().startswith(MARKS):
            self.search.clear()
            self.list.setCurrentRow(self.list.count() - 1)

    def _fill(self, words: str) -> None:
        self._found = search(topics(language()), words)
        self.list.clear()
        self.list.addItems([topic.title for topic in self._found])
        self.list.setCurrentRow(0)
        if not self._found:
            self.page.setPlainText(tr("Nothing in the guide has these words."))

    def _show(self, place: int) -> None:
        if 0 <= place < len(self._found):
            topic = self._found[place]
            self.page.setMarkdown(f"# {topic.title}\n\n{topic.text}")
            _space_out(self.page.document())


def _space_out(document: QTextDocument) -> None:
    """Part the paragraphs of a text, and give its headings a weight that the typeface has."""
    block = document.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        form = block.blockFormat()
        if form.headingLevel():
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            weight = QTextCharFormat()
            weight.setFontWeight(QFont.Weight.DemiBold)
            cursor.mergeCharFormat(weight)
        if cursor.currentTable() is None:
            form.setBottomMargin(Space.S)
            cursor.setBlockFormat(form)
        block = block.next()


class WhatsThis(QObject):
    """Answers “what is this?” on every control with its name and purpose."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, QWidget) and isinstance(event, QHelpEvent):
            name, words = description_of(watched)
            if event.type() == QEvent.Type.QueryWhatsThis:
                event.setAccepted(bool(name or words))
                return True
            if event.type() == QEvent.Type.WhatsThis and not watched.whatsThis():
                said = "\n\n".join(part for part in (name, words) if part)
                QWhatsThis.showText(event.globalPos(), said, watched)
                return True
        return super().eventFilter(watched, event)


def place_of(widget: QWidget | None, regions: dict[Place, QWidget]) -> Place | None:
    """Return the part of the window that a widget is in."""
    return next(
        (
            place
            for place, region in regions.items()
            if widget is not None and (region is widget or region.isAncestorOf(widget))
        ),
        None,
    )
