"""The endpoint's routes, and the answer of each.

GET  /v1/models          the model
GET  /v1/models/NAME     the same, or 404
GET  /v1/audio/voices    the library's voices
POST /v1/audio/voices    a new voice, from a recording
POST /v1/audio/speech    as OpenAI's, streamed while it is spoken
WS   /v1/audio/speech/stream
                         a text is spoken while it is written; see `session`
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from ditar_studio.api.connection import SESSION_PATH
from ditar_studio.api.errors import ClientLeftError, RefusedError
from ditar_studio.api.guard import Drain, Guard, answer
from ditar_studio.api.replies import send_pieces, server_sent_events, sound_pieces
from ditar_studio.api.session import speech_session
from ditar_studio.api.speaker import Speaker, Speaking
from ditar_studio.api.speech import SpeechRequest
from ditar_studio.api.voices import Voices
from ditar_studio.services.clips import Stretcher
from ditar_studio.services.sound_stream import MEDIA_TYPES, SoundStream
from ditar_studio.services.speech_events import WordSpoken

LARGEST_BODY = 1 << 20
BODY_SECONDS = 30.0


def application(speaker: Speaker, token: str) -> Starlette:
    """Return the endpoint as an ASGI application."""

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [_model(speaker)]})

    async def model(request: Request) -> Response:
        speaker.check_model(request.path_params["name"])
        return JSONResponse({**_model(speaker), "id": request.path_params["name"]})

    async def session(socket: WebSocket) -> None:
        await speech_session(socket, speaker)

    voices = Voices(speaker, speaker.library)
    app = Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/models/{name:path}", model),
            Route("/v1/audio/voices", voices.list),
            Route("/v1/audio/voices", voices.create, methods=["POST"]),
            WebSocketRoute(SESSION_PATH, session),
            Route("/v1/audio/speech", _Speech(speaker), methods=["POST"]),
        ],
        middleware=[Middleware(Drain), Middleware(Guard, token=token)],
        exception_handlers={
            RefusedError: _refused,
            HTTPException: _http_error,
            Exception: _unexpected,
        },
    )
    app.router.redirect_slashes = False
    return app


def _model(speaker: Speaker) -> dict[str, Any]:
    return {"id": speaker.model_name, "object": "model", "created": 0, "owned_by": "local"}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"This takes no {request.method}."
    else:
        message = "There is nothing here."
    response = answer(RefusedError(message, error.status_code))
    response.headers.update(error.headers or {})
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    return answer(RefusedError("Something unexpected went wrong.", 500))


class _Speech:
    """`POST /v1/audio/speech`, an ASGI application of its own."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientLeftError):
            try:
                body = await asyncio.wait_for(_body(scope, receive), BODY_SECONDS)
            except TimeoutError:
                raise RefusedError("The request's body took too long.", 408) from None
            await self._answer(SpeechRequest.of(body), scope, receive, send)

    async def _answer(
        self, request: SpeechRequest, scope: Scope, receive: Receive, send: Send
    ) -> None:
        speaker = self._speaker
        settings = speaker.settings(request)
        voice = await speaker.voice(request.voice)
        streams = Headers(scope=scope).get("X-Stainless-Raw-Response") == "stream"
        whole = request.response_format == "flac" and not (streams or request.stream_format)
        sound = SoundStream(
            request.response_format, speaker.sample_rate, voice.name, whole, speaker.watermark
        )
        others = await speaker.others(request.input)
        speaking = speaker.speak(request.input, voice, settings, others)
        leaving = asyncio.create_task(_watch(receive, speaking))
        try:
            words: list[WordSpoken] = []
            stretcher = Stretcher(speaker.sample_rate, request.speed)
            pieces = sound_pieces(speaking, sound, stretcher, words)
            kind = MEDIA_TYPES[request.response_format]
            if request.stream_format == "sse":
                pieces = server_sent_events(pieces, speaking, request, words)
                kind = "text/event-stream"
            head = {"Content-Type": kind, "X-Sample-Rate": str(sound.rate)}
            await send_pieces(send, pieces, head, scope["state"]["cut_short"])
        finally:
            leaving.cancel()
            speaking.close()


async def _body(scope: Scope, receive: Receive) -> bytes:
    body = bytearray()
    size = int(Headers(scope=scope).get("Content-Length", "0"))
    more = True
    while more:
        if size > LARGEST_BODY:
            raise RefusedError("The request is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        body += message.get("body", b"")
        size = max(size, len(body))
        more = message.get("more_body", False)
    return bytes(body)


async def _watch(receive: Receive, speaking: Speaking) -> None:
    """Cancel what is spoken for a client when it leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass
    speaking.fail(ClientLeftError())
