"""The speech of an answer on its way: as it is, or as server-sent events."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, assert_never

from starlette.types import Send

from ditar_studio.api.errors import RefusedError
from ditar_studio.api.speaker import Speaking
from ditar_studio.api.speech import SpeechRequest
from ditar_studio.services import metadata
from ditar_studio.services import speech_events as events
from ditar_studio.services.clips import Stretcher
from ditar_studio.services.sound_stream import SoundStream

log = logging.getLogger(__name__)

Pieces = AsyncGenerator[bytes, None]


async def sound_pieces(
    speaking: Speaking, sound: SoundStream, stretcher: Stretcher, words: list[events.WordSpoken]
) -> Pieces:
    """Return the bytes of the sound as they become ready.

    Args:
        words: gets those that were spoken.

    Raises:
        RefusedError: it cannot be spoken, or was stopped.
        ClientLeftError: the client closed the connection.
    """
    while True:
        match await speaking.next():
            case events.PatchReady(samples=samples):
                if data := sound.feed(stretcher.feed(samples)):
                    yield data
            case events.WordSpoken() as word:
                words.append(word)
            case events.Warned(message=message):
                log.warning("speaking for a client: %s", message)
            case events.Failed(message=message, remedy=remedy):
                log.warning("speaking for a client failed: %s", message)
                raise RefusedError(f"{message} {remedy}".strip())
            case events.Done():
                yield sound.feed(stretcher.finish()) + sound.finish()
                return
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


async def server_sent_events(
    pieces: Pieces, speaking: Speaking, request: SpeechRequest, words: list[events.WordSpoken]
) -> Pieces:
    """Return the pieces as OpenAI's events. "Tokens" are the text's characters and the model's
    patches.

    Words come between them, where the request asks for their times.
    """
    begun = False
    try:
        async with contextlib.aclosing(pieces):
            async for data in pieces:
                audio = base64.b64encode(data).decode()
                yield _event({"type": "speech.audio.delta", "audio": audio})
                begun = True
                while words:
                    word = words.pop(0)
                    if request.word_times:
                        yield _event(word_event(word, request.input, 0.0, request.speed))
    except RefusedError as refusal:
        if not begun:
            raise
        yield _event({"type": "error", **refusal.body})
        return
    said, made = len(request.input), speaking.patches
    usage = {"input_tokens": said, "output_tokens": made, "total_tokens": said + made}
    yield _event({"type": "speech.audio.done", "usage": usage})


def word_event(word: events.WordSpoken, text: str, begin: float, speed: float) -> dict[str, Any]:
    """Return the event that tells when a word of a text is heard, in seconds of the sound as it is
    sent.

    Args:
        begin: seconds of sound before that of the text.
    """
    start = (begin + word.at_seconds) / speed
    end = start + word.seconds / speed
    said = text[word.start : word.end]
    times = {"start": round(start, 3), "end": round(end, 3)}
    return {"type": "speech.audio.word", "word": said, **times}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


async def send_pieces(
    send: Send, pieces: Pieces, headers: Mapping[str, str], cut_short: Callable[[], None]
) -> None:
    """Answer with pieces as they come, or call `cut_short` where the rest will not come.

    Raises:
        RefusedError: nothing has been sent yet, and nothing will come.
    """
    async with contextlib.aclosing(pieces):
        first = await anext(pieces)
        marked = {**headers, "X-Synthetic-Speech": metadata.mark(), "Cache-Control": "no-store"}
        raw = [(name.lower().encode(), value.encode()) for name, value in marked.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        try:
            async for data in pieces:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except RefusedError as refusal:
            log.info("an answer to a client was cut short: %s", refusal)
            cut_short()
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
