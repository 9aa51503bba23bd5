"""The clip of a reference that is being made: opened, judged, trimmed, saved as a voice."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.errors import StudioError
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.kit.translate import duration, tr

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.best_part import Stretch
    from ditar_studio.audio.analysis.verdict import Verdict
    from ditar_studio.services.history import ChangeSet, Outcome
    from ditar_studio.services.library import Recording
    from ditar_studio.services.voice_library import NewSample, Voice

_JUDGE_MS = 300


class Stage(Enum):
    """The stage of a reference in the making."""

    IDLE = auto()
    COUNTDOWN = auto()
    RECORDING = auto()
    READING = auto()
    CLIP = auto()


@dataclass(frozen=True)
class _Discarded:
    """A reference that was discarded; `recording_id` is empty for one from a file."""

    clip: Clip
    original: Clip
    name: str
    transcript: str
    recording_id: str


class ReferenceClip(QObject):
    """The clip; `reference.ReferenceMaker` records it.

    Signals:
        stage_changed: a `Stage`.
        clip_changed: there is another clip, or none.
        judged: there is a `verdict`, or none.
        transcript_changed: by the program.
        transcribing_changed: writing down what is said began, went on or ended; see `transcribed`.
        discarded: a clip that is not in the library was removed; `bring_back` undoes that.
        came_back: a recording is the reference again, as its deletion was undone.
        saved: the `Voice` that it has become.
        notified: message, remedy, tone.
    """

    stage_changed = Signal(object)
    clip_changed = Signal()
    judged = Signal()
    transcript_changed = Signal()
    transcribing_changed = Signal()
    discarded = Signal()
    came_back = Signal()
    saved = Signal(object)
    notified = Signal(str, str, str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.bridge = document.bridge
        self.stage = Stage.IDLE
        self.clip: Clip | None = None
        self.original: Clip | None = None
        self.name = ""
        self.transcript = ""
        self.verdict: Verdict | None = None
        self.transcribed: float | None = None
        self._stop_transcribing = threading.Event()
        self._recording_id = ""
        self._judge = QTimer(self)
        self._judge.setSingleShot(True)
        self._judge.setInterval(_JUDGE_MS)
        self._judge.timeout.connect(self._judge_now)
        self._ticket = 0
        self._discarded: _Discarded | None = None
        self.bridge.changed.connect(self._on_changes)

    def open(self, path: Path) -> None:
        """Take a sound file as the reference, in place of what was there."""
        self._set_stage(Stage.READING)
        self._read(path, path.stem)

    @property
    def refusal(self) -> tuple[str, str] | None:
        """Why the clip can't become a voice, and what to do; None if it can."""
        finding = self.verdict.refusal if self.verdict is not None else None
        return (finding.message, finding.remedy) if finding is not None else None

    @property
    def usable(self) -> bool:
        """Whether the clip can become a voice; not before it was judged."""
        return self.clip is not None and self.verdict is not None and self.refusal is None

    def set_transcript(self, text: str) -> None:
        """Take what is said in the clip, as it is typed."""
        self.transcript = text
        self._judge.start()

    def trim(self, start: float, end: float) -> None:
        """Keep only a stretch of the clip, in seconds."""
        if self.clip is not None and end > start:
            self._set_clip(self.clip.cut(start, end))

    def normalise(self) -> None:
        """Bring the clip to the usual loudness."""
        from ditar_studio.audio.clips.loudness import normalise

        self._change(normalise)

    def denoise(self) -> None:
        """Take noise out of the clip, where that is installed."""
        from ditar_studio.audio.clips.denoise import denoise

        self._change(denoise)

    def restore(self) -> None:
        """Go back to the clip as it was recorded or opened."""
        if self.original is not None:
            self._set_clip(self.original)

    def transcribe(self) -> None:
        """Write down what is said in the clip, where that is installed; once more: stops it."""
        clip = self.clip
        if clip is None or self.transcribed is not None:
            self._stop_transcribing.set()
            return
        before = self.transcript
        stop = self._stop_transcribing = threading.Event()

        def show_progress(fraction: float | None) -> None:
            if self._stop_transcribing is stop:
                self.transcribed = fraction
                self.transcribing_changed.emit()

        def progress(fraction: float) -> None:
            self.bridge.post(lambda: show_progress(fraction))

        def show(text: str) -> None:
            show_progress(None)
            if self.clip is clip and self.transcript == before and not stop.is_set():
                self.transcript = text
                self.transcript_changed.emit()
                self._judge_now()

        def failed(error: StudioError) -> None:
            show_progress(None)
            if not stop.is_set():
                self._failed(error)

        show_progress(0.0)
        self.bridge.background(
            _transcribe,
            clip,
            progress,
            stop,
            done=show,
            failed=failed,
            owner=self,
        )

    def discard(self) -> None:
        """Discard the clip; a recording goes to the bin."""
        if self.clip is None or self.original is None:
            return
        self._discarded = _Discarded(
            self.clip, self.original, self.name, self.transcript, self._recording_id
        )
        if self._recording_id:
            self.document.submit(self.document.library.recordings.delete, self._recording_id)
        else:
            self.discarded.emit()
        self._clear()

    def bring_back(self) -> None:
        """Take the clip again that was discarded last, in place of one that came since."""
        discarded = self._discarded
        if discarded is not None and self.stage in (Stage.IDLE, Stage.CLIP):
            self._discarded = None
            self.discard()
            self.name, self.transcript = discarded.name, discarded.transcript
            self._recording_id, self.original = discarded.recording_id, discarded.original
            self.transcript_changed.emit()
            self._set_clip(discarded.clip)

    def _on_changes(self, changes: ChangeSet) -> None:
        back = changes.recordings & changes.revived
        if changes.undo == "Restore" and changes.step:  # out of the bin
            back |= changes.recordings
        if not back:
            return
        if self._discarded is not None and self._discarded.recording_id in back:
            self.bring_back()
        elif self.stage in (Stage.IDLE, Stage.CLIP):
            get = self.document.library.recordings.get
            self.document.submit(get, next(iter(back)), done=self._restore_recording)

    def _restore_recording(self, recording: Recording) -> None:
        self.use_recording(recording.id, recording.path, recording.transcript)
        self.came_back.emit()

    def save(self, name: str, tags: Iterable[str], consent: str) -> None:
        """Make a voice of the clip."""
        create = self.document.library.voices.create
        self._keep(lambda sample: create(name, [sample], consent=consent, tags=list(tags)))

    def add_to(self, voice_id: str) -> None:
        """Make the clip one more sample of a voice."""
        self._keep(lambda sample: self.document.library.voices.add_sample(voice_id, sample))

    def use_recording(self, recording_id: str, path: Path, transcript: str) -> None:
        """Take a recording that was made earlier as the reference, in place of what was there."""
        self.discard()
        self._recording_id, self.transcript = recording_id, transcript
        self.transcript_changed.emit()
        self._set_stage(Stage.READING)
        self._read(path, "")

    def _keep(self, work: Callable[[NewSample], Outcome[Voice]]) -> None:
        """Give the clip as a sample to the library's `work`."""
        clip = self.clip
        if clip is None:
            return
        if self.refusal is not None:
            self.notified.emit(*self.refusal, "warning")
            return
        verdict = _plain(self.verdict)
        transcript = " ".join(self.transcript.split())

        def give(path: Path) -> None:
            from ditar_studio.services.voice_library import NewSample

            def done(made: Outcome[Voice]) -> None:
                shutil.rmtree(path.parent, ignore_errors=True)
                self._clear()
                self.saved.emit(made.value)

            def failed(error: StudioError) -> None:
                shutil.rmtree(path.parent, ignore_errors=True)
                self._failed(error)

            sample = NewSample(path, transcript, verdict, self._recording_id or None)
            self.document.submit(work, sample, done=done, failed=failed)

        self.bridge.background(_write, clip, done=give, failed=self._failed, owner=self)

    # --- inside

    def _set_stage(self, stage: Stage) -> None:
        if stage is not self.stage:
            self.stage = stage
            self.stage_changed.emit(stage)

    def _read(self, path: Path, name: str) -> None:
        from ditar_studio.audio.clips.files import read_clip

        self._ticket += 1
        ticket = self._ticket

        def show(clip: Clip) -> None:
            if ticket == self._ticket:
                if name:
                    self.discard()
                self.name = name
                self.original = clip
                self._set_clip(clip)
                if not self.transcript:
                    self._choose_best(clip)

        def failed(error: StudioError) -> None:
            if ticket == self._ticket:
                self._load_failed(error)

        self.bridge.background(
            read_clip, path, max_seconds=1800.0, done=show, failed=failed, owner=self
        )

    def _load_failed(self, error: StudioError) -> None:
        """Take away what was there before: it isn't what was asked for."""
        self.discard()
        self._clear()
        self._failed(error)

    def _choose_best(self, clip: Clip) -> None:
        """Take the best stretch of a long recording; `restore` brings all of it back."""
        from ditar_studio.audio.analysis.best_part import LONGEST, best_part

        if clip.seconds <= LONGEST:
            return

        def show(stretch: Stretch | None) -> None:
            if stretch is not None and self.clip is clip:
                self._set_clip(clip.cut(stretch.start, stretch.end))
                self.notified.emit(
                    tr(
                        "The best {part} of {whole} are taken.",
                        part=duration(stretch.end - stretch.start),
                        whole=duration(clip.seconds),
                    ),
                    tr("The arrow beneath the waveform brings all of it back."),
                    "info",
                )

        self.bridge.background(best_part, clip, done=show, owner=self)

    def _set_clip(self, clip: Clip) -> None:
        self.clip = clip
        self.verdict = None
        self._set_stage(Stage.CLIP)
        self.clip_changed.emit()
        self._judge_now()

    def _change(self, change: Callable[[Clip], Clip]) -> None:
        clip = self.clip
        if clip is None:
            return

        def show(changed: Clip) -> None:
            if self.clip is clip:
                self._set_clip(changed)

        self.bridge.background(change, clip, done=show, failed=self._failed, owner=self)

    def _judge_now(self) -> None:
        from ditar_studio.audio.analysis.verdict import judge

        clip, transcript = self.clip, self.transcript
        if clip is None:
            return

        def show(verdict: Verdict) -> None:
            if self.clip is clip and self.transcript == transcript:
                self.verdict = verdict
                self.judged.emit()

        self.bridge.background(judge, clip, transcript, done=show, owner=self)

    def _clear(self) -> None:
        self._stop_transcribing.set()
        self.clip = self.original = self.verdict = None
        self.transcript = self.name = self._recording_id = ""
        self._set_stage(Stage.IDLE)
        self.clip_changed.emit()
        self.transcript_changed.emit()
        self.judged.emit()

    def _failed(self, error: StudioError) -> None:
        self._set_stage(Stage.CLIP if self.clip else Stage.IDLE)
        self.notified.emit(error.message, error.remedy, "danger")


def _plain(verdict: Verdict | None) -> dict[str, object]:
    """Return a verdict as plain values, to be kept with the sample."""
    if verdict is None:
        return {}
    return {
        "severity": verdict.severity,
        "items": [
            {"severity": i.severity, "topic": i.topic, "message": i.message, "remedy": i.remedy}
            for i in verdict.items
        ],
    }


def _write(clip: Clip) -> Path:
    """Write a clip into a new file, to be copied into the library."""
    from ditar_studio.audio.clips.files import StreamingWavWriter

    folder = Path(tempfile.mkdtemp(prefix="ditar-studio-"))
    path = folder / "reference.wav"
    with StreamingWavWriter(path, clip.sample_rate, "PCM_24") as writer:
        writer.append(clip.samples)
    return path


def _transcribe(clip: Clip, show_progress: Callable[[float], None], stop: threading.Event) -> str:
    from ditar_studio.audio.analysis.transcribe import Transcriber

    return Transcriber().transcribe(clip, cancelled=stop.is_set, progress=show_progress).text
