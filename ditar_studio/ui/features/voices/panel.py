"""The library of voices: search, tags, a list, and what is known of the selected one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QKeyEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.voices.fine_tuning import FineTuning
from ditar_studio.ui.features.voices.fine_tuning_box import FineTuningBox
from ditar_studio.ui.features.voices.view_model import Voices
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.dropped import files_in, take_copies
from ditar_studio.ui.kit.item_model import Index, ItemModel
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, number, tr
from ditar_studio.ui.kit.widgets.basics import column, icon_button, label, row, surface
from ditar_studio.ui.kit.widgets.cards import CardDelegate, show_as_cards
from ditar_studio.ui.kit.widgets.chips import TagChips
from ditar_studio.ui.kit.widgets.empty_state import EmptyState
from ditar_studio.ui.kit.widgets.fitting_button import FittingButton
from ditar_studio.ui.kit.widgets.search_field import SearchField

ROW = 54
_CARD_NEEDS, _FINE_TUNING_NEEDS = 420, 320
BUNDLE_SUFFIX = ".ditarvoice"
_VOICE = Qt.ItemDataRole.UserRole


class VoicesModel(ItemModel[Voice]):
    """`Voices` for a Qt view."""

    def __init__(self, voices: Voices) -> None:
        super().__init__()
        self.voices = voices

    def refresh(self) -> None:
        """Take the list over as it is now."""
        self.set_items(self.voices.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        voice = self.items[index.row()]
        if role == _VOICE:
            return voice
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            used = tr(", voice of the project") if self.voices.speaks(voice) else ""
            tuned = tr(", fine-tuned") if voice.adapter is not None else ""
            return f"{voice.name}{tuned}{used}"
        return None


class _VoiceDelegate(CardDelegate):
    """Paints a voice: its initials, name, tags, and whether the project speaks in it."""

    def __init__(self, voices: Voices, parent: QWidget) -> None:
        super().__init__(ROW, 1, parent)
        self._voices = voices

    def fill(self, painter: QPainter, card: QRectF, index: Index, selected: bool) -> None:
        voice: Voice = index.data(_VOICE)
        now = theme.current()
        c = now.colours
        disc = QRectF(card.left() + 8, card.center().y() - 17, 34, 34)
        used = self._voices.speaks(voice)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("accent" if used else "pressed"))
        painter.drawEllipse(disc)
        painter.setPen(c.color("on_accent" if used else "muted"))
        painter.setFont(now.font("small", QFont.Weight.DemiBold))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, initials(voice.name))
        left, right = disc.right() + 10, card.right() - 8
        if used:
            ratio = painter.device().devicePixelRatio()
            tick = icons.pixmap("check", "accent_text", 16, ratio)
            painter.drawPixmap(round(right) - 16, round(card.center().y()) - 8, tick)
            right -= 22
        painter.setFont(now.font("body", QFont.Weight.DemiBold))
        painter.setPen(c.color("text"))
        name = painter.fontMetrics().elidedText(
            voice.name, Qt.TextElideMode.ElideRight, round(right - left)
        )
        upper = QRectF(left, card.top() + 7, right - left, now.sized(20))
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(now.font("small"))
        painter.setPen(c.color("muted"))
        words = painter.fontMetrics().elidedText(
            facts(voice), Qt.TextElideMode.ElideRight, round(right - left)
        )
        lower = QRectF(left, card.top() + now.sized(27), right - left, now.sized(18))
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter, words)


class _VoicesView(QListView):
    """The list; Return speaks the project in the voice, Space plays its reference.

    Signals:
        delete_asked: the selected voice is to be deleted.
    """

    delete_asked = Signal()

    def __init__(self, voices: Voices) -> None:
        super().__init__()
        self._voices = voices
        self.setAccessibleName(tr("Voices"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        show_as_cards(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        voice = self.currentIndex().data(_VOICE) if self.currentIndex().isValid() else None
        if voice is None or event.modifiers():
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._voices.use(voice.id)
        elif event.key() == Qt.Key.Key_Space:
            self._voices.play(voice.id)
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)


class VoicesPanel(QWidget):
    """All voices, and the selected one in some detail.

    Signals:
        record_asked: a new voice is wanted.
        bundle_dropped: path of a voice bundle.
        audio_dropped: path of a sound file, to be made a voice, and how many were dropped besides.
    """

    record_asked = Signal()
    bundle_dropped = Signal(str)
    audio_dropped = Signal(str, int)

    def __init__(
        self,
        voices: Voices,
        fine_tuning: FineTuning,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.voices = voices
        self.fine_tuning = FineTuningBox(fine_tuning, actions)
        self.actions_ = actions
        self.search = SearchField(tr("Find a voice…"))
        self.tags = TagChips(tr("Tags to filter by"))
        self.model = VoicesModel(voices)
        self.view = _VoicesView(voices)
        self.view.setModel(self.model)
        self.view.setItemDelegate(_VoiceDelegate(voices, self.view))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.empty = EmptyState(
            "voice",
            tr("No voice found"),
            tr("Look for something else, or make a new voice."),
            (tr("New voice"), self.record_asked.emit),
        )
        # Shown only in place of the list, it must not keep the card from its room.
        self.empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, Space.S, 0, Space.M)
        layout.setSpacing(Space.S)
        top = column(self.search, self.tags, spacing=Space.S)
        top.setContentsMargins(Space.M, 0, Space.M, 0)
        layout.addLayout(top)
        layout.addWidget(self.stack, 1)
        foot = column(self._make_card())
        foot.setContentsMargins(Space.M, 0, Space.M, 0)
        layout.addLayout(foot)
        self.setAcceptDrops(True)
        self._syncing = False
        self.search.textChanged.connect(voices.search)
        self.search.left_down.connect(self.view.setFocus)
        self.tags.changed.connect(voices.filter)
        self.view.delete_asked.connect(actions.action("voice.delete").trigger)
        self.view.doubleClicked.connect(lambda index: voices.use(index.data(_VOICE).id))
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.view.customContextMenuRequested.connect(self._menu_at)
        voices.changed.connect(self.refresh)
        fine_tuning.changed.connect(self._show_fine_tuning)
        self.refresh()

    def _make_card(self) -> QWidget:
        self.name = label("", "strong")
        self.about = label("", "small", wrap=True)
        self.said = label("", "caption", wrap=True)
        self.play_button = icon_button("play", tr("Play the reference"), self._play, size=16)
        self.more = icon_button("more", tr("More about this voice"), size=16)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self._fill(self.menu)
        self.more.setMenu(self.menu)
        self.use_button = FittingButton((tr("Speak in this voice"), tr("Use")))
        self.use_button.setProperty("kind", "primary")
        self.use_button.clicked.connect(self._use)
        body = column(
            row(self.name, None, self.play_button, self.more, spacing=Space.HAIR),
            self.about,
            self.said,
            Space.XS,
            self.fine_tuning,
            self.use_button,
            spacing=Space.XS,
        )
        self.card = surface("card", body, Space.M)
        return self.card

    def refresh(self) -> None:
        """Show the voices as they are now."""
        self._syncing = True
        self.tags.set_tags(self.voices.tags)
        self.model.refresh()
        index = self.model.place(self.voices.selected)
        if index.isValid():
            self.view.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        self._syncing = False
        self.stack.setCurrentWidget(self.view if self.model.items else self.empty)
        voice = self.voices.current
        self.card.setVisible(voice is not None)
        if voice is not None:
            self._show(voice)
            self._show_fine_tuning()

    def _show(self, voice: Voice) -> None:
        self.name.setText(voice.name)
        self.about.setText(facts(voice))
        sample = voice.reference
        words = " ".join(sample.transcript.split()) if sample else ""
        self.said.setText(f"“{words[:120]}…”" if len(words) > 120 else f"“{words}”")
        self._make_room()
        self.said.setToolTip(words)
        self.card.setToolTip(voice.consent)
        self.play_button.setEnabled(sample is not None)
        used = self.voices.speaks(voice)
        self.use_button.setEnabled(not used)
        self.use_button.set_texts(
            (tr("The project speaks in it"), tr("In use"))
            if used
            else (tr("Speak in this voice"), tr("Use"))
        )

    def _show_fine_tuning(self) -> None:
        if self.voices.current is not None:
            self.fine_tuning.show_voice(self.voices.current)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Leave words out of the card where the list would have no room beside it."""
        tall = self.height() >= _CARD_NEEDS
        self.fine_tuning.setVisible(self.height() >= _FINE_TUNING_NEEDS)
        self.about.setVisible(tall)
        self.said.setVisible(tall and len(self.said.text()) > len("“”"))

    def _fill(self, menu: QMenu) -> None:
        for action_id in ("fine_tune", "compare", "instant"):
            menu.addAction(self.actions_.action(f"voice.{action_id}"))
        menu.addSeparator()
        for action_id in ("samples", "rename", "tags", "duplicate", "bundle", "delete"):
            menu.addAction(self.actions_.action(f"voice.{action_id}"))

    def _menu_at(self, position: QPoint) -> None:
        if self.view.indexAt(position).isValid():
            self.menu.popup(self.view.viewport().mapToGlobal(position))

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if not self._syncing and index.isValid():
            self.voices.select(index.data(_VOICE).id)

    def _play(self) -> None:
        self.voices.play(self.voices.selected)

    def _use(self) -> None:
        self.voices.use(self.voices.selected)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        sounds = []
        for path in files_in(event.mimeData()):
            if path.suffix.lower() == BUNDLE_SUFFIX:
                self.bundle_dropped.emit(str(path))
            else:
                sounds.append(str(path))
        if sounds:
            self.audio_dropped.emit(sounds[0], len(sounds) - 1)
        take_copies(event)


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def facts(voice: Voice) -> str:
    """Return a voice in few words: instant or fine-tuned, length of its reference,
    samples, tags.
    """
    parts = [tr("Fine-tuned") if voice.adapter is not None else tr("Instant")]
    if voice.reference is None:
        return tr("no reference")
    parts.append(tr("{seconds} s", seconds=number(voice.reference.seconds, 0)))
    if len(voice.samples) > 1:
        parts.append(counted("{count} sample", "{count} samples", len(voice.samples)))
    parts += voice.tags
    return " · ".join(parts)
