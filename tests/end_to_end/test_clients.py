"""Forty calls by the official clients of OpenAI, MCP and Wyoming, answered by the built-in model.

Each server is the real command in a process of its own, with a library of its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
from mcp import Client, StdioServerParameters
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from ditar_studio.assets import asset
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import detect

pytestmark = pytest.mark.leaves_threads

RATE = 24000
TEXT = "Good morning."
TOKEN = "the token of the forty calls"
CONSENT = "Kathleen agreed to it when she recorded it."
ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    """For a server with folders of its own."""
    return {
        **os.environ,
        "DITAR_STUDIO_HOME": str(home),
        "DITAR_STUDIO_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
    }


@contextlib.contextmanager
def serving(home: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """A command that serves; what it says of itself."""
    with subprocess.Popen(
        [sys.executable, "-m", "ditar_studio", *arguments, "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            if sys.platform == "win32":  # which interrupts no other process
                process.terminate()
            else:
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 0


def seconds_of(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE


def assert_speech(samples: np.ndarray, rate: int) -> None:
    """Sound of the length of a few words, neither silent nor noise at full scale."""
    assert 0.4 < len(samples) / rate < 5
    assert 0.03 < np.abs(samples).max() <= 1


def test_sixteen_calls_by_openai(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "serve", "--port", "0") as reported,
        openai.OpenAI(api_key=TOKEN, base_url=reported["url"], max_retries=0) as client,
    ):
        _ask_as_openai(client, reported["url"])


def _ask_as_openai(client: openai.OpenAI, url: str) -> None:
    def speak(**changes: Any) -> bytes:
        asked: dict[str, Any] = {"model": "tts-1", "voice": "Emma", "input": TEXT, **changes}
        asked["extra_body"] = {"seed": 4, **asked.get("extra_body", {})}
        return client.audio.speech.create(**asked).read()

    assert len(client.models.list().data) == 1
    assert client.models.retrieve("gpt-4o-mini-tts").id == "gpt-4o-mini-tts"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("davinci")
    with (
        openai.OpenAI(api_key="wrong", base_url=url, max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()
    for kind in ("wav", "mp3", "opus", "flac"):
        samples, rate = soundfile.read(io.BytesIO(speak(response_format=kind)))
        assert_speech(samples, rate)
    pcm = speak(response_format="pcm")
    assert speak(response_format="pcm") == pcm
    slow = speak(response_format="pcm", speed=0.5)
    assert seconds_of(slow) == pytest.approx(2 * seconds_of(pcm), abs=0.2)
    with client.audio.speech.with_streaming_response.create(
        model="tts-1",
        voice="Michael",
        input=TEXT,
        response_format="pcm",
        stream_format="sse",
        extra_body={"timestamp_granularities": ["word"]},
    ) as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line]
    words = [each["word"] for each in events if each["type"] == "speech.audio.word"]
    assert words == ["Good", "morning"]
    assert events[-1]["type"] == "speech.audio.done"
    made = client.audio.voices.create(
        name="Kate", consent=CONSENT, audio_sample=asset("voices", "kathleen.flac")
    )
    assert made.name == "Kate"
    said = speak(voice="kate", response_format="pcm", input=f"{TEXT} How are you today?")
    samples = np.frombuffer(said, "<i2").astype(np.float32) / 32768
    assert_speech(samples, RATE)
    assert detect(Clip(samples, RATE)).found
    with pytest.raises(openai.BadRequestError) as refused:
        speak(voice="nobody")
    assert refused.value.param == "voice"
    with pytest.raises(openai.BadRequestError):
        speak(input=" ")


def test_twelve_calls_by_mcp(tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ditar_studio", "mcp"],
        env=environment(tmp_path / "home"),
        cwd=tmp_path,
    )

    async def ask() -> None:
        async with Client(server) as client:
            await _ask_as_agent(client, tmp_path)

    asyncio.run(ask())


async def _ask_as_agent(client: Client, folder: Path) -> None:
    async def call(tool: str, **arguments: Any) -> Any:
        return await client.call_tool(tool, arguments)

    async def spoken(**arguments: Any) -> np.ndarray:
        facts, audio = (await call("speak", **arguments)).content
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(audio.data)))
        assert len(samples) / rate == pytest.approx(json.loads(facts.text)["seconds"], abs=0.1)
        assert_speech(samples, rate)
        return np.asarray(samples)

    tools = {tool.name for tool in (await client.list_tools()).tools}
    assert tools == {"speak", "list_voices", "make_voice", "list_projects", "export"}
    voices = (await call("list_voices")).structured_content["result"]
    assert [voice["name"] for voice in voices] == ["Emma", "Kathleen", "Michael"]
    first = await spoken(text=TEXT, voice="Emma", seed=4)
    np.testing.assert_array_equal(await spoken(text=TEXT, voice="Emma", seed=4), first)
    path = folder / "said.flac"
    written = await call("speak", text=TEXT, voice="Michael", path=str(path))
    assert json.loads(written.content[0].text)["path"] == str(path)
    assert_speech(*soundfile.read(path))
    again = await call("speak", text=TEXT, path=str(path))
    assert "already" in again.content[0].text
    unknown = await call("speak", text=TEXT, voice="Nobody")
    assert "no voice “Nobody”" in unknown.content[0].text
    wild = await call("speak", text=TEXT, temperature=3)
    assert wild.is_error
    recording = str(asset("voices", "kathleen.flac"))
    made = await call("make_voice", name="Kate", recording=recording, consent=CONSENT)
    assert made.structured_content["name"] == "Kate"
    await spoken(text=TEXT, voice="Kate")
    projects = await call("list_projects")
    assert [each["name"] for each in projects.structured_content["result"]] == []
    missing = await call("export", project="None", folder=str(folder))
    assert "no project “None”" in missing.content[0].text


def test_twelve_calls_by_wyoming(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(tmp_path, "wyoming", "--uri", f"tcp://127.0.0.1:{port}", "--voice", "Emma"):
        asyncio.run(asyncio.wait_for(_ask_as_assistant(port), 200))


async def _ask_as_assistant(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:

        async def answer(event: Event) -> Event:
            await client.write_event(event)
            found = await client.read_event()
            assert found is not None
            return found

        async def spoken(*events: Event, last: Any = AudioStop) -> np.ndarray:
            for event in events:
                await client.write_event(event)
            sound, types = b"", []
            while not types or not last.is_type(types[-1]):
                event = await client.read_event()
                assert event is not None
                types.append(event.type)
                if AudioChunk.is_type(event.type):
                    sound += AudioChunk.from_event(event).audio
            assert AudioStart.is_type(types[0])
            samples = np.frombuffer(sound, "<i2").astype(np.float32) / 32768
            assert_speech(samples, RATE)
            return samples

        (program,) = Info.from_event(await answer(Describe().event())).tts
        assert [voice.name for voice in program.voices] == ["Emma", "Kathleen", "Michael"]
        assert Pong.from_event(await answer(Ping(text="1").event())).text == "1"
        await spoken(Synthesize(TEXT).event())
        for voice in ("Emma", "Kathleen", "Michael"):
            await spoken(Synthesize(TEXT, SynthesizeVoice(name=voice)).event())
        await spoken(Synthesize(TEXT, SynthesizeVoice(language="en")).event())
        nobody = await answer(Synthesize(TEXT, SynthesizeVoice(name="Nobody")).event())
        assert "no voice “Nobody”" in Error.from_event(nobody).text
        empty = await answer(Synthesize(" ").event())
        assert "nothing to say" in Error.from_event(empty).text
        wordless = await answer(Synthesize("###").event())
        assert "nothing to read" in Error.from_event(wordless).text
        pieces = [
            SynthesizeStart(voice=SynthesizeVoice(name="Kathleen")).event(),
            SynthesizeChunk("Good mor").event(),
            SynthesizeChunk("ning. How are").event(),
            SynthesizeChunk(" you today?").event(),
            Synthesize("Good morning. How are you today?").event(),
            SynthesizeStop().event(),
        ]
        assert detect(Clip(await spoken(*pieces, last=SynthesizeStopped), RATE)).found
        assert Pong.from_event(await answer(Ping(text="2").event())).text == "2"
