"""An MCP server: agents speak, list and make voices, and export projects.

Over stdio for the program that started it, or over streamable HTTP for programs on this machine
that have the token. The model is loaded when something is first spoken.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import AudioContent, TextContent, ToolAnnotations
from pydantic import Field
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from ditar_studio.api.guard import Drain, Guard
from ditar_studio.api.lazy_model import LazyModel
from ditar_studio.api.speech import LONGEST_INPUT
from ditar_studio.errors import StudioError
from ditar_studio.python_api.audio import Audio
from ditar_studio.services.export_settings import ExportSettings, Layout, Subtitles
from ditar_studio.services.formats import Format
from ditar_studio.services.library import Library
from ditar_studio.services.projects import export_project, find_project, project_states
from ditar_studio.services.sound_file import format_of
from ditar_studio.services.voice_library import known_voices, new_samples, save_voice
from ditar_studio.version import __version__

T = TypeVar("T")

LONGEST_AUDIO_SECONDS = 60.0
"""So much sound is given in an answer; more is written to a file."""

_INSTRUCTIONS = (
    "Speaks text in cloned voices on this computer. Without a path the sound is in the answer, as "
    "MP3; with a path it is written there. Make a voice only of a person who agreed to it. All "
    "speech is marked as synthetic."
)

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def mcp_server(model: LazyModel, watermark: bool = True) -> MCPServer[Any]:
    """Return the server with its tools; it runs over whatever transport it is given.

    Args:
        watermark: whether the speech gets the watermark.
    """
    server: MCPServer[Any] = MCPServer(
        "ditar-studio",
        title="DiTAR Studio",
        version=__version__,
        instructions=_INSTRUCTIONS,
        log_level="WARNING",
    )

    @server.tool(title="Speak a text", annotations=_WRITES, structured_output=False)
    async def speak(
        text: Annotated[
            str,
            Field(description="What to say, in English", min_length=1, max_length=LONGEST_INPUT),
        ],
        voice: Annotated[
            str, Field(description="Name of a voice, see list_voices; empty for a sample voice")
        ] = "",
        path: Annotated[
            str,
            Field(
                description="Where to write the sound: an absolute path ending in .wav, .flac, "
                ".mp3 or .opus, of a file that is not there yet; empty to get it in the answer"
            ),
        ] = "",
        temperature: Annotated[
            float | None,
            Field(description="0 speaks the same every time, 1 most varied", ge=0, le=1),
        ] = None,
        seed: Annotated[
            int | None, Field(description="The same seed, the same sound", ge=0)
        ] = None,
    ) -> list[TextContent | AudioContent]:
        """Speak a text in a voice, and give the sound or write it to a file."""
        place = await _in_thread(_free_path, path) if path else None
        loaded = await _in_thread(model.get)
        changes: dict[str, Any] = {"temperature": temperature, "seed": seed}
        given = {name: value for name, value in changes.items() if value is not None}
        try:
            audio = await loaded.speak_async(text, voice or None, **given)
        except StudioError as error:
            raise ToolError(str(error)) from error
        return await _in_thread(_answer, audio, place, watermark)

    @server.tool(title="List the voices", annotations=_READS)
    async def list_voices() -> list[dict[str, Any]]:
        """List the voices that can speak: those of the user's library and the sample voices."""
        return [
            {
                "name": voice.name,
                "kind": "sample" if voice.sample else "library",
                "fine_tuned": voice.fine_tuned,
                "transcript": voice.reference.transcript,
            }
            for voice in await _in_thread(known_voices)
        ]

    @server.tool(title="Make a voice", annotations=_WRITES)
    async def make_voice(
        name: Annotated[str, Field(description="A name that no other voice has", min_length=1)],
        recording: Annotated[
            str, Field(description="Absolute path of a recording: 3 to 15 s of clear speech")
        ],
        consent: Annotated[
            str,
            Field(
                description="Who the voice belongs to, and that and when this person agreed",
                min_length=1,
            ),
        ],
        transcript: Annotated[
            str, Field(description="The words in it; the built-in model needs none")
        ] = "",
    ) -> dict[str, Any]:
        """Save a voice, cloned from a recording, in the user's library."""

        def make() -> dict[str, Any]:
            if not consent.strip():
                raise StudioError("There is no consent.", "Ask the person whose voice it is.")
            samples = new_samples([(_absolute(recording), transcript)])
            with Library() as library:
                made = save_voice(library, name, samples, consent=consent)
            return {"name": made.name, "seconds": round(sum(s.seconds for s in made.samples), 2)}

        return await _in_thread(make)

    @server.tool(title="List the projects", annotations=_READS)
    async def list_projects() -> list[dict[str, Any]]:
        """List the studio's projects, with how many lines they have and how many were spoken."""

        def listed() -> list[dict[str, Any]]:
            with Library() as library:
                return [asdict(state) for state in project_states(library)]

        return await _in_thread(listed)

    @server.tool(name="export", title="Export a project", annotations=_WRITES)
    async def export_(
        project: Annotated[str, Field(description="Its name, see list_projects")],
        folder: Annotated[str, Field(description="Absolute path of the folder to write into")],
        format: Annotated[Format, Field(description="FLAC and wav24 have 24 bits")] = "wav24",
        layout: Annotated[
            Layout, Field(description="One file, a file a line, or one for each speaker")
        ] = "one_file",
        subtitles: Annotated[
            list[Subtitles] | None, Field(description="Subtitles beside the sound")
        ] = None,
    ) -> dict[str, Any]:
        """Export a project's spoken lines as sound files; nothing is replaced."""

        def run() -> dict[str, Any]:
            kinds = tuple(subtitles or ())
            settings = ExportSettings(
                format=format, layout=layout, subtitles=kinds, watermark=watermark
            )
            place = _absolute(folder)
            with Library() as library:
                made = export_project(library, find_project(library, project), place, settings)
            return {"files": [str(file) for file in made.files]}

        return await _in_thread(run)

    return server


def guarded(server: MCPServer[Any], token: str) -> ASGIApp:
    """Return the server over streamable HTTP at /mcp, for programs on this machine with
    the token.
    """
    app = server.streamable_http_app(
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=["127.0.0.1:*", "localhost:*", "[::1]:*"], allowed_origins=[]
        ),
    )
    app.user_middleware[:0] = [Middleware(Drain), Middleware(Guard, token=token)]
    return app


async def _in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Do work in another thread, and report its failure to the agent.

    Raises:
        ToolError: it can't be done.
    """
    try:
        return await asyncio.to_thread(work, *arguments)
    except StudioError as error:
        raise ToolError(str(error)) from error
    except OSError as error:
        raise ToolError(f"That can't be done: {error.strerror or error}.") from error


def _absolute(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise StudioError(f"“{text}” is not an absolute path.", "Give the whole path.")
    return path


def _free_path(text: str) -> Path:
    path = _absolute(text)
    format_of(path)
    if path.exists():
        raise StudioError(f"There is a file “{path}” already.", "Choose another name.")
    if not path.parent.is_dir():
        raise StudioError(f"There is no folder “{path.parent}”.", "Make it first.")
    return path


def _answer(audio: Audio, place: Path | None, watermark: bool) -> list[TextContent | AudioContent]:
    """Return the facts about a sound for an agent, and the sound itself where it wasn't written."""
    facts: dict[str, Any] = {"seconds": round(audio.seconds, 2), "warnings": list(audio.warnings)}
    if place is None and audio.seconds > LONGEST_AUDIO_SECONDS:
        raise StudioError(
            f"{audio.seconds:.0f} s of sound are too much for an answer.", "Give a path."
        )
    if place is not None:
        facts["path"] = str(audio.save(place, watermark=watermark))
    content: list[TextContent | AudioContent] = [TextContent(type="text", text=json.dumps(facts))]
    if place is None:
        data = base64.b64encode(audio.encode("mp3", watermark=watermark)).decode()
        content.append(AudioContent(type="audio", data=data, mime_type="audio/mpeg"))
    return content
