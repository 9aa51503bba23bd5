"""The takes: starred, noted, compared, dragged out as real files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    QUrl,
)
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStackedWidget,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.services.takes import Take
from ditar_studio.ui.features.takes.view_model import Takes
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.item_model import Index, ItemModel
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, moment_text, number, tr
from ditar_studio.ui.kit.widgets.basics import action_button, row, rule
from ditar_studio.ui.kit.widgets.cards import CardDelegate, show_as_cards
from ditar_studio.ui.kit.widgets.empty_state import EmptyState
from ditar_studio.ui.kit.widgets.segmented import Segmented

ROW = 42
BUTTON = 34
"""Width in pixels of the button at either end of a row."""
_TAKE = Qt.ItemDataRole.UserRole


class TakesModel(ItemModel[Take]):
    """`Takes` for a Qt view."""

    def __init__(self, takes: Takes) -> None:
        super().__init__(takes.shown)
        self.takes = takes

    def refresh(self) -> None:
        """Take the list over as it is now."""
        self.set_items(self.takes.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        take = self.items[index.row()]
        if role == _TAKE:
            return take
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            starred = tr("starred, ") if take.starred else ""
            return (
                f"{take_name(take)}, {starred}{facts(take)}, {take.note or self.takes.title(take)}"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return recipe_words(take)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        files = [self.takes.drag_file(self.items[index.row()].id) for index in indexes]
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in files if path is not None])
        return data


class _TakeDelegate(CardDelegate):
    """Paints a take: a play button, its name and note, a star; length, model and time."""

    def __init__(self, takes: Takes, parent: QWidget) -> None:
        super().__init__(ROW, 2, parent)
        self._takes = takes

    def fill(self, painter: QPainter, card: QRectF, index: Index, selected: bool) -> None:
        take: Take = index.data(_TAKE)
        now = theme.current()
        c = now.colours
        ratio = painter.device().devicePixelRatio()
        loaded = self._takes.playback.source == take.id
        play = icons.pixmap("play", "accent_text" if loaded else "muted", 16, ratio)
        painter.drawPixmap(round(card.left()) + 9, round(card.center().y()) - 8, play)
        star = icons.pixmap(
            "star-filled" if take.starred else "star",
            "warning" if take.starred else "border_strong",
            16,
            ratio,
        )
        painter.drawPixmap(round(card.right()) - 25, round(card.top()) + 4, star)
        left, right = card.left() + BUTTON, card.right() - 9
        head = QRectF(left, card.top() + 3, right - left - 22, now.sized(18))
        if self._takes.stands(take):
            tick = icons.pixmap("check", "success", 14, ratio)
            painter.drawPixmap(round(head.right()) - 16, round(head.center().y()) - 7, tick)
            head.setRight(head.right() - 20)
        painter.setFont(now.font("small", QFont.Weight.DemiBold))
        painter.setPen(c.color("text"))
        head.setLeft(head.left() + _draw(painter, head, take_name(take)) + Space.S)
        painter.setFont(now.font("small"))
        painter.setPen(c.color("accent_text" if take.note else "muted"))
        _draw(painter, head, take.note or (self._takes.title(take) if self._takes.of_all else ""))
        foot = QRectF(left, card.top() + now.sized(21), right - left, now.sized(16))
        painter.setFont(now.font("caption"))
        painter.setPen(c.color("muted" if selected else "faint"))
        stamp = when(take.created)
        width = painter.fontMetrics().horizontalAdvance(stamp)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, stamp)
        painter.setPen(c.color("muted"))
        _draw(painter, foot.adjusted(0, 0, -width - Space.S, 0), facts(take))

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            pressed = button_at(option.rect, event.position().x())
            if pressed:
                act = {"play": self._takes.play_or_pause, "star": self._takes.toggle_star}[pressed]
                act(index.data(_TAKE).id)
                return True
        return super().editorEvent(event, model, option, index)


def _draw(painter: QPainter, place: QRectF, words: str) -> int:
    """Write words into a place, shortened if need be; return the width that they took."""
    metrics = painter.fontMetrics()
    short = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, round(place.width())))
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, short)
    return metrics.horizontalAdvance(short)


def button_at(row: QRect, x: float) -> str:
    """Return which button of a take's row is at a place: play, star, or none (empty)."""
    if x - row.left() < BUTTON + Space.S:
        return "play"
    return "star" if row.right() - x < BUTTON + Space.S else ""


class TakesView(QListView):
    """The list; Return and a double click play, the mouse drags files out."""

    def __init__(self, takes: Takes) -> None:
        super().__init__()
        self._takes = takes
        self.setAccessibleName(tr("Takes"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        show_as_cards(self)
        self.viewport().setBackgroundRole(QPalette.ColorRole.NoRole)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self.mousePressEvent(event)
        if index.isValid() and not button_at(self.visualRect(index), event.position().x()):
            self._takes.play(index.data(_TAKE).id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            if self.currentIndex().isValid():
                self._takes.play(self.currentIndex().data(_TAKE).id)
        elif event.key() == Qt.Key.Key_Delete and not event.modifiers():
            self._takes.delete()
        else:
            super().keyPressEvent(event)


class TakesPanel(QWidget):
    """The list of takes, of the selected line or of all."""

    def __init__(self, takes: Takes, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.takes = takes
        self.actions_ = actions
        self.scope = Segmented(
            tr("Which takes"),
            {"line": tr("This line"), "all": tr("All lines")},
            {"line": tr("Line"), "all": tr("All")},
        )
        self.model = TakesModel(takes)
        self.view = TakesView(takes)
        self.view.setModel(self.model)
        self.view.setItemDelegate(_TakeDelegate(takes, self.view))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.empty = EmptyState(
            "layers",
            tr("No takes yet"),
            tr("Each time a line is spoken, a take is kept here."),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.empty)
        a = actions.action
        self.bar = row(
            *(
                action_button(a(action_id), 16)
                for action_id in (
                    "takes.play",
                    "takes.star",
                    "takes.note",
                    "takes.use",
                    "takes.compare",
                    "takes.export",
                )
            ),
            None,
            action_button(a("takes.delete"), 16),
            spacing=2,
        )
        self.bar.setContentsMargins(Space.M, 0, Space.M, Space.S)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.stack, 1)
        layout.addWidget(rule())
        layout.addLayout(self.bar)
        self._syncing = False
        self.scope.chosen.connect(lambda key: takes.show_all(key == "all"))
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.selectionModel().selectionChanged.connect(self._on_selection)
        takes.changed.connect(self.refresh)
        takes.selection_changed.connect(self._show_selection)
        takes.playback.loaded.connect(self.view.viewport().update)
        takes.playback.finished.connect(self.view.viewport().update)
        self.refresh()

    def refresh(self) -> None:
        """Show the takes as they are now."""
        self._syncing = True
        self.model.refresh()
        self._syncing = False
        self._show_selection()
        self.stack.setCurrentWidget(self.view if self.model.items else self.empty)

    def _show_selection(self) -> None:
        self._syncing = True
        selection = QItemSelection()
        for take_id in self.takes.selected:
            index = self.model.place(take_id)
            if index.isValid():
                selection.select(index, index)
        chooser = self.view.selectionModel()
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if self.takes.selected:
            index = self.model.place(self.takes.selected[0])
            if index.isValid() and not self.view.currentIndex().isValid():
                chooser.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self._syncing = False

    def _on_selection(self, _on: QItemSelection, _off: QItemSelection) -> None:
        if self._syncing:
            return
        chosen = [index.data(_TAKE).id for index in self.view.selectionModel().selectedIndexes()]
        current = self.view.currentIndex()
        if current.isValid():
            first = current.data(_TAKE).id
            chosen.sort(key=lambda take_id: take_id != first)
        self.takes.select(tuple(chosen))

    def _menu(self, position: QPoint) -> None:
        index = self.view.indexAt(position)
        if not index.isValid():
            return
        take: Take = index.data(_TAKE)
        menu = QMenu(self)
        menu.addAction(self.actions_.action("takes.play"))
        if not self.takes.stands(take) and take.line_id is not None:
            menu.addAction(
                icons.icon("check"),
                tr("Use this take for its line"),
                lambda: self.takes.choose(take.id),
            )
        menu.addSeparator()
        for action_id in ("star", "note", "use", "compare", "edit", "join", "unedit"):
            action = self.actions_.action(f"takes.{action_id}")
            if action_id not in ("join", "unedit") or action.isEnabled():
                menu.addAction(action)
        menu.addSeparator()
        for action_id in ("export", "reveal", "delete"):
            menu.addAction(self.actions_.action(f"takes.{action_id}"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(position))


def take_name(take: Take) -> str:
    """Return what a take is called among those of its line."""
    return tr("Take {number}", number=take.number) if take.number else tr("Take")


def facts(take: Take) -> str:
    """Return a take in short: length, model, what is wrong with it."""
    parts = [tr("{seconds} s", seconds=number(take.seconds, 1)), tr(take.recipe.model_name)]
    if take.word_check is not None:
        count = len(take.differing)
        if count:
            parts.insert(1, counted("{count} word differs", "{count} words differ", count))
    elif take.verification is not None and take.verification.doubtful:
        parts.insert(1, tr("words may be missing"))
    if take.edit is not None:
        parts.insert(1, tr("edited"))
    if take.status == "partial":
        parts.insert(1, tr("stopped"))
    return " · ".join(parts)


def summary(take: Take) -> str:
    """Name and facts of a take."""
    return f"{take_name(take)} · {facts(take)}"


def when(created: float) -> str:
    """Return the time of day of today's takes, the date of older ones."""
    moment = datetime.fromtimestamp(created)
    today = moment.date() == datetime.now().date()
    return moment_text(created, tr("HH:mm") if today else tr("d MMM"))


def recipe_words(take: Take) -> str:
    """Return the recipe of a take, a line for each part."""
    recipe = take.recipe
    settings = recipe.settings
    lines = [
        take.text,
        "",
        tr("Voice: {name}", name=recipe.voice_name or tr("none")),
        tr("Model: {name} {hash}", name=tr(recipe.model_name), hash=recipe.model_hash[:8]),
        tr(
            "Temperature {t}, guidance {g}, steps {n}, seed {s}",
            t=settings.get("temperature", "–"),
            g=settings.get("guidance", "–"),
            n=settings.get("steps", "–"),
            s=settings.get("seed", "–"),
        ),
    ]
    if take.rtf is not None:
        made_in = number(take.rtf * take.seconds, 1)
        factor = number(take.rtf, 2)
        lines.append(
            tr("Made in {seconds} s (real-time factor {factor})", seconds=made_in, factor=factor)
        )
    if take.similarity is not None:
        lines.append(tr("Likeness to the reference {value}", value=number(take.similarity, 2)))
    if take.verification is not None:
        share = number(100 * take.verification.sounds_wrong, 0)
        lines.append(tr("Heard by the model: {share} % of the sounds differ", share=share))
        if take.verification.likeness is not None:
            likeness = number(take.verification.likeness, 2)
            lines.append(tr("Likeness by the model's own measure {value}", value=likeness))
    return "\n".join(lines)
