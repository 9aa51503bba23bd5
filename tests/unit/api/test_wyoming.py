"""The Wyoming server, asked by the protocol's own client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient, AsyncUnixClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncUnixServer
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from ditar_studio.api import wyoming_server
from ditar_studio.api.wyoming_server import WyomingHandler
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.cli import main
from ditar_studio.python_api.model import Model

pytestmark = pytest.mark.leaves_threads

EMMA = SynthesizeVoice(name="Emma")


def ask(
    tmp_path: Path, work: Callable[[AsyncUnixClient], Awaitable[Any]], watermark: bool = True
) -> Any:
    """Have a client ask a server that speaks at once."""
    model = Model(FakeModel(needs_transcript=False))
    path = tmp_path / "wyoming.socket"

    async def asked() -> Any:
        server = AsyncUnixServer(path)
        await server.start(lambda r, w: WyomingHandler(r, w, model, "Emma", watermark))
        try:
            async with AsyncUnixClient(str(path)) as client:
                return await asyncio.wait_for(work(client), 60)
        finally:
            await server.stop()

    return asyncio.run(asked())


async def heard(client: Any, last: Callable[[str], bool]) -> tuple[list[str], float]:
    """The types of events up to one, each once in a row, and the seconds of sound in them."""
    types: list[str] = []
    seconds = 0.0
    while True:
        event = await client.read_event()
        assert event is not None
        if not types or types[-1] != event.type:
            types.append(event.type)
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            assert (chunk.rate, chunk.width, chunk.channels) == (24000, 2, 1)
            samples = np.frombuffer(chunk.audio, "<i2")
            seconds += len(samples) / chunk.rate
        if last(event.type):
            return types, seconds


def test_it_describes_itself_and_its_voices(tmp_path: Path) -> None:
    async def work(client: Any) -> Info:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event())

    (program,) = ask(tmp_path, work).tts
    assert program.supports_synthesize_streaming
    assert [voice.name for voice in program.voices] == ["Emma", "Kathleen", "Michael"]
    assert program.voices[0].languages == ["en"]


def test_it_answers_a_ping(tmp_path: Path) -> None:
    async def work(client: Any) -> Pong:
        await client.write_event(Ping(text="there?").event())
        return Pong.from_event(await client.read_event())

    assert ask(tmp_path, work).text == "there?"


@pytest.mark.parametrize("voice", [None, EMMA, SynthesizeVoice(language="en")])
def test_a_whole_text_is_spoken(tmp_path: Path, voice: SynthesizeVoice | None) -> None:
    async def work(client: Any) -> tuple[list[str], float]:
        await client.write_event(Synthesize("One two. Three.", voice).event())
        return await heard(client, AudioStop.is_type)

    types, seconds = ask(tmp_path, work)
    assert types == ["audio-start", "audio-chunk", "audio-stop"]
    assert seconds == pytest.approx(1.2 + 0.25)


def test_sound_is_marked_unless_it_must_not_be(tmp_path: Path) -> None:
    async def work(client: Any) -> NDArray[np.float32]:
        await client.write_event(Synthesize("One two.").event())
        sound = b""
        while not AudioStop.is_type((event := await client.read_event()).type):
            if AudioChunk.is_type(event.type):
                sound += AudioChunk.from_event(event).audio
        return np.frombuffer(sound, "<i2").astype(np.float32) / 32768

    plain = ask(tmp_path, work, watermark=False)
    marked = ask(tmp_path, work)
    expected = watermarked(Clip(plain, 24_000)).samples
    np.testing.assert_allclose(marked, expected, atol=3 / 32768)
    assert np.abs(marked - plain).max() > 10 / 32768


def test_pieces_of_a_text_are_spoken_as_soon_as_sentences_are_whole(tmp_path: Path) -> None:
    async def work(client: Any) -> tuple[list[str], float]:
        await client.write_event(SynthesizeStart(voice=EMMA).event())
        await client.write_event(SynthesizeChunk("One two. Thr").event())
        while not AudioStart.is_type((await client.read_event()).type):
            pass
        await client.write_event(SynthesizeChunk("ee.").event())
        await client.write_event(Synthesize("One two. Three.", EMMA).event())
        await client.write_event(SynthesizeStop().event())
        return await heard(client, SynthesizeStopped.is_type)

    types, seconds = ask(tmp_path, work)
    assert types == ["audio-chunk", "audio-stop", "synthesize-stopped"]
    assert seconds == pytest.approx(1.2 + 0.25)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Synthesize("One.", SynthesizeVoice(name="Nobody")).event(), "no voice “Nobody”"),
        (Synthesize(" ").event(), "nothing to say"),
        (Synthesize("###").event(), "holds nothing"),
        (Event("synthesize", {}), "can't be read"),
        (Synthesize("word " * 5000).event(), "20000 characters"),
    ],
)
def test_what_cannot_be_spoken_is_reported(
    tmp_path: Path, event: Event, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(client: Any) -> Error:
        await client.write_event(event)
        return Error.from_event(await client.read_event())

    assert words in ask(tmp_path, work).text


def test_a_client_that_leaves_does_not_stop_the_others(tmp_path: Path) -> None:
    async def work(client: Any) -> tuple[list[str], float]:
        async with AsyncUnixClient(str(tmp_path / "wyoming.socket")) as other:
            await other.write_event(Synthesize("One two three four. " * 20).event())
            await other.read_event()
        await client.write_event(Synthesize("One.").event())
        return await heard(client, AudioStop.is_type)

    assert ask(tmp_path, work)[1] == pytest.approx(0.4)


def test_the_command_serves_until_interrupted(tmp_path: Path) -> None:
    support, root = Path(__file__).parents[2] / "support", Path(__file__).parents[3]
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
sys.path[:0] = [{str(support)!r}, {str(root)!r}]
from fake_model import FakeModel
from numpy.typing import NDArray
from ditar_studio.services import loaded_model
loaded_model.load_model = lambda *a: FakeModel(needs_transcript=False)
from ditar_studio.cli import main
sys.exit(main(sys.argv[1:]))
"""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    uri = f"tcp://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-c", script, "wyoming", "--uri", uri, "--voice", "Emma", "--json"],
        stdout=subprocess.PIPE,
        env=dict(os.environ),
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"uri": uri}

            async def work() -> tuple[list[str], float]:
                async with AsyncTcpClient("127.0.0.1", port) as client:
                    await client.write_event(Synthesize("One two.").event())
                    return await heard(client, AudioStop.is_type)

            assert asyncio.run(work())[1] == pytest.approx(0.8)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


@pytest.mark.parametrize("uri", ["http://x", "tcp://127.0.0.1", "nonsense", ""])
def test_wrong_addresses_are_reported(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wyoming", "--uri", uri]) == 1
    assert "no address" in capsys.readouterr().err


def test_without_its_package_the_command_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "wyoming.server", None)
    assert main(["wyoming"]) == 1
    assert "pip install" in capsys.readouterr().err
    assert wyoming_server.LONGEST_INPUT == 20_000
