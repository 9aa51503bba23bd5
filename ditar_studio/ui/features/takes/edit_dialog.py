"""Editing a take by its waveform: trim, cut, silence, gain, fades, markers, words of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from ditar_studio.audio.analysis.peaks import Peaks
from ditar_studio.errors import StudioError
from ditar_studio.services.takes import (
    LONGEST_FADE,
    LONGEST_SILENCE,
    LOUDEST_DB,
    QUIETEST_DB,
    TakeEdit,
)
from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.features.takes.editing import TakeEditing
from ditar_studio.ui.features.takes.panel import summary
from ditar_studio.ui.features.takes.view_model import Takes, read_take, words_of
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, literal, row
from ditar_studio.ui.kit.widgets.edit_waveform import EditWaveform
from ditar_studio.ui.kit.widgets.number_field import NumberField
from ditar_studio.ui.kit.widgets.waveform_painting import Mark

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.audio.devices.player_events import PlayerStatus
    from ditar_studio.services.takes import Take


class EditTakeDialog(DialogFrame):
    """Shows a take as it is heard, and changes that.

    Args:
        takes: where it is.
        editing: what changes it.
        playback: plays the take.
        take_id: of the take that is edited.
        undo: takes the last change back.
    """

    def __init__(
        self,
        takes: Takes,
        editing: TakeEditing,
        playback: Playback,
        take_id: str,
        undo: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        text = tr("Nothing is lost: the take's own sound stays as it was made.")
        super().__init__(tr("Edit the take"), text, parent)
        self.setMinimumWidth(theme.current().widened(760))
        self._takes = takes
        self._editing = editing
        self._playback = playback
        self._take_id = take_id
        self._shown: TakeEdit | None = None
        self._clip: Clip | None = None
        self._at = 0.0
        self.name = label("", "strong")
        self.wave = EditWaveform(tr("Waveform of the take"))
        self.wave.setMinimumHeight(150)
        self.play = button(tr("Play or pause"), self.toggle, icon="play")
        self.keep = button(tr("Keep the selection"), self.trim, icon="scissors")
        self.cut = button(tr("Delete the selection"), self.delete, icon="trash")
        self.words = button(tr("Words of another take"), icon="layers")
        self._menu = QMenu(self.words)
        self._menu.aboutToShow.connect(self._fill_others)
        self.words.setMenu(self._menu)
        self.silence = button(tr("Insert silence"), self.insert_silence, icon="pause")
        self.length = _seconds_field(tr("Length of the silence"), LONGEST_SILENCE, 0.5)
        self.marker = button(tr("Marker…"), self.ask_marker, icon="bookmark")
        self.split = button(tr("Split in two"), self.split_here, icon="a-b")
        self.gain = NumberField("-00.0")
        self.gain.setRange(QUIETEST_DB, LOUDEST_DB)
        self.gain.setDecimals(1)
        self.gain.setSingleStep(0.5)
        self.gain.setSuffix(tr(" dB"))
        self.gain.setAccessibleName(tr("Gain"))
        self.fade_in = _seconds_field(tr("Fade in"), LONGEST_FADE, 0.0)
        self.fade_out = _seconds_field(tr("Fade out"), LONGEST_FADE, 0.0)
        fields = row(spacing=Space.S)
        for words, field in (
            (tr("Gain"), self.gain),
            (tr("Fade in"), self.fade_in),
            (tr("Fade out"), self.fade_out),
        ):
            fields.addWidget(label(words, "small"))
            fields.addWidget(field)
            fields.addSpacing(Space.M)
        fields.addStretch(1)
        selected = row(self.keep, self.cut, self.words, None)
        there = row(self.silence, self.length, self.marker, self.split, None)
        self.body.addLayout(
            column(
                row(self.name, None, self.play),
                self.wave,
                selected,
                there,
                fields,
                spacing=Space.M,
            )
        )
        self.reset = button(tr("As it was made"), lambda: editing.set(take_id, None))
        self.undo = button(tr("Undo"), undo, icon="undo")
        done = button(tr("Done"), self.accept, "primary")
        done.setDefault(True)
        self.add_buttons(self.reset, self.undo, None, done)
        self.wave.seek.connect(self._seek)
        self.wave.selection_changed.connect(lambda _a, _b: self._show_what_can_be_done())
        self.wave.fades_changed.connect(self._on_fades)
        self.gain.valueChanged.connect(self._on_gain)
        for field in (self.fade_in, self.fade_out):
            field.valueChanged.connect(
                lambda _value: self._on_fades(self.fade_in.value(), self.fade_out.value())
            )
        playback.moved.connect(self._on_moved)
        takes.changed.connect(self.refresh)
        self.finished.connect(lambda _result: playback.pause())
        self.refresh()

    @property
    def take(self) -> Take | None:
        """The take that is edited."""
        return self._takes.take(self._take_id)

    def refresh(self) -> None:
        """Show the take as it is heard now."""
        take = self.take
        if take is None:
            self.reject()
            return
        edit = self._editing.edit_of(take)
        self.name.setText(summary(take))
        self._show_fields(edit)
        if edit != self._shown:
            self._shown = edit
            self._playback.bridge.background(
                read_take, take.path, 1.0, take.edit, done=self._show, owner=self
            )
        self._show_what_can_be_done()

    # --- what is done

    def toggle(self) -> None:
        """Play the take from the playhead on, or pause it."""
        take = self.take
        if self._clip is None or take is None:
            return
        if self._playback.shown_clip is self._clip:
            self._playback.toggle()
            return
        words = words_of(take, 1.0)
        self._playback.load(
            self._clip, summary(take), self._source, line_id=take.line_id or "", words=words
        )
        if self._at:
            self._playback.seek(self._at)

    def trim(self) -> None:
        """Keep only what is selected."""
        self._change(lambda edit: edit.trimmed(*self._selection))

    def delete(self) -> None:
        """Take out what is selected."""
        self._change(lambda edit: edit.without(*self._selection))

    def insert_silence(self) -> None:
        """Put silence at the playhead."""
        self._change(lambda edit: edit.with_silence(self._at, self.length.value()))

    def ask_marker(self) -> None:
        """Ask for the name of a marker at the playhead."""
        at = self._at
        dialog = TextDialog(tr("Marker"), tr("What is here?"), "", tr("Save"))
        dialog.setParent(self, dialog.windowFlags())
        dialog.answered.connect(lambda name: self._change(lambda e: e.with_marker(at, name)))
        dialog.open()

    def split_here(self) -> None:
        """Make two takes, of what is before and behind the playhead."""
        self._try(lambda take: self._editing.split(take, self._at))

    def use_words(self, other: Take) -> None:
        """Take the selected words from another take."""
        begin, end = self._selection
        self._try(lambda take: self._editing.use_words(take, begin, end, other))

    # --- inside

    @property
    def _source(self) -> str:
        return f"edit {self._take_id}"

    @property
    def _selection(self) -> tuple[float, float]:
        return self.wave.selection or (0.0, 0.0)

    def _change(self, change: Callable[[TakeEdit], TakeEdit]) -> None:
        self._try(lambda take: self._editing.set(take.id, change(self._editing.edit_of(take))))

    def _try(self, act: Callable[[Take], object]) -> None:
        """Do something to the take, and show why if it can't be done."""
        take = self.take
        if take is None:
            return
        try:
            act(take)
        except StudioError as error:
            self.toasts.notify(sentence(error.message), "danger", sentence(error.remedy))

    def _show(self, clip: Clip) -> None:
        at = min(self._at, clip.seconds)
        self._clip = clip
        self.wave.set_peaks(Peaks(clip.sample_rate, clip.samples))
        if self._shown is not None:
            self.wave.set_fades(self._shown.fade_in, self._shown.fade_out)
            self.wave.set_marks([Mark(m.at, m.name) for m in self._shown.markers])
        self._at = at
        self.wave.set_playhead(at)

    def _show_fields(self, edit: TakeEdit) -> None:
        for field, value in (
            (self.gain, edit.gain_db),
            (self.fade_in, edit.fade_in),
            (self.fade_out, edit.fade_out),
        ):
            if not field.hasFocus():
                field.blockSignals(True)
                field.setValue(value)
                field.blockSignals(False)

    def _show_what_can_be_done(self) -> None:
        take, selected = self.take, self.wave.selection is not None
        for each in (self.keep, self.cut):
            each.setEnabled(selected)
        has_others = take is not None and bool(self._editing.others(take))
        self.words.setEnabled(selected and has_others)
        self.reset.setEnabled(take is not None and take.edit is not None)

    def _fill_others(self) -> None:
        self._menu.clear()
        take = self.take
        for other in self._editing.others(take) if take is not None else ():
            self._menu.addAction(literal(summary(other)), partial(self.use_words, other))

    def _on_gain(self, value: float) -> None:
        self._try(lambda take: self._editing.set_gain(take, value))

    def _on_fades(self, fade_in: float, fade_out: float) -> None:
        self._try(lambda take: self._editing.set_fades(take, fade_in, fade_out))

    def _seek(self, seconds: float) -> None:
        self._at = seconds
        self.wave.set_playhead(seconds)
        if self._playback.shown_clip is self._clip and self._clip is not None:
            self._playback.seek(seconds)

    def _on_moved(self, status: PlayerStatus) -> None:
        if self._clip is not None and self._playback.shown_clip is self._clip:
            self._at = status.position
            self.wave.set_playhead(status.position)


def _seconds_field(name: str, most: float, value: float) -> NumberField:
    field = NumberField("00.00")
    field.setRange(0.0, most)
    field.setDecimals(2)
    field.setSingleStep(0.05)
    field.setSuffix(tr(" s"))
    field.setValue(value)
    field.setAccessibleName(name)
    return field
