"""The MCP server, asked by the protocol's own client: in process, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile
from fake_model import FakeModel, speech_like
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from ditar_studio.api.mcp_server import LazyModel, mcp_server
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.cli import main
from ditar_studio.python_api.model import Model
from ditar_studio.services.metadata import open_recipe
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.recipe import Recipe

pytestmark = pytest.mark.leaves_threads

SERVER = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[2] / "support")!r}, {str(Path(__file__).parents[3])!r}]
from fake_model import FakeModel
from ditar_studio.services import loaded_model
loaded_model.load_model = lambda *a: FakeModel(needs_transcript=False)
from ditar_studio.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return path


def ask(work: Callable[[Client], Awaitable[Any]], watermark: bool = True) -> Any:
    """Have a client ask a server that speaks at once."""

    async def asked() -> Any:
        model = LazyModel(lambda: Model(FakeModel(needs_transcript=False)))
        async with Client(mcp_server(model, watermark)) as client:
            return await work(client)

    return asyncio.run(asked())


def call(tool: str, /, **arguments: Any) -> Any:
    return ask(lambda client: client.call_tool(tool, arguments))


def test_the_tools_are_described() -> None:
    tools = {tool.name: tool for tool in ask(lambda client: client.list_tools()).tools}
    assert set(tools) == {"speak", "list_voices", "make_voice", "list_projects", "export"}
    for tool in tools.values():
        assert tool.description
        for name, schema in tool.input_schema["properties"].items():
            assert schema["description"], (tool.name, name)
    assert tools["list_voices"].annotations.read_only_hint
    assert not tools["speak"].annotations.destructive_hint
    assert tools["make_voice"].input_schema["required"] == ["name", "recording", "consent"]


def test_speech_comes_in_the_answer() -> None:
    result = call("speak", text="One two.", voice="Emma", seed=3)
    assert not result.is_error
    facts, audio = result.content
    assert json.loads(facts.text) == {"seconds": 0.8, "warnings": []}
    assert audio.mime_type == "audio/mpeg"
    with soundfile.SoundFile(io.BytesIO(base64.b64decode(audio.data))) as file:
        assert file.format == "MP3"
        assert file.frames / file.samplerate == pytest.approx(0.8, abs=0.1)


def test_speech_is_written_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "said.flac"
    result = call("speak", text="One two.", path=str(path), temperature=0.1)
    assert json.loads(result.content[0].text)["path"] == str(path)
    assert len(result.content) == 1
    (recipe,) = open_recipe(path)
    assert (recipe.voice_name, recipe.settings["temperature"]) == ("Kathleen", 0.1)
    before = path.read_bytes()
    again = call("speak", text="Three.", path=str(path))
    assert again.is_error
    assert "already" in again.content[0].text
    assert path.read_bytes() == before


def test_sound_is_marked_unless_it_must_not_be(tmp_path: Path) -> None:
    sounds = []
    for watermark in (False, True):
        path = tmp_path / f"said-{watermark}.wav"
        wanted = {"text": "One two.", "path": str(path), "seed": 3}
        ask(lambda client, w=wanted: client.call_tool("speak", w), watermark)
        sounds.append(read_clip(path))
    plain, marked = sounds
    expected = watermarked(plain).samples
    np.testing.assert_allclose(marked.samples, expected, atol=3 / 32768)
    assert np.abs(marked.samples - plain.samples).max() > 10 / 32768


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("speak", {"text": "One.", "voice": "Nobody"}, "no voice “Nobody”"),
        ("speak", {"text": "One.", "path": "said.wav"}, "not an absolute path"),
        ("speak", {"text": "One.", "path": "/tmp/said.txt"}, "not a sound file's name"),
        ("speak", {"text": "One.", "path": "/no/such/folder/said.wav"}, "no folder"),
        ("speak", {"text": "###"}, "holds nothing"),
        ("speak", {"text": ""}, "1 character"),
        ("speak", {"text": "One.", "temperature": 3}, "less than or equal to 1"),
        ("speak", {"text": "One two three four. " * 50}, "too much for an answer"),
        ("make_voice", {"name": "A", "recording": "/no.wav", "consent": " "}, "no consent"),
        ("make_voice", {"name": "A", "recording": "/no.wav", "consent": "hers"}, "no file"),
        ("export", {"project": "None", "folder": "/tmp"}, "no project “None”"),
        ("export", {"project": "None", "folder": "/tmp", "format": "gif"}, "Input should be"),
        ("export", {"project": "None", "folder": "/tmp", "layout": "all"}, "Input should be"),
        ("export", {"project": "N", "folder": "/tmp", "subtitles": ["ass"]}, "Input should be"),
        ("nonsense", {}, "nonsense"),
    ],
)
def test_what_cannot_be_is_reported_to_the_agent(
    tool: str, arguments: dict[str, Any], words: str
) -> None:
    result = call(tool, **arguments)
    assert result.is_error
    assert words in result.content[0].text


def test_a_voice_is_made_listed_and_speaks(sound: Path) -> None:
    consent = "Anna herself, today"
    made = call("make_voice", name="Anna", recording=str(sound), consent=consent)
    assert made.structured_content == {"name": "Anna", "seconds": 3.0}
    voices = call("list_voices").structured_content["result"]
    kinds = {voice["name"]: voice["kind"] for voice in voices}
    assert kinds["Anna"] == "library"
    assert kinds["Emma"] == "sample"
    assert not call("speak", text="One.", voice="anna").is_error
    with Library() as library:
        voice = library.voices.find("Anna")
        assert voice is not None
        assert voice.consent == consent
        assert not call("speak", text="One.", voice="Anna").is_error
        locked = call("list_projects")
        assert locked.is_error
        assert "open in another" in locked.content[0].text


def test_projects_are_listed_and_exported(tmp_path: Path) -> None:
    with Library() as library:
        project = library.projects.create("My book").value
        library.lines.add(project.id, [NewLine("One."), NewLine("Two.")])
        lines = library.lines.of_project(project.id)

        def speak(number: int) -> None:
            line = lines[number]
            recipe = Recipe("fake", "m", None, "", "", line.text, {"seed": 1})
            take = library.takes.begin(project.id, line.id, recipe, line.fingerprint).value
            soundfile.write(take.path, speech_like(1.0).samples, 24000, subtype="FLOAT")
            library.takes.finish(take.id, "complete")

        speak(0)
        library.projects.open(project.id)
    listed = call("list_projects").structured_content["result"]
    assert listed == [{"name": "My book", "lines": 2, "spoken": 1, "due": 1}]
    refused = call("export", project="my book", folder=str(tmp_path / "out"))
    assert "never spoken" in refused.content[0].text
    with Library() as library:
        speak(1)
    options = {"format": "mp3", "layout": "per_line", "subtitles": ["srt"]}
    made = call("export", project="My Book", folder=str(tmp_path / "out"), **options)
    files = [Path(name) for name in made.structured_content["files"]]
    assert [file.suffix for file in files] == [".mp3", ".mp3", ".srt", ".srt"]
    assert read_clip(files[0]).seconds == pytest.approx(1.0, abs=0.1)


def test_an_agent_starts_the_server_over_stdio(tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-c", SERVER, "mcp"], env=dict(os.environ), cwd=tmp_path
    )

    async def work() -> tuple[list[Any], Any]:
        async with Client(server) as client:
            voices = await client.call_tool("list_voices", {})
            spoken = await client.call_tool("speak", {"text": "One.", "voice": "Emma"})
            return voices.structured_content["result"], spoken

    voices, spoken = asyncio.run(work())
    assert [voice["name"] for voice in voices] == ["Emma", "Kathleen", "Michael"]
    assert json.loads(spoken.content[0].text)["seconds"] == pytest.approx(0.4)


def test_programs_with_the_token_ask_over_http(tmp_path: Path) -> None:
    token = "a token of sixteen letters"
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, "mcp", "--http", "--port", "0", "--json"],
        env={**os.environ, "DITAR_STUDIO_TOKEN": token},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            asyncio.run(_over_http(url, token))
        finally:
            process.send_signal(2)
            assert process.wait(30) == 0


async def _over_http(url: str, token: str) -> None:
    right = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=right, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        spoken = await client.call_tool("speak", {"text": "One two.", "voice": "Emma"})
        assert json.loads(spoken.content[0].text)["seconds"] == pytest.approx(0.8)
    port = url.split(":")[2].split("/")[0]
    for wrong, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({**right, "Host": f"evil.example:{port}"}, 403),
        ({**right, "Origin": "https://evil.example"}, 403),
    ):
        async with httpx2.AsyncClient(headers=wrong, timeout=30) as http:
            answer = await http.post(url, json={"jsonrpc": "2.0", "method": "ping", "id": 1})
            assert answer.status_code == status, wrong


def test_without_its_package_the_command_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.delitem(sys.modules, "ditar_studio.api.mcp_server")
    assert main(["mcp"]) == 1
    assert "pip install" in capsys.readouterr().err
