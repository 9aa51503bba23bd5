"""The checked body of a request for speech."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from ditar_studio.api.errors import RefusedError
from ditar_studio.errors import StudioError
from ditar_studio.services.clips import FASTEST, SLOWEST
from ditar_studio.services.generation_settings import GenerationSettings, OwnSettings
from ditar_studio.services.sound_stream import Format, formats
from ditar_studio.text.ssml import read_marked

StreamFormat = Literal["audio", "sse"]

LONGEST_INPUT = 20_000
_LONGEST_NAME = 200
_LONGEST_INSTRUCTIONS = 4096
_MOST_DIGITS = 20
_SETTINGS = ("temperature", "guidance", "steps", "seed")
_FIELDS = (
    *("model", "input", "voice", "instructions", "response_format", "speed", "stream_format"),
    "timestamp_granularities",
    *_SETTINGS,
)


@dataclass(frozen=True)
class SpeechRequest:
    """The body of `POST /v1/audio/speech`.

    Args:
        input: what to say; up to 20000 characters.
        voice: name or id of a voice of the library.
        model: name of the model; None for the one that is loaded.
        instructions: the way of speaking, for models that take a style.
        response_format: of the answer; "pcm" is 16 bits, little endian, mono, 24 kHz.
        speed: tempo with the pitch kept, 0.25..4.
        stream_format: "sse" sends the sound as server-sent events; None sends it as it is.
        word_times: whether an event tells when each word is heard; only with "sse".
        settings: temperature, guidance, steps, seed, as far as given.
    """

    input: str
    voice: str
    model: str | None = None
    instructions: str = ""
    response_format: Format = "mp3"
    speed: float = 1.0
    stream_format: StreamFormat | None = None
    word_times: bool = False
    settings: OwnSettings = field(default_factory=OwnSettings)

    @staticmethod
    def of(data: bytes) -> SpeechRequest:
        """Check the bytes of a body.

        Raises:
            RefusedError: they are not JSON, or something in it is missing, wrong or unknown.
        """
        body = _decoded(data)
        if not isinstance(body, dict):
            raise RefusedError("The request is not a JSON object.")
        for name in body:
            if name not in _FIELDS:
                raise RefusedError(
                    f"There is no parameter “{name[:_LONGEST_NAME]}”. Leave it out.",
                    param=name[:_LONGEST_NAME],
                    code="unknown_parameter",
                )
        given = {name: value for name, value in body.items() if value is not None}
        voice = given.get("voice")
        if isinstance(voice, dict):
            given["voice"] = voice.get("id")
        return SpeechRequest(
            input=_marked(_text(given, "input", LONGEST_INPUT)),
            voice=_text(given, "voice", _LONGEST_NAME),
            model=_text(given, "model", _LONGEST_NAME) if "model" in given else None,
            instructions=_instructions(given),
            response_format=_format(given),
            speed=_speed(given),
            stream_format=_stream_format(given),
            word_times=_word_times(given),
            settings=_settings(given),
        )


def _decoded(data: bytes) -> object:
    try:
        value = json.loads(
            data.decode(), parse_int=_whole, parse_float=_number, parse_constant=_number
        )
        json.dumps(value, ensure_ascii=False).encode()  # fails at halves of surrogate pairs
    except RefusedError:
        raise
    except UnicodeEncodeError:
        raise RefusedError("A text in the request holds half of a surrogate pair.") from None
    except RecursionError:
        raise RefusedError("The request's JSON is nested too deeply.") from None
    except ValueError:
        raise RefusedError("The request is not JSON in UTF-8.") from None
    return value


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise RefusedError(f"A number in the request has more than {_MOST_DIGITS} digits.")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise RefusedError("A number in the request is not finite.")
    return value


def _text(given: Mapping[str, object], name: str, longest: int) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(f"“{name}” has to be a text that is not empty.", param=name)
    if len(value) > longest:
        raise RefusedError(f"“{name}” may have {longest} characters.", param=name)
    return value.strip()


def _marked(text: str) -> str:
    """Return a text as it is, or, if it is SSML, with marks instead."""
    try:
        return read_marked(text)
    except StudioError as error:
        raise RefusedError(f"{error.message} {error.remedy}".strip(), param="input") from error


def _instructions(given: Mapping[str, object]) -> str:
    if given.get("instructions", "") == "":  # as good as none; some programs always send it
        return ""
    return _text(given, "instructions", _LONGEST_INSTRUCTIONS)


def _format(given: Mapping[str, object]) -> Format:
    kind = given.get("response_format", "mp3")
    known = formats()
    if kind in known:
        return kind
    reason = "AAC cannot be encoded on this installation: " if kind == "aac" else ""
    raise RefusedError(
        f"{reason}“response_format” has to be one of {', '.join(known)}.", param="response_format"
    )


def _stream_format(given: Mapping[str, object]) -> StreamFormat | None:
    kind = given.get("stream_format")
    if kind is not None and kind not in get_args(StreamFormat):
        raise RefusedError("“stream_format” has to be audio or sse.", param="stream_format")
    return cast("StreamFormat | None", kind)


def _word_times(given: Mapping[str, object]) -> bool:
    wanted = given.get("timestamp_granularities", [])
    if wanted not in ([], ["word"]):
        raise RefusedError(
            "“timestamp_granularities” has to be [“word”].", param="timestamp_granularities"
        )
    if wanted and given.get("stream_format") != "sse":
        raise RefusedError(
            "Times of words come as events: say “stream_format”: “sse”.",
            param="timestamp_granularities",
        )
    return bool(wanted)


def _speed(given: Mapping[str, object]) -> float:
    speed = given.get("speed", 1.0)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)):
        raise RefusedError("“speed” has to be a number.", param="speed")
    if not SLOWEST <= speed <= FASTEST:
        raise RefusedError(f"“speed” has to be between {SLOWEST:g} and {FASTEST:g}.", param="speed")
    return float(speed)


def _settings(given: Mapping[str, object]) -> OwnSettings:
    settings = {}
    for name in _SETTINGS:
        if name in given:
            settings[name] = given[name]
            try:
                GenerationSettings.from_dict({name: given[name]})
            except StudioError as error:
                raise RefusedError.of(error, param=name) from error
    return cast("OwnSettings", settings)
