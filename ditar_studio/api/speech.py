"""What a client asks for, checked, and how it is spoken: one request after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ditar_studio.audio.speed import FASTEST, SLOWEST
from ditar_studio.engine.events import Cancelled, Done, Event, Failed
from ditar_studio.engine.generate import GenerationRequest, Line, stream
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.engine.worker import Worker
from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.voice import Voice

Format = Literal["mp3", "opus", "flac", "wav", "pcm"]

LONGEST_INPUT = 20_000
_SETTINGS = ("temperature", "guidance", "steps", "seed")


@dataclass(frozen=True)
class SpeechRequest:
    """The body of `POST /v1/audio/speech`.

    Args:
        input: what to say; up to 20000 characters.
        voice: name or id of a voice of the library.
        response_format: of the answer; "pcm" is 16 bits, little endian, mono, without a header.
        speed: tempo, 0.5..2; other than 1 the answer comes when all has been spoken.
        settings: temperature, guidance, steps, seed, as far as given.
    """

    input: str
    voice: str
    response_format: Format = "mp3"
    speed: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(body: object) -> SpeechRequest:
        """Check a decoded JSON body.

        Raises:
            StudioError: something in it is missing or wrong.
        """
        if not isinstance(body, dict):
            raise StudioError("The request is not a JSON object.")
        text, voice = body.get("input"), body.get("voice")
        if isinstance(voice, dict):
            voice = voice.get("id")
        kind, speed = body.get("response_format", "mp3"), body.get("speed", 1.0)
        if not isinstance(text, str) or not text.strip():
            raise StudioError("“input” has to be the text to speak.")
        if len(text) > LONGEST_INPUT:
            raise StudioError(f"“input” may have {LONGEST_INPUT} characters.", "Split it.")
        if not isinstance(voice, str) or not voice.strip():
            raise StudioError("“voice” has to be the name of a voice.")
        if kind not in get_args(Format):
            raise StudioError(f"“response_format” has to be one of {', '.join(get_args(Format))}.")
        if isinstance(speed, bool) or not isinstance(speed, (int, float)):
            raise StudioError("“speed” has to be a number.")
        if not SLOWEST <= speed <= FASTEST:
            raise StudioError(f"“speed” has to be between {SLOWEST:g} and {FASTEST:g}.")
        settings = {name: body[name] for name in _SETTINGS if body.get(name) is not None}
        GenerationSettings.from_dict(settings)
        return SpeechRequest(text, voice.strip(), kind, float(speed), settings)


class Speaker:
    """Speaks requests with the studio's voices, model and worker.

    Args:
        model: gives the loaded model and its voice cache; called on the worker's thread.
        model_name: what `GET /v1/models` tells.
    """

    def __init__(
        self,
        library: Library,
        worker: Worker,
        model: Callable[[], tuple[SpeechModel, VoiceCache | None]],
        model_name: str,
    ) -> None:
        self._library = library
        self._worker = worker
        self._model = model
        self.model_name = model_name

    def voices(self) -> list[Voice]:
        """Those that can speak: with a reference."""
        return [voice for voice in self._library.voices.all() if voice.reference is not None]

    def voice(self, name: str) -> Voice:
        """A voice by id or name, letter case aside.

        Raises:
            StudioError: there is none; the message tells those there are.
        """
        voices = self.voices()
        for voice in voices:
            if name == voice.id or name.casefold() == voice.name.casefold():
                return voice
        names = ", ".join(voice.name for voice in voices) or "none"
        raise StudioError(f"There is no voice “{name}”.", f"Voices: {names}.")

    def speak(
        self, request: SpeechRequest, voice: Voice, cancel: threading.Event
    ) -> Iterator[Event]:
        """The engine's events, as they come from the worker. Closing it cancels the job."""
        assert voice.reference is not None
        reference = Reference(voice.reference.path, voice.reference.transcript)
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()

        def work(cancelled: threading.Event) -> Iterator[Event]:
            model, voices = self._model()
            defaults = model.info.default_settings.as_dict()
            settings = GenerationSettings.from_dict({**defaults, **request.settings})
            lines = (Line(request.input),)
            yield from stream(
                model, GenerationRequest(lines, reference, settings), cancelled, voices
            )

        job = self._worker.submit(work, events.put)
        try:
            while True:
                if cancel.is_set():
                    job.cancel()
                try:
                    event = events.get(timeout=0.2)
                except queue.Empty:
                    continue
                yield event
                if isinstance(event, (Done, Cancelled, Failed)):
                    return
        finally:
            job.cancel()
