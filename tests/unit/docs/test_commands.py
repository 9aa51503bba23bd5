"""The commands of the documents do what stands there, in the order in which they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import openai
import pytest
import soundfile
from endpoint import TOKEN, Endpoint, endpoint
from fake_model import FakeModel, speech_like

from ditar_studio.cli.options import build_parser
from ditar_studio.sample_voices import sample_voices
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine, ProjectSettings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = ("README.md", "docs/guide.md", "docs/guide.de.md", "docs/programs.md")
SERVERS = {"serve", "wyoming", "mcp"}
"""They run until they are interrupted."""


def commands(name: str) -> list[list[str]]:
    """The arguments of each command in a document's examples."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for block in re.findall(r"(?:^    .*\n)+|^```(?:sh|bash)\n(?:.*\n)*?```", text, re.MULTILINE):
        for used in re.findall(r"(?<!install )(?<![\w:-])ditar-studio (?!-- )([^|)\n]*)", block):
            words = shlex.split(used, comments=True)
            if words and not words[0].endswith("="):
                found.append(words)
    return found


PROGRAM = """
import io, json, sys
from fake_model import FakeModel
from ditar_studio.cli import main
from ditar_studio.services import loaded_model
model = FakeModel(needs_transcript=False)
loaded_model.load_model = lambda name=None, precision=None: model
assert main(["speak", "Hello.", "--voice", "Emma", "--out", "book/said.mp3"]) == 0
for words in map(json.loads, sys.argv[1:]):
    sys.stdin = io.TextIOWrapper(io.BytesIO(b"Hello."))
    try:
        code = main(words)
    except SystemExit as end:
        code = end.code
    if code:
        sys.exit(f"{words} ended with {code}")
"""
"""Runs commands one by one, with a model that speaks at once."""

FOUND = sorted(path for folder in ("docs", "resources") for path in (ROOT / folder).rglob("*.md"))
READ = ["README.md", *(str(path.relative_to(ROOT)) for path in FOUND)]
EVERY = [(name, words) for name in READ for words in commands(name)]


def test_there_are_commands() -> None:
    for name in DOCUMENTS:
        assert commands(name), name
    assert ["speak", "-", "--voice", "Emma", "--out", "-"] in commands("README.md")


@pytest.mark.parametrize(
    ("name", "words"), EVERY, ids=[f"{name}-{' '.join(words)[:40]}" for name, words in EVERY]
)
def test_a_command_is_understood(name: str, words: list[str]) -> None:
    if "--help" not in words:  # which ends the program
        build_parser().parse_args(words)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_run(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose output is a pipe."""
    _prepare(tmp_path)
    asked = [words for words in commands(name) if words[0] not in SERVERS]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(json.dumps, asked)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        _, reported = process.communicate()
    assert process.returncode == 0, reported.decode()[-1000:]


def _prepare(folder: Path) -> None:
    """What the commands take for granted: files, a project, what was spoken before."""
    soundfile.write(folder / "me.wav", speech_like().samples, 24000)
    (folder / "book").mkdir()
    (folder / "words.txt").write_text("Some words that are long enough to be examined.")
    (folder / "book.txt").write_text("A book. It is short.")
    job = {"id": "one", "text": "One.", "reference": "me.wav", "transcript": "I am here."}
    (folder / "jobs.jsonl").write_text(json.dumps(job) + "\n")
    with Library() as library:
        library.voices.install_samples(sample_voices())
        emma = library.voices.find("Emma")
        assert emma is not None
        project = library.projects.create("My book", ProjectSettings(voice_id=emma.id)).value
        library.lines.add(project.id, [NewLine("One."), NewLine("Two.")])


def test_the_example_of_openai_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = "".join(re.findall(r"^    ((?:client = openai|client\.).*\n)", text, re.MULTILINE))
    assert example.count("\n") == 2
    with endpoint(tmp_path, FakeModel(needs_transcript=False)) as api:
        _speak_by(example, api)


def _speak_by(example: str, api: Endpoint) -> None:
    api.library.voices.install_samples(sample_voices())
    known = {"openai": openai, "TOKEN": TOKEN}
    exec(example.replace("http://127.0.0.1:8765/v1", api.server.url), known)
    client = known["client"]
    assert isinstance(client, openai.OpenAI)
    client.close()
