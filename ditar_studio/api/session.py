"""A text is spoken while it is written: a session over a WebSocket.

A client sends JSON:

    {"type": "session.update", "session": {"voice": "Emma", "response_format": "pcm"}}
    {"type": "input_text.append", "text": "Hello th"}
    {"type": "input_text.flush"}        what was sent is all of this speech
    {"type": "input_text.end"}          and of the session

and gets

    {"type": "session.created"}
    {"type": "session.updated", "session": {...}}
    {"type": "speech.audio.delta", "audio": "base64"}
    {"type": "speech.audio.word", "word": "Hello", "start": 0.1, "end": 0.4}
    {"type": "speech.audio.done", "usage": {...}}
    {"type": "error", "error": {...}}

A sentence is spoken as soon as it is whole. The fields of a session are those of
`POST /v1/audio/speech` but for `input`; they hold from the next speech on.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_never

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from ditar_studio.api.errors import RefusedError
from ditar_studio.api.replies import word_event
from ditar_studio.api.speech import LONGEST_INPUT, SpeechRequest
from ditar_studio.errors import StudioError
from ditar_studio.services import speech_events as events
from ditar_studio.services.clips import Stretcher
from ditar_studio.services.sound_stream import SoundStream
from ditar_studio.text.arriving import ArrivingText

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.api.speaker import Speaker
    from ditar_studio.services.generation_settings import GenerationSettings
    from ditar_studio.services.voice_library import Voice

log = logging.getLogger(__name__)

STALLED_SECONDS = 30.0
"""So long may a client that is being sent something take nothing of it."""

_LARGEST_MESSAGE = 1 << 20


async def speech_session(socket: WebSocket, speaker: Speaker) -> None:
    """Hold a session with a client until one of both ends it."""
    await socket.accept()
    session = _Session(socket, speaker)
    with contextlib.suppress(WebSocketDisconnect, asyncio.TimeoutError, RuntimeError):
        try:
            await session.run()
            await socket.close()
        except RefusedError as refusal:
            await session.send({"type": "error", **refusal.body})
            await socket.close(1011, str(refusal)[:100])


class _Session:
    def __init__(self, socket: WebSocket, speaker: Speaker) -> None:
        self._socket = socket
        self._speaker = speaker
        self._fields: dict[str, object] = {}
        self._speech: _Speech | None = None
        self._work: asyncio.Queue[tuple[_Speech, str | None] | None] = asyncio.Queue()

    async def run(self) -> None:
        """Take what the client sends, and speak meanwhile.

        Raises:
            RefusedError: the endpoint is being stopped.
            WebSocketDisconnect: the client left.
        """
        await self.send({"type": "session.created"})
        speaking = asyncio.create_task(self._speak_all())
        listening = asyncio.create_task(self._listen())
        try:
            done, _ = await asyncio.wait([speaking, listening], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await speaking
        finally:
            for task in (listening, speaking):
                task.cancel()
            await asyncio.gather(listening, speaking, return_exceptions=True)

    async def send(self, event: Mapping[str, object]) -> None:
        """Send an event to the client, who has to take it some time."""
        text = json.dumps(event, ensure_ascii=False)
        await asyncio.wait_for(self._socket.send_text(text), STALLED_SECONDS)

    async def _listen(self) -> None:
        while True:
            try:
                if await self._handle(_message(await self._socket.receive_text())):
                    break
            except KeyError:
                await self._refuse(RefusedError("A message has to be a text in JSON."))
            except RefusedError as refusal:
                await self._refuse(refusal)
        self._work.put_nowait(None)

    async def _refuse(self, refusal: RefusedError) -> None:
        await self.send({"type": "error", **refusal.body})

    async def _handle(self, message: Mapping[str, object]) -> bool:
        """Do what a message asks for; return whether it was the last.

        Raises:
            RefusedError: it can't be.
        """
        match message.get("type"):
            case "session.update":
                await self._update(message.get("session"))
            case "input_text.append":
                text = message.get("text")
                if not isinstance(text, str):
                    raise RefusedError("“text” has to be a text.", param="text")
                speech = self._speech = self._speech or await self._begun()
                try:
                    sentences = speech.feed(text)
                except RefusedError:
                    speech.refused, self._speech = True, None
                    raise
                for sentence in sentences:
                    self._work.put_nowait((speech, sentence))
            case "input_text.flush":
                self._flush()
            case "input_text.end":
                self._flush()
                return True
            case kind:
                raise RefusedError(f"There is no message “{str(kind)[:40]}”.", param="type")
        return False

    def _flush(self) -> None:
        if self._speech is not None:
            speech, self._speech = self._speech, None
            for sentence in speech.text.finish():
                self._work.put_nowait((speech, sentence))
            self._work.put_nowait((speech, None))

    async def _update(self, changes: object) -> None:
        if not isinstance(changes, dict):
            raise RefusedError("“session” has to be an object.", param="session")
        fields = {**self._fields, **changes}
        if "input" in fields or "stream_format" in fields:
            raise RefusedError("A session has no “input” and no “stream_format”.")
        request = SpeechRequest.of(json.dumps({**fields, "input": "-"}).encode())
        _check_format(request)
        self._speaker.settings(request)
        await self._speaker.voice(request.voice)
        self._fields = fields
        await self.send({"type": "session.updated", "session": fields})

    async def _begun(self) -> _Speech:
        if "voice" not in self._fields:
            raise RefusedError("Name a voice by “session.update” first.", param="voice")
        fields = {"response_format": "pcm", **self._fields, "input": "-"}
        request = SpeechRequest.of(json.dumps(fields).encode())
        voice = await self._speaker.voice(request.voice)
        speaker = self._speaker
        rate, watermark = speaker.sample_rate, speaker.watermark
        sound = SoundStream(request.response_format, rate, voice.name, watermark=watermark)
        return _Speech(request, voice, speaker.settings(request), sound, rate)

    async def _speak_all(self) -> None:
        while (work := await self._work.get()) is not None:
            speech, sentence = work
            if speech.refused:
                continue
            try:
                if sentence is None:
                    await self._send_sound(speech.sound.feed(speech.stretcher.finish()))
                    await self._send_sound(speech.sound.finish())
                    await self.send({"type": "speech.audio.done", "usage": speech.usage})
                else:
                    await self._speak(speech, sentence)
            except RefusedError as refusal:
                if refusal.status == 503:
                    raise
                speech.refused = True
                await self._refuse(refusal)

    async def _speak(self, speech: _Speech, sentence: str) -> None:
        if speech.seconds:
            await self._feed(speech, speech.silence())
        begin = speech.seconds
        others = await self._speaker.others(sentence)
        speaking = self._speaker.speak(sentence, speech.voice, speech.settings, others)
        try:
            while True:
                match await speaking.next():
                    case events.PatchReady(samples=samples):
                        await self._feed(speech, samples)
                    case events.WordSpoken() as word:
                        await self.send(word_event(word, sentence, begin, speech.request.speed))
                    case events.Failed(message=message, remedy=remedy):
                        raise RefusedError(f"{message} {remedy}".strip())
                    case events.Done(stats=stats):
                        speech.patches += stats.patches
                        return
                    case events.Warned(message=message):
                        log.warning("speaking for a client: %s", message)
                    case (
                        events.Started()
                        | events.LineStarted()
                        | events.LineDone()
                        | events.Progress()
                        | events.SentenceVerified()
                    ):
                        pass
                    case events.Cancelled():
                        pass  # whoever cancels it no longer listens, or has given `next` its error
                    case other:
                        assert_never(other)
        finally:
            speaking.close()

    async def _feed(self, speech: _Speech, samples: NDArray[np.float32]) -> None:
        speech.seconds += len(samples) / self._speaker.sample_rate
        await self._send_sound(speech.sound.feed(speech.stretcher.feed(samples)))

    async def _send_sound(self, data: bytes) -> None:
        if data:
            audio = base64.b64encode(data).decode()
            await self.send({"type": "speech.audio.delta", "audio": audio})


class _Speech:
    """What is spoken between two flushes: one sound.

    Attributes:
        seconds: of sound so far, before its speed is changed.
        refused: whether it can't go on.
    """

    def __init__(
        self,
        request: SpeechRequest,
        voice: Voice,
        settings: GenerationSettings,
        sound: SoundStream,
        rate: int,
    ) -> None:
        self.request, self.voice, self.settings = request, voice, settings
        self.text = ArrivingText(LONGEST_INPUT)
        self.sound = sound
        self.stretcher = Stretcher(rate, request.speed)
        self.seconds = 0.0
        self.patches = 0
        self.refused = False
        self._rate = rate

    def feed(self, piece: str) -> list[str]:
        """Return the sentences that are whole now.

        Raises:
            RefusedError: it is too long.
        """
        try:
            return self.text.feed(piece)
        except StudioError as error:
            raise RefusedError.of(error, param="text") from error

    def silence(self) -> NDArray[np.float32]:
        """Return the silence between two sentences."""
        return np.zeros(round(self.settings.pause_seconds * self._rate), np.float32)

    @property
    def usage(self) -> dict[str, int]:
        """Usage as OpenAI's events give it: characters and patches."""
        said, made = self.text.characters, self.patches
        return {"input_tokens": said, "output_tokens": made, "total_tokens": said + made}


def _message(text: str) -> Mapping[str, object]:
    try:
        if len(text) > _LARGEST_MESSAGE:
            raise RefusedError("The message is too large.")
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # fails at halves of surrogate pairs
    except (ValueError, RecursionError) as error:
        raise RefusedError("A message has to be a text in JSON.") from error
    if not isinstance(value, dict):
        raise RefusedError("A message has to be a JSON object.")
    return value


def _check_format(request: SpeechRequest) -> None:
    if request.response_format == "flac":
        raise RefusedError("FLAC can't be streamed piece by piece.", param="response_format")
