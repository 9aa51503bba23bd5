"""The speaking of lines: jobs for the engine's thread, and their events.

Sound goes from the engine's thread straight into the player, so that a busy window can't make it
stutter; the window gets the same sound as events, for the picture.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from PySide6.QtCore import QObject, Signal

from ditar_studio.services.line_queue import LineQueue
from ditar_studio.text.markup import plain
from ditar_studio.ui.features.player.playback import Feed, Playback
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.speaking.engine_model import EngineModel, ModelState, Registry
from ditar_studio.ui.features.speaking.live_sound import LiveSound, SoundFed
from ditar_studio.ui.kit.translate import counted, tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.services.machine import Speed
    from ditar_studio.services.render_events import RenderEvent
    from ditar_studio.services.speech_events import Failed
    from ditar_studio.services.takes import Take
    from ditar_studio.services.worker import Job


@dataclass(frozen=True, eq=False)
class TestSpoken:
    """A test sentence in a voice that is being made."""

    clip: Clip


@dataclass(frozen=True)
class Flow:
    """The flow of speech: how it goes.

    Attributes:
        line_id: the line at work.
        fraction: of all that was asked for, 0..1.
        rtf: time to make / length of what was made.
        seconds: since it was asked for.
        number: of the take at work, from 1, of `total`.
        seconds_left: until all is made, as far as that can be told.
    """

    line_id: str
    fraction: float
    rtf: float | None
    seconds: float
    number: int = 1
    total: int = 1
    seconds_left: float | None = None


class Engine(EngineModel):
    """Speaks lines with the model.

    Signals:
        started: line ids, when speaking begins.
        flowed: a `Flow`.
        line_begun: the id of the line at work.
        take_made: a `Take`, complete or partial.
        warned: line id, message, remedy.
        line_failed: line id, message, remedy.
        stopped: nothing is spoken any more: ids of the takes made, whether it was cancelled.
        broken_off: message, remedy; after `stopped`, which it was for.
        failed: message, remedy of a test sentence.
        queue_changed: other lines wait, or in another order.
        tried: a test sentence is begun, or done.

    Attributes:
        queue: the lines that wait while others are spoken, and those left when it was paused.
        project_id: the project whose lines are spoken.
    """

    started = Signal(tuple)
    flowed = Signal(object)
    line_begun = Signal(str)
    take_made = Signal(object)
    warned = Signal(str, str, str)
    line_failed = Signal(str, str, str)
    stopped = Signal(tuple, bool)
    broken_off = Signal(str, str)
    failed = Signal(str, str)
    queue_changed = Signal()
    tried = Signal()

    def __init__(
        self,
        document: Document,
        playback: Playback,
        make_registry: Callable[[], Registry],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(document, make_registry, parent)
        self._playback = playback
        self._job: Job | None = None
        self.queue = LineQueue(())
        self.project_id = ""
        self._feed = Feed(playback)
        self._open = False
        self._trial: Job | None = None
        self.first_sound: float | None = None
        self._asked_at = 0.0
        self._line = ""
        self._sample_rate = 24000
        self._speed = 1.0
        self._made_seconds = 0.0
        self._take_at = 0.0
        self._takes: list[Take] = []

    @property
    def speaking(self) -> bool:
        """Whether something is being spoken."""
        return self._job is not None

    @property
    def line_at_work(self) -> str:
        """The id of the line that is being spoken; empty if none is."""
        return self._line if self.speaking else ""

    # --- measuring

    def measure(self, report: Callable[[Speed | None], object]) -> bool:
        """Speak a test sentence that nobody hears, and report how fast; False if not now."""
        snapshot = self._document.snapshot
        if self.speaking or self.trying or self.state is not ModelState.READY or not snapshot:
            return False
        voice = next((voice for voice in snapshot.voices if voice.samples), None)

        def work(cancel: threading.Event) -> Iterator[Speed]:
            from ditar_studio.services.voice_probe import measure_speed

            model, voices = self.in_memory()
            yield measure_speed(model, voices, voice, cancel)

        def on_done(event: Speed | Failed) -> None:
            from ditar_studio.services.machine import Speed

            self._trial = None
            report(event if isinstance(event, Speed) else None)

        self._trial = self._document.bridge.generate(work, on_done, owner=self)
        return True

    # --- trying a voice

    @property
    def trying(self) -> bool:
        """Whether a test sentence is being spoken."""
        return self._trial is not None

    def try_voice(self, clip: Clip, transcript: str) -> bool:
        """Speak a test sentence like a clip that is no voice yet; False if that can't be now."""
        if self.speaking or self.trying or self.state is not ModelState.READY:
            return False
        still_wanted = self._playback.claim()

        def work(cancel: threading.Event) -> Iterator[TestSpoken]:
            from ditar_studio.services.references import Reference
            from ditar_studio.services.voice_probe import speak_test

            model, voices = self.in_memory()
            yield TestSpoken(speak_test(model, voices, Reference(clip, transcript), cancel))

        def report(event: TestSpoken | Failed) -> None:
            from ditar_studio.services.speech_events import Failed

            self._trial = None
            if isinstance(event, TestSpoken) and still_wanted():
                self._playback.load(event.clip, tr("Test sentence"), "test")
            elif isinstance(event, Failed):
                self.failed.emit(event.message, event.remedy)
            self.tried.emit()

        self._trial = self._document.bridge.generate(work, report, owner=self)
        self.tried.emit()
        return True

    # --- speaking

    def speak(
        self, line_ids: Sequence[str], variations: int = 1, done: int = 0, *, redo: bool = False
    ) -> bool:
        """Speak lines of the open project, after those that wait already; one alone is next.

        Args:
            done: how many takes were made before a pause that this ends.
            redo: whether words of them differ from the text.

        Returns:
            False if that isn't possible now.
        """
        snapshot = self._document.snapshot
        if not line_ids or self.state is not ModelState.READY or not snapshot:
            return False
        project_id = snapshot.project.id
        if self.speaking:
            if project_id != self.project_id:
                return False
            self.queue.pause(False)
            self.queue.add(line_ids, variations, first=len(line_ids) == 1, redo=redo)
            self.queue_changed.emit()
            return True
        ids = tuple(line_ids)
        self.project_id = project_id
        self.queue = queue = LineQueue(ids, variations, done, redo)
        self._speed = speed = snapshot.project.settings.speed
        self._takes, self._line, self.first_sound = [], ids[0], None
        goes_on = self._open and self._feed.active
        if not goes_on:
            self._made_seconds = 0.0
        self._open = False
        self._asked_at = time.monotonic()
        if self._preparing is not None:
            self._preparing.cancel()
        self._job = self._document.bridge.generate(
            lambda cancel: self._work(project_id, queue, speed, goes_on, cancel),
            self._on_event,
            owner=self,
        )
        self.started.emit(ids)
        self.queue_changed.emit()
        return True

    def pause(self) -> None:
        """Stop speaking after the line at work; what waits is kept in `queue`."""
        if self.speaking:
            self.queue.pause()
            self.queue_changed.emit()

    def finish_sound(self) -> None:
        """Note that nothing more is added to what was made before a pause."""
        if self._open:
            self._open = False
            self._feed.finish()
            self._playback.end_growing(self._feed, "run", self._playback.title)

    def stop(self) -> None:
        """Stop speaking after the patch at work; what was made becomes a take."""
        if self._job is not None:
            self._job.cancel()

    def _work(
        self,
        project_id: str,
        queue: LineQueue,
        speed: float,
        goes_on: bool,
        cancel: threading.Event,
    ) -> Iterator[SoundFed | RenderEvent]:
        """Speak and play, on the engine's thread.

        Args:
            goes_on: whether what is made is heard behind what was made before.
        """
        from ditar_studio.services.render import RenderRequest, render
        from ditar_studio.services.render_events import RenderStarted, SoundReady, TakeDone

        model, voices = self.in_memory()
        request = RenderRequest(project_id, queue.line_ids)
        library = self._document.library
        sound: LiveSound | None = None
        try:
            for event in render(library, model, request, cancel, voices, queue=queue):
                if isinstance(event, RenderStarted):
                    if not (goes_on and self._feed.active):
                        self._feed = self._playback.begin_feed(event.sample_rate)
                    sound = LiveSound(self._feed, event.sample_rate, speed)
                    yield event
                elif isinstance(event, SoundReady):
                    assert sound is not None
                    yield from sound.add(event.samples, event.take_id)
                else:
                    if isinstance(event, TakeDone) and sound is not None:
                        yield from sound.end_take()
                    yield event
        finally:
            if sound is not None and not (queue.paused and len(queue) and not cancel.is_set()):
                sound.feed.finish()

    def _on_event(self, event: SoundFed | RenderEvent | Failed) -> None:
        from ditar_studio.services import render_events
        from ditar_studio.services.speech_events import Failed

        match event:
            case SoundFed():
                self._playback.grow(self._feed, event.samples)
                self._made_seconds += len(event.samples) / self._sample_rate
                if self.first_sound is None:
                    self.first_sound = time.monotonic() - self._asked_at
            case render_events.RenderStarted():
                self._sample_rate = event.sample_rate
                assert self.info is not None
                if self._playback.shows(self._feed):
                    return
                self._made_seconds = 0.0
                self._playback.show_growing(
                    self._feed,
                    event.sample_rate,
                    tr("Speaking"),
                    "speaking",
                    self.info.patch_samples / self.info.sample_rate / self._speed,
                )
            case render_events.TakeStarted():
                self._line = event.take.line_id or ""
                self._take_at = self._made_seconds
                self._playback.note_line(self._feed, self._line, self._made_seconds)
                self.line_begun.emit(self._line)
            case render_events.RenderProgress():
                seconds = time.monotonic() - self._asked_at
                self.flowed.emit(
                    Flow(
                        self._line,
                        event.fraction,
                        event.rtf,
                        seconds,
                        event.number,
                        event.total,
                        event.seconds_left,
                    )
                )
            case render_events.WordHeard():
                word, speed = event.word, self._speed
                begins = self._take_at + word.begins / speed
                self._playback.note_word(self._feed, self._line, word.start, word.end, begins)
            case render_events.RenderWarned():
                self.warned.emit(event.line_id, event.message, event.remedy)
            case render_events.TakeDone():
                self._takes.append(event.take)
                self.take_made.emit(event.take)
            case render_events.LineFailed():
                self.line_failed.emit(event.line_id, event.message, event.remedy)
            case render_events.RenderDone():
                self._end(event.cancelled)
            case Failed():
                self._end(cancelled=False)
                self.broken_off.emit(event.message, event.remedy)
            case (
                render_events.SoundReady() | render_events.WordHeard()
            ):  # sound is given on as `SoundFed`
                pass
            case _:
                assert_never(event)

    def _end(self, cancelled: bool) -> None:
        self._job = None
        made = self._takes
        if cancelled:
            self.queue = LineQueue(())
        self._open = self.queue.paused and len(self.queue) > 0 and not cancelled
        if self._open:
            pass  # what waits is heard behind it, should it go on
        elif not made:
            self._playback.drop_growing(self._feed)
        elif len(made) == 1:
            self._playback.end_growing(
                self._feed, made[0].id, " ".join(plain(made[0].text).split())
            )
        else:
            words = counted("{count} take", "{count} takes", len(made))
            self._playback.end_growing(self._feed, "run", words)
        self.queue_changed.emit()
        self.stopped.emit(tuple(take.id for take in made), cancelled)
