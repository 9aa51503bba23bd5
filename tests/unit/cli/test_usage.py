"""Options before and after the command, help with ranges, nearly right words, colours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_model import FakeModel

from ditar_studio import __version__
from ditar_studio.cli import console, main
from ditar_studio.cli.completion import complete
from ditar_studio.cli.options import SHELLS, build_parser
from ditar_studio.engine.settings import BOUNDS, MODES


@pytest.mark.parametrize(
    "arguments", [["--json", "models", "list"], ["models", "list", "--json"], ["models", "--json"]]
)
def test_json_may_stand_before_the_command_and_after_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["installed"] == []


@pytest.mark.parametrize("arguments", [["-q", "voices"], ["voices", "--quiet"], ["voices", "-q"]])
def test_quiet_says_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_reported(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([option])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"DiTAR Studio {__version__}\n"


def test_help_tells_ranges_defaults_modes_and_examples(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        main(["speak", "--help"])
    text = capsys.readouterr().out
    assert "0 to 1, default: 0.3" in text
    assert "1 to 100, default: 6" in text
    assert "1 to 8, default: 1" in text
    assert all(mode in text for mode in MODES)
    assert "hello.mp3" in text
    assert set(BOUNDS) >= {"temperature", "steps", "seed"}


@pytest.mark.parametrize(
    ("wrong", "right"), [(["speek"], "speak"), (["completion", "fisch"], "fish")]
)
def test_a_word_that_is_nearly_right_is_understood(
    wrong: list[str], right: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(wrong)
    assert f"Did you mean “{right}”?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("surroundings", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_colours_are_for_terminals_and_for_who_wants_them(
    surroundings: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    assert console.coloured("Error:", console.RED) == "Error:"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert ("\x1b[31m" in console.coloured("Error:", console.RED)) == coloured


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_ARGCOMPLETE" in capsys.readouterr().out


def completed(line: str, tmp_path: Path) -> set[str]:
    """What a shell is told when it asks how a line goes on."""
    out = tmp_path / "completions"
    surroundings = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    subprocess.run(
        [sys.executable, "-c", "from ditar_studio.app import main; main()"],
        env={**os.environ, **surroundings},
        check=True,
        timeout=60,
    )
    return {word.strip() for word in out.read_text().splitlines()}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ditar-studio sp", {"speak", "speech-dispatcher"}),
        ("ditar-studio speak --temp", {"--temperature"}),
        ("ditar-studio speak --mode re", {"reference", "reference+continuation"}),
        ("ditar-studio speak --voice E", {"Emma"}),
        ("ditar-studio speak --model b", {"builtin"}),
        ("ditar-studio voices fine", {"fine-tune"}),
    ],
)
def test_commands_options_and_names_are_completed(
    line: str, words: set[str], tmp_path: Path
) -> None:
    assert completed(line, tmp_path) == words


def test_completion_without_a_shell_that_asks_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("_ARGCOMPLETE", raising=False)
    complete(build_parser())


def test_the_file_of_settings_gives_defaults(
    fake: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("temperature", "0.25"), ("voice", "Emma"), ("verify", "true")):
        assert main(["config", "set", name, value]) == 0
    capsys.readouterr()
    out = str(tmp_path / "a.wav")
    assert main(["speak", "One.", "--out", out, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["settings"]["temperature"] == 0.25
    assert values["settings"]["verify"] is True
    more = ["--temperature", "0.75", "--out", out, "--force", "--json"]
    assert main(["--json", "speak", "One.", *more]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["temperature"] == 0.75
    assert main(["config", "show", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["values"] == {"temperature": 0.25, "voice": "Emma", "verify": True}
    assert Path(values["path"]).is_file()
    assert main(["config", "unset", "voice"]) == 0
    assert main(["config", "show"]) == 0
    assert "Emma" not in capsys.readouterr().out


def test_a_reference_goes_before_the_voice_of_the_file(
    fake: FakeModel, reference: str, tmp_path: Path
) -> None:
    assert main(["config", "set", "voice", "Emma"]) == 0
    out = str(tmp_path / "a.wav")
    options = ["--reference", reference, "--transcript", "w", "--out", out]
    assert main(["speak", "One.", *options]) == 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", "hot", "can't be"),
        ("temperature", "7", "out of range"),
        ("threads", "0", "can't be used"),
        ("mode", "loud", "Choose one of"),
        ("verify", "maybe", "true or false"),
        ("nonsense", "1", "no option"),
        ("out", "a.wav", "no option"),
    ],
)
def test_wrong_settings_are_refused(
    name: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "set", name, value]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [("temperature = ", "can't be read"), ("x = 1", "no option"), ("steps = 0", "out of range")],
)
def test_a_wrong_file_is_reported_where_it_matters(
    content: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)
    monkeypatch.setenv("DITAR_STUDIO_CONFIG", str(path))
    assert main(["speak", "One.", "--out", str(tmp_path / "a.wav")]) == 1
    assert words in capsys.readouterr().err
    assert main(["models", "list"]) == 0
