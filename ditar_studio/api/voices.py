"""Voices that clients list, and make from a recording."""

from __future__ import annotations

import asyncio
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive

from ditar_studio.api.errors import RefusedError
from ditar_studio.errors import StudioError
from ditar_studio.services.voice_library import new_samples, save_voice

if TYPE_CHECKING:
    from ditar_studio.api.speaker import Speaker
    from ditar_studio.services.library import Library
    from ditar_studio.services.voice_library import Voice

LARGEST_SAMPLE = 32 << 20
"""Bytes of a request that makes a voice."""

SAMPLE_SECONDS = 60.0

_LONGEST = {"name": 200, "consent": 2000, "transcript": 2000, "type": 20}


class Voices:
    """`GET` and `POST /v1/audio/voices`."""

    def __init__(self, speaker: Speaker, library: Library) -> None:
        self._speaker = speaker
        self._library = library

    async def list(self, request: Request) -> Response:
        """Return the library's voices that can speak."""
        found = [described(voice) for voice in await self._speaker.voices()]
        return JSONResponse({"object": "list", "data": found, "voices": found})

    async def create(self, request: Request) -> Response:
        """Save a voice from multipart form data, as OpenAI's client sends it.

        `consent` is a sentence: who the voice belongs to, and that this person agreed.
        """
        try:
            voice = await asyncio.wait_for(self._created(request), SAMPLE_SECONDS)
        except TimeoutError:
            raise RefusedError("The request's body took too long.", 408) from None
        except HTTPException as error:
            raise RefusedError("The request is no multipart form data.") from error
        return JSONResponse(described(voice))

    async def _created(self, request: Request) -> Voice:
        limited = Request(request.scope, _limited(request.receive))
        async with limited.form(max_files=1) as form:
            sample = form.get("audio_sample")
            if not isinstance(sample, UploadFile):
                raise RefusedError(
                    "A voice is made of a recording: send it as “audio_sample”.",
                    param="audio_sample",
                )
            texts = {name: _text(form.get(name, ""), name) for name in _LONGEST}
            for name in ("name", "consent"):
                if not texts[name]:
                    raise RefusedError(f"“{name}” is missing.", param=name)
            return await self._made(sample, texts)

    async def _made(self, sample: UploadFile, texts: dict[str, str]) -> Voice:
        with tempfile.TemporaryDirectory(prefix="ditar-voice-") as folder:
            suffix = Path(sample.filename or "").suffix.lower()
            path = Path(folder, f"recording{suffix if suffix[1:].isalnum() else '.wav'}")
            path.write_bytes(await sample.read())

            def make() -> Voice:
                samples = new_samples([(path, texts["transcript"])])
                name, consent = texts["name"], texts["consent"]
                return save_voice(self._library, name, samples, consent=consent)

            try:
                return await asyncio.to_thread(make)
            except StudioError as error:
                raise RefusedError.of(error) from error


def described(voice: Voice) -> dict[str, Any]:
    """Return a voice in OpenAI's form, with whether it is fine-tuned."""
    return {
        "id": voice.id,
        "object": "audio.voice",
        "created_at": int(voice.created),
        "name": voice.name,
        "type": "audio_sample",
        "fine_tuned": voice.adapter is not None,
    }


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST[name]:
        raise RefusedError(
            f"“{name}” has to be a text of up to {_LONGEST[name]} characters.", param=name
        )
    return value.strip()


def _limited(receive: Receive) -> Receive:
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_SAMPLE:
            raise RefusedError("The request is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return limited
