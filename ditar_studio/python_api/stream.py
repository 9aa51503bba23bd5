"""Speech on its way: pieces of sound for `for` and for `async for`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.errors import StudioError
from ditar_studio.python_api.audio import Audio, Word
from ditar_studio.services.sound_file import recipe_of
from ditar_studio.services.speaking import SpeechStream
from ditar_studio.services.speech_events import PatchReady

if TYPE_CHECKING:
    from typing import Self

    from ditar_studio.services.loaded_model import SpeechModel, VoiceCache
    from ditar_studio.services.speaking import GenerationRequest


class AudioStream:
    """A stream of speech, from `Model.stream`: iterate over it once, by `for` or by `async for`.

    A piece is a tenth of a second of speech or so, or a pause. Leaving the loop early leaves the
    rest unspoken. `stop` may be called from any thread and any signal handler.

    Attributes:
        rate: samples per second of all pieces.
    """

    def __init__(
        self,
        model: SpeechModel,
        request: GenerationRequest,
        voices: VoiceCache,
        lock: threading.Lock,
        voice_name: str,
    ) -> None:
        self.rate = model.info.sample_rate
        self._recipe = recipe_of(model.info, request, voice_name)
        self._cancel = threading.Event()
        self._speech = SpeechStream(model, request, self._cancel, voices)
        self._texts = [line.text for line in request.lines]
        self._events = iter(self._speech)
        self._lock = lock

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of what was spoken so far."""
        return tuple(
            f"{each.message} {each.remedy}".strip() for each in self._speech.summary.warnings
        )

    @property
    def words(self) -> tuple[Word, ...]:
        """The words that were spoken so far with their times; empty for models that don't know."""
        return tuple(
            Word(self._texts[each.line][each.start : each.end], each.at_seconds, each.seconds)
            for each in self._speech.summary.words
        )

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before its end."""
        return self._speech.summary.cancelled

    def stop(self) -> None:
        """End it after the patch at work; what was made is given out."""
        self._cancel.set()

    def close(self) -> None:
        """Leave it; the rest is not spoken."""
        self._cancel.set()
        with self._lock:
            self._speech.close()

    def collect(self) -> Audio:
        """Return all of it, or all that is left.

        Raises:
            StudioError: it can't be spoken.
        """
        return self.joined(list(self))

    def joined(self, parts: Sequence[Audio]) -> Audio:
        """Return all pieces of this stream as one, with its words and warnings."""
        samples = [part.samples for part in parts] or [np.zeros(0, np.float32)]
        return Audio(np.concatenate(samples), self.rate, self.warnings, self.words, self._recipe)

    # --- for

    def __iter__(self) -> Iterator[Audio]:
        return self

    def __next__(self) -> Audio:
        """Return the next piece.

        Raises:
            StudioError: it can't be spoken any further.
            StopIteration: that was all.
        """
        while True:
            with self._lock:
                event = next(self._events)
            if isinstance(event, PatchReady):
                return Audio(event.samples, self.rate, recipe=self._recipe)
            failure = self._speech.summary.failure
            if failure is not None:
                raise StudioError(failure.message, failure.remedy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- async for

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Audio:
        """Return the next piece, made in another thread."""
        try:
            part = await asyncio.to_thread(next, self, None)
        except asyncio.CancelledError:
            self._cancel.set()
            raise
        if part is None:
            raise StopAsyncIteration
        return part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)
