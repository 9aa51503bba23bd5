"""Whatever a command is given: a sentence or JSON, an exit code, at once, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hostile_commands
import pytest
from hostile_commands import Case, World, complaints, may_change

from ditar_studio.app import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices by POSIX")

VOICE = ["--reference", "{f}/reference.wav", "--transcript", "w"]
SPEAK = ["speak", *VOICE, "--text", "One.", "--out", "{f}/out/a.wav"]
BATCH = ["batch", "{f}/jobs.jsonl", "--out-dir", "{f}/out"]
ODD_FILES = [
    "{f}/pipe", "{f}/folder", "{f}/empty", "{f}/bytes", "{f}/loop", "{f}/nowhere.wav", "/dev/zero",
    "/dev/full", "/proc/self/mem", "a\nb", "\x1b[2J", "\udcff", "x" * 300, "no/such/file", "",
]  # fmt: skip
ODD_NUMBERS = ["nan", "inf", "-1", "1e999", "9" * 400, "9" * 5000, "", "0x10", "½"]


def commands() -> Iterator[list[str]]:
    """Every option that names a file with every odd file, every number with every odd number."""
    for file in ODD_FILES:
        for option in ("--reference", "--lexicon", "--model", "--lora", "--out"):
            yield [*SPEAK, option, file]
        yield ["speak", *VOICE, "--text-file", file, "--out", "{f}/out/a.wav"]
        yield ["demo", "--out", file]
        yield ["batch", file, "--out-dir", "{f}/out"]
        yield ["batch", "{f}/jobs.jsonl", "--out-dir", file]
        yield ["evaluate", file, "--out-dir", "{f}/out"]
        yield ["models", "list", "--folder", file]
        yield ["voices", "add", "Ann", "--reference", file]
        yield ["voices", "import", file]
        yield ["voices", "export", "Emma", file]
        yield ["models", "add", file, "--folder", "{f}/out"]
        yield ["train", "prepare", file, "--out", "{f}/out/data"]
        yield ["train", "prepare", "{f}/jobs.jsonl", "--out", file]
        yield ["train", "vae", "--data", file, "--out", "{f}/out/vae"]
        yield ["train", "vae", "--data", "{f}/folder", "--exclude", file, "--out", "{f}/out/vae"]
        yield ["train", "ditar", "--latents", "{f}/folder", "--vae", file, "--out", "{f}/out/d"]
    for number in ODD_NUMBERS:
        for option in ("--temperature", "--steps", "--seed", "--max-seconds", "--pause",
                       "--patches", "--threads", "--lora-alpha"):  # fmt: skip
            yield [*SPEAK, option, number]
        for option in ("--steps", "--threads", "--seconds", "--long"):
            yield ["benchmark", option, number]
        yield ["serve", "--port", number]
        yield [*BATCH, "--seed", number]
    for text in ("", " ", "###", "\udcff", "\x1b[2J"):
        yield [*SPEAK, "--text", text]
        yield [*SPEAK, "--style", text, "--text", "\udcff"]
        yield [*SPEAK, "--voice", text, "--text", "\udcff"]
    for words in ([], ["nonsense"], ["speak"], ["models", "verify"], ["train"], ["-x"], ["\udcff"]):
        yield [*words, "--unknown"]
        yield [*SPEAK, *words, "--unknown"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    (folder / "out").mkdir()
    return World(folder)


@pytest.fixture(autouse=True)
def in_the_world(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(world.folder / "out")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with hostile_commands.fake_loading():
        yield


def test_every_failure_is_a_sentence_and_json_and_changes_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for number, words in enumerate(commands()):
        arguments = [word.replace("{f}", str(world.folder)) for word in words]
        case = Case([*arguments, "--json"] if number % 3 else arguments)
        try:
            code = main(case.arguments)
        except SystemExit as end:
            code = end.code  # type: ignore[assignment]
        output = capsys.readouterr()
        wrong = complaints(case, code, output.out, output.err)
        wrong += [f"changed {name}" for name in world.changed() if not may_change(case, name)]
        found += [(case.arguments, each) for each in wrong]
    assert found == [], found[:5]
    assert number > 300


def test_usage_errors_are_json_where_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["speak", "--json"],
        ["--json", "nonsense"],
        ["speak", "--steps", "x", "--json"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        values = json.loads(capsys.readouterr().out)
        assert caught.value.code == values["exit_code"] == 2
        assert values["error"]
        assert "--help" in values["remedy"]


SHELL = f"exec {sys.executable} -m ditar_studio "


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        ("models list --json >&-", 0, "", ""),
        ("models verify x --json 2>&-", 1, "There is no model", ""),
        ("models verify x >&- 2>&- <&-", 1, "", ""),
        ("models list >/dev/full", 1, "", "No space left on device"),
        ("models list --json >/dev/full", 1, "", "No space left on device"),
        ("--help >/dev/full", 1, "", "No space left on device"),
        ("models verify x 2>/dev/full", 1, "", ""),
        ("speak --text-file - --out new.wav --voice Emma <&-", 1, "", "nothing to say"),
        ("speak --text-file - --out new.wav --voice Emma </dev/zero", 1, "", "more than 16 MB"),
        ("speak --text-file /dev/stdin --out new.wav --voice Emma <pipe", 1, "", "ordinary"),
        ("studio --json", 1, "no display", "Error: There is no display"),
        ("models list | true; exit ${PIPESTATUS[0]}", None, "", ""),
    ],
)
def test_odd_streams_are_taken_as_they_are(
    command: str, code: int | None, out: str, err: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    keep = os.open(tmp_path / "pipe", os.O_RDWR)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            ["bash", "-c", SHELL.removeprefix("exec ") + command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(keep)
    assert done.returncode == code or (code is None and done.returncode in (0, 1))
    assert out in done.stdout
    assert err in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_terminals_of_few_letters_read_plain_ones(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "ditar_studio", "models", "verify", "ü“x”"],
        cwd=tmp_path,
        env={**environment, **surroundings},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert b'There is no model "' in done.stderr
    assert done.stderr.isascii()
