"""What is advised works from where the user is."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import sys
from pathlib import Path

import pytest

import ditar_studio
from ditar_studio import installation
from ditar_studio.installation import how_to_add, kind, program

PACKAGE = Path(ditar_studio.__file__).parent
EXTRAS = ("denoise", "transcribe", "evaluation", "training")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if installed from a wheel: resources in the package, nothing around it."""
    monkeypatch.setattr(installation, "resources", lambda: tmp_path / "ditar_studio" / "resources")


def command_of(remedy: str) -> list[str]:
    words = shlex.split(remedy.removeprefix("Install it with: ").split(" and then: ")[0])
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    return words[4:]


def test_a_checkout_is_added_to_by_its_folder() -> None:
    assert kind() == "checkout"
    for extra in EXTRAS:
        editable, target = command_of(how_to_add(extra))
        assert editable == "-e"
        folder = Path(target.removesuffix(f"[{extra}]"))
        assert f"\n{extra} = [" in (folder / "pyproject.toml").read_text()


@pytest.mark.usefixtures("wheel")
def test_what_a_wheel_lacks_is_named_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        "torch<2.14,>=2.6",
        "pyrnnoise<0.5,>=0.4.3; extra == 'denoise'",
        'pyworld>=0.3.4; python_version >= "3.10" and extra == "training"',
        "tensorboard>=2.14; extra == 'training'",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: rows)
    assert kind() == "installed"
    assert command_of(how_to_add("denoise")) == ["pyrnnoise<0.5,>=0.4.3"]
    assert command_of(how_to_add("training")) == ["pyworld>=0.3.4", "tensorboard>=2.14"]
    assert "source code" in how_to_add("nothing")


@pytest.mark.usefixtures("wheel")
def test_a_wheel_without_its_description_says_where_to_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", fail)
    assert "source code" in how_to_add("denoise")


def test_a_frozen_program_is_not_sent_to_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert kind() == "frozen"
    assert "pip" not in how_to_add("denoise")
    monkeypatch.setattr(sys, "argv", ["/opt/ditar studio/ditar-studio"])
    assert program() == '"/opt/ditar studio/ditar-studio"'


def test_the_program_is_called_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "ditar-studio"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert program() == str(script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == "ditar-studio"
    monkeypatch.setattr(sys, "argv", [str(PACKAGE / "__main__.py")])
    assert program() == f"{sys.executable} -m ditar_studio"


def test_no_message_sends_the_user_to_an_index_for_this_package() -> None:
    wrong = re.compile(r"pip install[^\n]*ditar-studio")
    sources = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "resources").rglob("*.json")]
    assert [str(path) for path in sources if wrong.search(path.read_text("utf-8"))] == []
