"""The player: the waveform as it grows, and the transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSlider, QVBoxLayout, QWidget

from ditar_studio.ui.features.player.devices import Devices
from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import (
    action_button,
    icon_button,
    label,
    round_button,
    row,
)
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.waveform import WaveformView
from ditar_studio.ui.kit.widgets.waveform_painting import Mark, clock_text

if TYPE_CHECKING:
    from ditar_studio.audio.devices.player_events import PlayerStatus


_SOUND_NEEDS = 520
"""Width from which volume and output device have room beside the transport."""

_VOLUME, _OUTPUT = (56, 96), (96, 240)
"""Least and largest widths in pixels of the volume and of the choice of the output device."""

_USUAL_TIME = "0:00.0 / 0:00.0"
"""What is shorter takes no less room, so that nothing beside it moves while it counts."""


class PlayerPanel(QWidget):
    """Shows what `Playback` plays and steers it."""

    def __init__(
        self,
        playback: Playback,
        devices: Devices,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.playback = playback
        self.devices = devices
        self.actions_ = actions
        self._marks: list[Mark] = []
        self._spectrogram = False
        self.wave = WaveformView(tr("Waveform"), selectable=True)
        self.wave.set_prompt(tr("What you speak or play appears here."))
        self.title = label("", "strong")
        self.time = label("", "number")
        play = actions.action("speak.play")
        self.play_button = round_button("play", tr("Play"), play.trigger)
        play.changed.connect(lambda: self.play_button.setEnabled(play.isEnabled()))
        self.loop_button = action_button(actions.action("speak.loop"))
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setRange(0, 100)
        self.volume.setMinimumWidth(_VOLUME[0])
        self.volume.setMaximumWidth(_VOLUME[1])
        self.volume.setAccessibleName(tr("Volume"))
        self.volume.setToolTip(tr("Volume"))
        self.mute = icon_button("volume", tr("Mute"), self._toggle_mute)
        self.output = Choice(tr("Output device"), tr("Where the sound comes out."))
        self.output.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.output.setMinimumWidth(_OUTPUT[0])
        self.output.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._muted_from = 0.9
        self._waits = False
        a = actions.action
        self._top = QWidget()
        self._top.setLayout(
            row(
                self.title,
                None,
                action_button(a("view.spectrogram"), 16),
                action_button(a("view.zoom_out"), 16),
                action_button(a("view.zoom_fit"), 16),
                action_button(a("view.zoom_in"), 16),
                spacing=2,
            )
        )
        transport = row(
            action_button(a("speak.start")),
            action_button(a("speak.back")),
            self.play_button,
            action_button(a("speak.forward")),
            self.loop_button,
            Space.S,
            self.time,
            None,
            self.mute,
            self.volume,
            Space.S,
            self.output,
            spacing=Space.XS,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.L, Space.M)
        layout.setSpacing(Space.S)
        layout.addWidget(self._top)
        layout.addWidget(self.wave, 1)
        layout.addLayout(transport)
        self.volume.valueChanged.connect(self._on_volume)
        self.output.activated.connect(
            lambda index: devices.choose_output(self.output.itemData(index))
        )
        self.wave.seek.connect(playback.seek)
        self.wave.selection_changed.connect(playback.select)
        playback.loaded.connect(self._on_loaded)
        playback.grew.connect(self.wave.refresh)
        playback.finished.connect(self._on_finished)
        playback.moved.connect(self._on_moved)
        devices.changed.connect(self._on_devices)
        theme.manager.changed.connect(self._draw_spectrogram)
        self.volume.setValue(round(100 * devices.volume))
        self._on_volume(self.volume.value())
        self._on_devices()
        self.set_short(False)
        self._show_playing(False)
        self.play_button.setEnabled(play.isEnabled())

    # --- what the actions do

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The settings have them too, the system has a volume.
        wide = self.width() >= theme.current().widened(_SOUND_NEEDS)
        self.volume.setVisible(wide)
        self.output.setVisible(wide)
        self.output.setMaximumWidth(theme.current().sized(_OUTPUT[1]))
        self.time.ensurePolished()
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance(_USUAL_TIME))

    def set_short(self, short: bool) -> None:
        """Leave out what the menus and keys do as well, where the window is low."""
        self._top.setVisible(not short)
        self.wave.setMinimumHeight(36 if short else 64)
        self.setMinimumHeight(0 if short else 200)

    def show_spectrogram(self, on: bool) -> None:
        """Show or hide the spectrogram behind the waveform."""
        self._spectrogram = on
        self._draw_spectrogram()

    def add_mark(self, seconds: float, text: str) -> None:
        """Flag where a line begins."""
        self._marks.append(Mark(seconds, text))
        self.wave.set_marks(self._marks)

    # --- following the player

    def _on_loaded(self) -> None:
        self._marks = []
        self.wave.set_peaks(self.playback.peaks, growing=self.playback.growing)
        self.wave.set_patch_seconds(self.playback.patch_seconds)
        self._show_title()
        there = self.playback.peaks is not None
        self.actions_.set_facts(sound_loaded=there)
        if not there:
            self.time.clear()
            self._show_playing(False)
        self._draw_spectrogram()

    def _show_title(self) -> None:
        words = self.playback.title
        if self._waits:
            words = tr("Waits for a loudspeaker: {title}", title=words)
        self.title.setText(words if len(words) <= 60 else f"{words[:59].rstrip()}…")
        self.title.setToolTip(words)

    def _on_finished(self) -> None:
        self.wave.finish()
        self._show_title()
        self._draw_spectrogram()

    def _on_moved(self, status: PlayerStatus) -> None:
        if status.state == "empty" or self.playback.peaks is None:
            return
        self.wave.set_playhead(status.position)
        self.time.setText(
            f"{clock_text(status.position, 0.1)} / {clock_text(status.generated, 0.1)}"
        )
        if (waits := status.state == "device lost") != self._waits:
            self._waits = waits
            self._show_title()
        self._show_playing(status.state in ("playing", "waiting", "device lost"))

    def _show_playing(self, playing: bool) -> None:
        name = tr("Pause") if playing else tr("Play")
        if self.play_button.accessibleName() != name:
            self.play_button.setIcon(icons.icon("pause" if playing else "play", "on_accent"))
            self.play_button.setAccessibleName(name)
            self.play_button.setToolTip(name)

    def _on_volume(self, percent: int) -> None:
        self.playback.set_volume((percent / 100) ** 2)
        self.devices.set_volume(percent / 100)
        self.mute.setIcon(icons.icon("volume" if percent else "mute"))

    def _toggle_mute(self) -> None:
        if self.volume.value():
            self._muted_from = self.volume.value() / 100
            self.volume.setValue(0)
        else:
            self.volume.setValue(round(100 * self._muted_from))

    def _on_devices(self) -> None:
        self.output.blockSignals(True)
        self.output.clear()
        self.output.addItem(tr("System default"), "")
        for device in self.devices.outputs:
            self.output.addItem(device.name, device.name)
        self.output.setCurrentIndex(max(0, self.output.findData(self.devices.output)))
        self.output.blockSignals(False)

    def _draw_spectrogram(self) -> None:
        peaks = self.playback.peaks
        if not self._spectrogram or self.playback.growing or peaks is None:
            self.wave.set_spectrogram(None)
            return
        from ditar_studio.ui.kit.widgets.spectrogram import spectrogram_image

        samples = self.playback.samples()
        self.playback.bridge.background(
            spectrogram_image,
            samples,
            peaks.sample_rate,
            theme.current().colours,
            done=lambda image: self._show_spectrogram(image, peaks),
            owner=self,
        )

    def _show_spectrogram(self, image: object, peaks: object) -> None:
        if self._spectrogram and peaks is self.playback.peaks:
            self.wave.set_spectrogram(image)  # type: ignore[arg-type]
