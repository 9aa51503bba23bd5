"""A new voice: microphone, meter, passage, recording, waveform, verdict, transcript."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QTextCursor
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QPlainTextEdit,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.ui.features.player.devices import Devices
from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.features.reference.clip import Stage
from ditar_studio.ui.features.reference.passages import passages
from ditar_studio.ui.features.reference.view_model import ReferenceMaker
from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.dropped import files_in, take_copies
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import mark, number, sentence, tr
from ditar_studio.ui.kit.widgets.basics import (
    action_button,
    announce,
    button,
    column,
    icon_button,
    label,
    row,
    scrolling,
    set_progress,
    set_property,
    surface,
)
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.level_meter import LevelMeterView
from ditar_studio.ui.kit.widgets.messages import tone_icon
from ditar_studio.ui.kit.widgets.waveform import WaveformView
from ditar_studio.ui.kit.widgets.waveform_painting import clock_text

TITLES: dict[str, str] = {
    "harbour": mark("Passage: The harbour"),
    "kitchen": mark("Passage: The kitchen"),
    "train": mark("Passage: The train"),
    "garden": mark("Passage: The garden"),
}
_TONES = {"good": "success", "advice": "warning", "problem": "danger"}
SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aif", ".aiff", ".m4a")


class ReferencePanel(QWidget):
    """Makes a reference step by step, from top to bottom.

    Signals:
        save_asked: the clip is to be saved as a voice.
        open_asked: a sound file is to be chosen.
        sound_dropped: path of a sound file, and how many were dropped besides.
    """

    save_asked = Signal()
    open_asked = Signal()
    sound_dropped = Signal(str, int)

    def __init__(
        self,
        maker: ReferenceMaker,
        playback: Playback,
        devices: Devices,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.maker = maker
        self.playback = playback
        self.devices = devices
        self.actions_ = actions
        self._make_source()
        self._make_clip()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        layout.setSpacing(Space.M)
        layout.addLayout(row(self.input, action_button(actions.action("voice.rescan"), 16)))
        layout.addLayout(column(self.meter, self.meter_words, spacing=Space.XS))
        layout.addWidget(self.source)
        layout.addWidget(self.clip_part)
        layout.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(content, self), 1)
        whole.addWidget(self.end_part)
        self.setAcceptDrops(True)
        self.input.activated.connect(lambda i: devices.choose_input(self.input.itemData(i)))
        devices.changed.connect(self._on_devices)
        maker.stage_changed.connect(self._on_stage)
        maker.ticked.connect(self._on_tick)
        maker.clip_changed.connect(self._on_clip)
        maker.judged.connect(self._on_verdict)
        maker.transcript_changed.connect(self._on_transcript)
        maker.transcribing_changed.connect(self._on_transcribing)
        playback.moved.connect(self._on_moved)
        self._on_devices()
        self._on_clip()
        self._on_stage(maker.stage)
        self._on_tick()

    def _make_source(self) -> None:
        self.input = Choice(tr("Microphone"), tr("The microphone to record from."))
        self.input.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.input.setMinimumContentsLength(8)
        self.input.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.meter = LevelMeterView(tr("Microphone level"))
        self.meter.clicked.connect(self.actions_.action("voice.monitor").trigger)
        self.meter.clip_reset.connect(self.maker.microphone.reset_clip)
        self.meter_words = label(tr("Aim for peaks of about −6 dB."), "caption")
        self.passage = Choice(tr("What you read aloud"))
        self._texts: dict[str, str] = {"": ""}
        for passage in passages():
            self._texts[passage.key] = passage.text
            self.passage.addItem(tr(TITLES.get(passage.key, passage.key)), passage.key)
        self.passage.addItem(tr("My own words"), "")
        self.passage.currentIndexChanged.connect(lambda _i: self._show_passage())
        self.to_read = label("", "reading", wrap=True)
        self.to_read.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.record_button = button(
            tr("Record"), self.actions_.action("voice.record").trigger, "record", "record"
        )
        self.record_button.setToolTip(self.actions_.action("voice.record").toolTip())
        self.open_button = button(tr("Open a file…"), self.open_asked.emit, icon="file-audio")
        self.growing = WaveformView(tr("Waveform of the recording"))
        self.growing.setFixedHeight(84)
        self.growing.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.growing.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.status = label("", "small", wrap=True)
        self.source = surface(
            "card",
            column(
                self.passage,
                self.to_read,
                self.record_button,
                self.open_button,
                self.growing,
                self.status,
                spacing=Space.S,
            ),
            Space.M,
        )

    def _make_clip(self) -> None:
        self.wave = WaveformView(tr("Waveform of the reference"), selectable=True, trims=True)
        self.wave.setFixedHeight(120)
        self.wave.seek.connect(self._seek)
        self.wave.selection_changed.connect(self._on_selection)
        a = self.actions_.action
        self.restore_button = icon_button(
            "undo", tr("Back to the sound as it was recorded"), self.maker.restore, size=16
        )
        self.denoise_button = icon_button(
            "sparkle", tr("Take noise out of the reference"), self.maker.denoise, size=16
        )
        self.discard_button = icon_button(
            "trash", tr("Discard this reference"), self.maker.discard, size=16
        )
        self.length = label("", "number")
        self.findings = QVBoxLayout()
        self.findings.setSpacing(Space.XS)
        self.verdict_card = QFrame()
        self.verdict_card.setProperty("message", "info")
        self.findings.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        self.verdict_card.setLayout(self.findings)
        self.verdict_card.setAccessibleName(tr("Verdict on the reference"))
        self.words = QPlainTextEdit()
        self.words.setTabChangesFocus(True)
        self.words.setAcceptDrops(False)  # a sound file is for the panel
        self.words.setFixedHeight(84)
        self.words.setPlaceholderText(
            tr("Every word that is said in it, in order. May stay empty.")
        )
        self.words.setAccessibleName(tr("What is said in the reference"))
        self.words.textChanged.connect(lambda: self.maker.set_transcript(self.words.toPlainText()))
        self.transcribe_button = button(
            tr("Write it down for me"), self.maker.transcribe, "link", "pencil"
        )
        self.hearing = QProgressBar()
        self.hearing.setAccessibleName(tr("Listening to what is said"))
        self.again_button = button(
            tr("Record again"), self.actions_.action("voice.record").trigger, "record", "record"
        )
        self.again_button.setIcon(icons.icon("record", "danger"))
        self.save_button = button(tr("Save as a voice…"), self.save_asked.emit, "primary", "check")
        self.try_button = button(tr("Hear a test sentence"), a("voice.try").trigger, icon="sparkle")
        for action_id, tool in (("voice.save", self.save_button), ("voice.try", self.try_button)):
            action = a(action_id)
            tool.setToolTip(action.toolTip())
            action.changed.connect(lambda t=tool, x=action: t.setEnabled(x.isEnabled()))
            tool.setEnabled(action.isEnabled())
        self.clip_part = QWidget()
        self.clip_part.setLayout(
            column(
                self.wave,
                row(
                    action_button(a("voice.play_reference"), 16),
                    action_button(a("voice.trim"), 16),
                    action_button(a("voice.normalise"), 16),
                    self.denoise_button,
                    self.restore_button,
                    None,
                    self.length,
                    self.discard_button,
                    spacing=2,
                ),
                self.verdict_card,
                self.again_button,
                label(tr("What is said in it"), "section"),
                self.words,
                self.hearing,
                row(self.transcribe_button, None),
                spacing=Space.S,
            )
        )
        end = column(self.try_button, self.save_button, spacing=Space.S)
        end.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        self.end_part = QWidget()
        self.end_part.setLayout(end)
        self._on_transcribing()

    @property
    def chosen_passage(self) -> str:
        """The text that is going to be read; empty for own words."""
        return self._texts[self.passage.currentData()]

    # --- following

    def _on_devices(self) -> None:
        self.input.blockSignals(True)
        self.input.clear()
        self.input.addItem(tr("System default"), "")
        for device in self.devices.inputs:
            self.input.addItem(device.name, device.name)
        self.input.setCurrentIndex(max(0, self.input.findData(self.devices.input)))
        self.input.blockSignals(False)

    def _show_passage(self) -> None:
        text = self.chosen_passage
        self.to_read.setText(
            text or tr("Say two or three sentences as you would tell them to a friend.")
        )
        set_property(self.to_read, "tone", "" if text else "muted")

    def _on_stage(self, stage: Stage) -> None:
        self._show_passage()
        focus = self.window().focusWidget()
        focused = focus is not None and self.isAncestorOf(focus)
        busy = stage in (Stage.COUNTDOWN, Stage.RECORDING)
        self.record_button.setText(tr("Stop") if busy else tr("Record"))
        self.record_button.setIcon(
            icons.icon("stop" if busy else "record", "on_danger" if busy else "danger")
        )
        set_property(self.record_button, "kind", "danger" if busy else "record")
        self.open_button.setEnabled(not busy)
        # The waveform takes the place of a button that is of no use while it grows.
        self.open_button.setVisible(stage is not Stage.RECORDING)
        self.growing.setVisible(stage is Stage.RECORDING)
        if stage is not Stage.RECORDING:
            self.growing.set_peaks(None)
        if focused and busy:
            self.record_button.setFocus()  # what had the focus is disabled now
        self.input.setEnabled(not busy)
        self.passage.setEnabled(not busy)
        self.actions_.set_facts(recording=stage is Stage.RECORDING)
        if stage is Stage.RECORDING:
            announce(self, tr("Recording."), urgent=True)
        self.clip_part.setVisible(stage is Stage.CLIP)
        self.end_part.setVisible(stage is Stage.CLIP)
        if focused and stage is Stage.CLIP:
            self.wave.setFocus()
        self.source.setVisible(stage is not Stage.CLIP)
        self._on_tick()

    def _follow_recording(self) -> None:
        """Draw what the microphone has recorded up to now."""
        peaks = self.maker.microphone.peaks
        if peaks is not None and peaks is not self.growing.peaks:
            self.growing.set_peaks(peaks, growing=True)
        self.growing.refresh()

    def _on_tick(self) -> None:
        maker = self.maker
        microphone = maker.microphone
        if microphone.monitoring:
            level = microphone.level
            self.meter.set_levels(level.rms_db, level.peak_db, level.hold_db, level.clipped)
        else:
            self.meter.set_idle(tr("Click to see the level"))
        if maker.stage is Stage.COUNTDOWN:
            words = tr("Begin to read in {count}…", count=maker.countdown_number)
        elif maker.stage is Stage.RECORDING:
            self._follow_recording()
            words = tr(
                "Recording, {time}; stop when you have read it.",
                time=clock_text(microphone.recorded_seconds),
            )
        elif maker.stage is Stage.READING:
            words = tr("Reading the sound…")
        else:
            words = tr("5 to 15 seconds are best, in a quiet room. Or drop a sound file here.")
        silent = maker.stage in (Stage.COUNTDOWN, Stage.RECORDING) and maker.silence
        if silent:
            words = sentence(maker.silence)
        if self.status.text() != words:
            self.status.setText(words)
            set_property(self.status, "tone", "warning" if silent else "")
            if silent:
                announce(self.status, words, urgent=True)

    def _on_clip(self) -> None:
        from ditar_studio.audio.analysis.peaks import Peaks

        clip = self.maker.clip
        self.wave.set_peaks(Peaks(clip.sample_rate, clip.samples) if clip is not None else None)
        self.length.setText(tr("{seconds} s", seconds=number(clip.seconds, 1)) if clip else "")
        self.restore_button.setEnabled(clip is not self.maker.original)
        self.actions_.set_facts(
            clip_loaded=clip is not None, clip_selection=False, clip_usable=self.maker.usable
        )

    def _on_selection(self, start: float, end: float) -> None:
        self.actions_.set_facts(clip_selection=end > start)
        if self.playback.source == "reference":
            self.playback.select(start, end)

    def _on_verdict(self) -> None:
        while (item := self.findings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        verdict = self.maker.verdict
        self.actions_.set_facts(clip_usable=self.maker.usable)
        self.verdict_card.setVisible(verdict is not None)
        self.again_button.setVisible(verdict is not None and verdict.severity == "problem")
        if verdict is None:
            return
        set_property(self.verdict_card, "message", _TONES[verdict.severity])
        bad = [finding for finding in verdict.items if finding.severity != "good"]
        heading = {
            "good": tr("A good reference"),
            "advice": tr("Usable; could be better"),
            "problem": tr("The clone would suffer"),
        }[verdict.severity]
        if verdict.refusal is not None:
            heading = tr("No voice can be made of this")
        self.findings.addWidget(label(heading, "strong"))
        for finding in bad or verdict.items:
            line = QWidget()
            words = column(label(sentence(finding.message), "small", wrap=True), spacing=0)
            if finding.remedy:
                words.addWidget(label(sentence(finding.remedy), "caption", wrap=True))
            layout = row(spacing=Space.S)
            layout.addWidget(tone_icon(_TONES[finding.severity], 14), 0, Qt.AlignmentFlag.AlignTop)
            layout.addLayout(words, 1)
            line.setLayout(layout)
            self.findings.addWidget(line)
        announce(self.verdict_card, heading)

    def _on_transcript(self) -> None:
        if self.words.toPlainText() != self.maker.transcript:
            self.words.blockSignals(True)
            self.words.setPlainText(self.maker.transcript)
            self.words.moveCursor(QTextCursor.MoveOperation.Start)
            self.words.blockSignals(False)

    def _on_transcribing(self) -> None:
        transcribed = self.maker.transcribed
        self.hearing.setVisible(transcribed is not None)
        self.hearing.setRange(0, 100 if transcribed else 0)  # 0: how long it takes isn't known yet
        set_progress(self.hearing, round(100 * (transcribed or 0.0)))
        self.transcribe_button.setText(
            tr("Write it down for me") if transcribed is None else tr("Stop listening")
        )

    def _on_moved(self, status: object) -> None:
        if self.playback.source == "reference":
            self.wave.set_playhead(status.position)  # type: ignore[attr-defined]

    def _seek(self, seconds: float) -> None:
        if self.playback.source == "reference":
            self.playback.seek(seconds)

    # --- dropped sound files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _sounds_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        sounds = _sounds_in(event)
        if sounds:
            self.sound_dropped.emit(str(sounds[0]), len(sounds) - 1)
            take_copies(event)


def _sounds_in(event: QDropEvent) -> list[Path]:
    return [each for each in files_in(event.mimeData()) if each.suffix.lower() in SOUND_SUFFIXES]
