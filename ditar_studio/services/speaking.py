"""Speaking: the one place that consumes the engine's events.

Takes, the command line, the endpoint and the Python API are all given their speech by a
`SpeechStream`, so that whatever is done to speech on its way out is done for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from ditar_studio.engine import events
from ditar_studio.engine.generate import generate as generate
from ditar_studio.engine.generate import stream
from ditar_studio.engine.request import GenerationRequest as GenerationRequest
from ditar_studio.engine.request import SpokenLine as SpokenLine
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import VoiceCache


@dataclass(frozen=True)
class SpeechSummary:
    """The sum of a request's events, but for the sound.

    Attributes:
        stats: what it took; None if it failed, or was left before its end.
        warnings: what the user should know.
        sentences: how well the model recognised each, where it was asked to verify.
        words: when each was said, by the last time where one was said again; empty for models that
            don't know.
        cancelled: whether it was stopped before its end.
        failure: why it could not go on, if so.
    """

    stats: events.GenerationStats | None = None
    warnings: tuple[events.Warned, ...] = ()
    sentences: tuple[events.SentenceVerified, ...] = ()
    words: tuple[events.WordSpoken, ...] = ()
    cancelled: bool = False
    failure: events.Failed | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was spoken."""
        return self.stats is not None and not self.cancelled

    def checked_stats(self) -> events.GenerationStats:
        """Return the stats.

        Raises:
            StudioError: it failed.
            RuntimeError: it was left before its end.
        """
        if self.failure is not None:
            raise StudioError(self.failure.message, self.failure.remedy)
        if self.stats is None:
            raise RuntimeError("the speech was left before its end")
        return self.stats


class SpeechStream:
    """The events of a request, spoken while they are drawn. Iterate over it once.

    Args:
        model: who speaks; used on the thread that iterates.
        request: the lines, the voice and the settings.
        cancel: set it to stop; takes effect within one patch.
        voices: keeps encoded voices between requests.
    """

    def __init__(
        self,
        model: SpeechModel,
        request: GenerationRequest,
        cancel: threading.Event | None = None,
        voices: VoiceCache | None = None,
    ) -> None:
        self._events = self._drawn(stream(model, request, cancel, voices))
        self._warnings: list[events.Warned] = []
        self._sentences: list[events.SentenceVerified] = []
        self._words: dict[tuple[int, int], events.WordSpoken] = {}
        self._end: events.Done | events.Cancelled | events.Failed | None = None

    def __iter__(self) -> Iterator[events.Event]:
        return self._events

    def close(self) -> None:
        """Leave it before its end; the model may be used again."""
        self._events.close()

    @property
    def summary(self) -> SpeechSummary:
        """What the events so far add up to."""
        end = self._end
        return SpeechSummary(
            stats=end.stats if isinstance(end, (events.Done, events.Cancelled)) else None,
            warnings=tuple(self._warnings),
            sentences=tuple(self._sentences),
            words=tuple(sorted(self._words.values(), key=lambda word: word.at_seconds)),
            cancelled=isinstance(end, events.Cancelled),
            failure=end if isinstance(end, events.Failed) else None,
        )

    def _drawn(
        self, drawn: Generator[events.Event, None, None]
    ) -> Generator[events.Event, None, None]:
        try:
            for event in drawn:
                match event:
                    case events.Warned():
                        self._warnings.append(event)
                    case events.SentenceVerified():
                        self._sentences.append(event)
                    case events.WordSpoken():
                        self._words[event.line, event.start] = event
                    case events.Done() | events.Cancelled() | events.Failed():
                        self._end = event
                    case (
                        events.Started()
                        | events.LineStarted()
                        | events.LineDone()
                        | events.PatchReady()
                        | events.Progress()
                    ):
                        pass
                    case _:
                        assert_never(event)
                yield event
        finally:
            drawn.close()
