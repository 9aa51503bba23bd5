"""The one speaker of all clients: the library's voices, one model, one request after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TypeVar

from ditar_studio.api.errors import RefusedError
from ditar_studio.api.speech import SpeechRequest
from ditar_studio.services.generation_settings import GenerationSettings
from ditar_studio.services.library import Library
from ditar_studio.services.loaded_model import SpeechModel, VoiceCache
from ditar_studio.services.references import Reference, others_in, reference_of, usable
from ditar_studio.services.speaking import GenerationRequest, SpeechStream, SpokenLine
from ditar_studio.services.speech_events import Cancelled, Done, Event, Failed
from ditar_studio.services.voice_library import Voice
from ditar_studio.services.worker import Worker
from ditar_studio.text.markup import voices_in

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_WAITING = 32
"""Requests that wait while one is spoken; what comes then is refused, with the time to retry."""

_OPENAI_MODELS = ("tts-1", "gpt-4o-mini-tts")
"""Beginnings of names that clients of OpenAI's have built in; here they mean the loaded model."""

_LONGEST_RETRY = 60


class Speaker:
    """Speaks requests with the library's voices and one model. Used on the event loop's thread.

    Args:
        model: the loaded model, used on the worker's thread alone.
        voices: returns its encoded voices.
        model_name: what clients call it.
        watermark: whether what clients get has the watermark.
    """

    def __init__(
        self,
        library: Library,
        worker: Worker,
        model: SpeechModel,
        voices: VoiceCache,
        model_name: str,
        watermark: bool = True,
    ) -> None:
        self.library = library
        self._worker = worker
        self._model = model
        self._cache = voices
        self.model_name = model_name
        self.watermark = watermark
        self.sample_rate = model.info.sample_rate
        self._live: set[Speaking] = set()
        self._usual_seconds = 5.0

    async def voices(self) -> list[Voice]:
        """Return the voices that can speak: those with a reference."""
        found = await asyncio.wrap_future(self.library.submit(self.library.voices.all))
        return [voice for voice in found if voice.reference is not None]

    async def voice(self, name: str) -> Voice:
        """Return a voice by id or name, letter case aside.

        Raises:
            RefusedError: there is none; the message tells those there are.
        """
        voices = await self.voices()
        for voice in voices:
            if name == voice.id or name.casefold() == voice.name.casefold():
                return voice
        names = ", ".join(voice.name for voice in voices) or "none"
        raise RefusedError(f"There is no voice “{name}”. Voices: {names}.", param="voice")

    def check_model(self, name: str) -> None:
        """Make sure that a client means this model.

        Raises:
            RefusedError: it means another one.
        """
        if name != self.model_name and not name.startswith(_OPENAI_MODELS):
            raise RefusedError(
                f"There is no model “{name}”. The model here is {self.model_name}.",
                HTTPStatus.NOT_FOUND,
                param="model",
                code="model_not_found",
            )

    def settings(self, request: SpeechRequest) -> GenerationSettings:
        """Return the model's own settings, changed by what the request gives.

        Raises:
            RefusedError: it wants another model, or instructions that this one does not take.
        """
        if request.model is not None:
            self.check_model(request.model)
        if request.instructions and not self._model.info.supports_style:
            raise RefusedError(
                "This model takes no instructions. Leave them out, or serve VoxCPM 2.",
                param="instructions",
            )
        given = {**self._model.info.default_settings.as_dict(), **request.settings}
        return GenerationSettings.from_dict({**given, "style": request.instructions or None})

    async def others(self, text: str) -> dict[str, Reference]:
        """Return the voices that marks in a text name."""
        if not voices_in(text):
            return {}
        voices = await self.voices()
        return others_in([text], lambda: usable(voices))

    def speak(
        self,
        text: str,
        voice: Voice,
        settings: GenerationSettings,
        others: Mapping[str, Reference],
    ) -> Speaking:
        """Take a place in the queue; leave it by `Speaking.close`.

        Args:
            others: the voices that marks in the text name.

        Raises:
            RefusedError: all places are taken.
        """
        if len(self._live) > MOST_WAITING:
            wait = max(1, min(_LONGEST_RETRY, math.ceil(self._usual_seconds)))
            raise RefusedError(
                f"{MOST_WAITING} requests are waiting already. Try again in {wait} s.",
                HTTPStatus.TOO_MANY_REQUESTS,
                code="rate_limit_exceeded",
                retry_after=wait,
            )
        request = GenerationRequest(
            (SpokenLine(text),), reference_of(voice), settings, others=others
        )
        speaking = Speaking(
            self._worker,
            lambda cancelled: SpeechStream(self._model, request, cancelled, self._cache),
            self._ended,
        )
        self._live.add(speaking)
        return speaking

    def stop(self) -> None:
        """Cancel everything; those who wait get an error."""
        for speaking in list(self._live):
            speaking.fail(
                RefusedError("The endpoint is being stopped.", HTTPStatus.SERVICE_UNAVAILABLE)
            )

    def _ended(self, speaking: Speaking, seconds: float | None) -> None:
        self._live.discard(speaking)
        if seconds is not None:
            self._usual_seconds += 0.2 * (seconds - self._usual_seconds)


class Speaking:
    """One request, waiting or spoken. Used on the event loop's thread.

    Args:
        worker: whose thread does the work.
        work: gives the engine's events.
        ended: called on the event loop's thread when its place is free, with the seconds that it
            took if it was spoken to its end; perhaps more than once.

    Attributes:
        patches: how many were made, as soon as all were.
    """

    def __init__(
        self,
        worker: Worker,
        work: Callable[[threading.Event], Iterable[Event]],
        ended: Callable[[Speaking, float | None], None],
    ) -> None:
        self._work = work
        self._ended = ended
        self.patches = 0
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._error: Exception | None = None
        self._job = worker.submit(self._run, lambda event: self._call_in_loop(self._arrived, event))

    async def next(self) -> Event:
        """Return the next event of the engine.

        Raises:
            Exception: what `fail` was given.
        """
        event = await self._events.get()
        if self._error is not None or event is None:
            raise self._error or RuntimeError("nothing more comes")
        return event

    def fail(self, error: Exception) -> None:
        """Cancel it, and let `next` raise an error."""
        self._error = self._error or error
        self._events.put_nowait(None)
        self.close()

    def close(self) -> None:
        """Cancel it, unless it is done, and give its place to others."""
        self._job.cancel()
        self._ended(self, None)

    def _arrived(self, event: Event) -> None:
        if isinstance(event, Done):
            self.patches = event.stats.patches
            self._ended(self, event.stats.elapsed)
        elif isinstance(event, (Cancelled, Failed)):
            self._ended(self, None)
        self._events.put_nowait(event)

    # --- on the worker's thread

    def _run(self, cancelled: threading.Event) -> Iterator[Event]:
        if cancelled.is_set():  # its client left while it waited
            return
        try:
            yield from self._work(cancelled)
        except Exception:
            log.exception("speaking for a client failed")
            error = RefusedError(
                "Something unexpected went wrong.", HTTPStatus.INTERNAL_SERVER_ERROR
            )
            self._call_in_loop(self.fail, error)

    def _call_in_loop(self, function: Callable[[T], None], value: T) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(function, value)
