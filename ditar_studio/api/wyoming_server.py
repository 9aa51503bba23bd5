"""A Wyoming server: text to speech for Home Assistant's voice assistants.

A text comes whole (`synthesize`) or in pieces while it is written (`synthesize-start`, `-chunk`,
`-stop`); the sound goes back patch by patch, sentence by sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import numpy as np
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from ditar_studio.api.speech import LONGEST_INPUT
from ditar_studio.errors import StudioError
from ditar_studio.services.clips import Watermarker
from ditar_studio.services.voice_library import known_voices
from ditar_studio.text.arriving import ArrivingText
from ditar_studio.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.python_api.model import Model

log = logging.getLogger(__name__)


_WIDTH, _CHANNELS = 2, 1
_HOME = "https://github.com/ditar-studio/ditar-studio"


class WyomingHandler(AsyncEventHandler):
    """One client.

    Args:
        model: who speaks; shared by all clients.
        voice: who speaks where the client names nobody; empty for the model's own.
        watermark: whether what clients get has the watermark.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        model: Model,
        voice: str = "",
        watermark: bool = True,
    ) -> None:
        super().__init__(reader, writer)
        self._model = model
        self._voice = voice
        self._watermark = watermark
        self._arriving: _Arriving | None = None

    async def handle_event(self, event: Event) -> bool:
        """Answer one event; return whether the client may go on."""
        try:
            await self._answer(event)
        except StudioError as error:
            log.warning("speaking for a client failed: %s", error)
            self._arriving = None
            await self._send(Error(str(error), code="StudioError"))
        except (KeyError, TypeError, AttributeError) as error:
            log.warning("a client sent what can't be read: %s", error)
            await self._send(Error("The event can't be read.", code="invalid-event"))
            return False
        except ConnectionError:
            return False
        return True

    async def _answer(self, event: Event) -> None:
        if Describe.is_type(event.type):
            await self._send(await asyncio.to_thread(self._info))
        elif Ping.is_type(event.type):
            await self._send(Pong(text=Ping.from_event(event).text))
        elif SynthesizeStart.is_type(event.type):
            self._arriving = self._begun(SynthesizeStart.from_event(event).voice)
        elif SynthesizeChunk.is_type(event.type) and self._arriving is not None:
            for sentence in self._arriving.text.feed(SynthesizeChunk.from_event(event).text):
                await self._speak(sentence, self._arriving)
        elif SynthesizeStop.is_type(event.type) and self._arriving is not None:
            arriving, self._arriving = self._arriving, None
            for sentence in arriving.text.finish():
                await self._speak(sentence, arriving)
            await self._end(arriving)
            await self._send(SynthesizeStopped())
        elif Synthesize.is_type(event.type) and self._arriving is None:
            # Amid pieces it is only the whole once more, for servers that take no pieces.
            whole = Synthesize.from_event(event)
            arriving = self._begun(whole.voice)
            for sentence in [*arriving.text.feed(whole.text), *arriving.text.finish()]:
                await self._speak(sentence, arriving)
            await self._end(arriving)

    def _begun(self, voice: SynthesizeVoice | None) -> _Arriving:
        name = voice.name if voice is not None else None
        return _Arriving(name or self._voice, Watermarker(self._model.rate, self._watermark))

    async def _speak(self, sentence: str, arriving: _Arriving) -> None:
        """Speak a sentence, after a pause if it isn't the first."""
        rate = self._model.rate
        stream = await asyncio.to_thread(self._model.stream, sentence, arriving.voice or None)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(stream)
            async for part in stream:
                if not arriving.begun:
                    arriving.begun = True
                    await self._send(AudioStart(rate, _WIDTH, _CHANNELS))
                elif arriving.pause:
                    pause = round(self._model.settings.pause_seconds * rate)
                    await self._send_sound(arriving.marker.feed(np.zeros(pause, np.float32)))
                arriving.pause = False
                await self._send_sound(arriving.marker.feed(part.samples))
        arriving.pause = arriving.begun

    async def _end(self, arriving: _Arriving) -> None:
        if not arriving.begun:
            raise StudioError("There is nothing to say.", "Send some text.")
        await self._send_sound(arriving.marker.finish())
        await self._send(AudioStop())

    async def _send_sound(self, samples: NDArray[np.float32]) -> None:
        if not len(samples):
            return
        whole = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
        await self._send(AudioChunk(self._model.rate, _WIDTH, _CHANNELS, whole.tobytes()))

    async def _send(self, event: Eventable) -> None:
        await self.write_event(event.event())

    def _info(self) -> Info:
        attribution = Attribution(name="DiTAR Studio", url=_HOME)
        voices = [
            TtsVoice(
                name=voice.name,
                attribution=attribution,
                installed=True,
                description=voice.name,
                version=__version__,
                languages=list(self._model.languages),
            )
            for voice in known_voices()
        ]
        program = TtsProgram(
            name="ditar-studio",
            attribution=attribution,
            installed=True,
            description="Cloned voices on your own computer",
            version=__version__,
            voices=voices,
            supports_synthesize_streaming=True,
        )
        return Info(tts=[program])


class _Arriving:
    """A text on its way in, and how far its sound is."""

    def __init__(self, voice: str, marker: Watermarker) -> None:
        self.voice = voice
        self.marker = marker
        self.text = ArrivingText(LONGEST_INPUT)
        self.begun = False
        self.pause = False
