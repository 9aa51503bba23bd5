from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_model import FakeModel

from ditar_studio import app
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.devices import registry
from ditar_studio.cli import display, main
from ditar_studio.engine import load
from ditar_studio.errors import StudioError
from ditar_studio.inference.kernels import library as kernels
from ditar_studio.services import checkup, clips
from ditar_studio.store.library import Library


@pytest.fixture(autouse=True)
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    values = json.loads(capsys.readouterr().out)
    return {finding["name"]: finding for finding in values["findings"]}


def fails(message: str) -> Callable[..., object]:
    def fail(*arguments: object) -> object:
        raise StudioError(message, "Do something.")

    return fail


def test_doctor_tells_what_works(
    fake: FakeModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "list_devices", list)
    assert main(["doctor", "--json"]) == 0
    found = findings(capsys)
    assert found["torch"]["state"] == found["torchaudio"]["state"] == "works"
    assert found["built-in model"]["state"] == "works"
    assert found["sound devices"]["state"] == "optional"
    assert found["display"]["state"] == "optional"
    assert found["interface"]["state"] in ("works", "optional")
    assert main(["doctor"]) == 0
    assert "All that is needed works." in capsys.readouterr().out


def test_doctor_looks_into_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DITAR_STUDIO_HOME", str(tmp_path / "library"))
    assert checkup._library().detail.startswith("none at ")
    assert not (tmp_path / "library").exists()
    with Library(tmp_path / "library") as library:
        library.voices.create("Anna")
        assert checkup._library().detail.startswith("1 voices, 0 projects, 0 takes at ")
    (tmp_path / "library" / "library.db").write_bytes(b"no database" * 50)
    found = checkup._library()
    assert (found.state, found.detail) == (
        "broken",
        "The library's database library.db is damaged.",
    )


@pytest.mark.parametrize("suitable", [True, False])
def test_doctor_tells_why_there_are_no_kernels(
    suitable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_load", lambda: "the reason")
    monkeypatch.setattr(kernels, "suitable", lambda: suitable)
    found = checkup._kernels()
    assert found.state == "optional"
    assert "the reason" in found.detail
    assert ("compile_kernels.py" in found.remedy) == suitable


def test_doctor_says_what_is_broken_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "list_devices", fails("There is no PortAudio."))
    monkeypatch.setattr(load, "load_model", fails("The model is gone."))
    assert main(["doctor", "--json"]) == 1
    found = findings(capsys)
    assert found["built-in model"]["state"] == "broken"
    assert found["built-in model"]["remedy"] == "Do something."
    assert found["sound devices"]["state"] == "optional"
    assert found["disk"]["detail"]


def test_without_a_display_the_program_clones_the_sample_voice(
    fake: FakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        clips, "speaker_encoder", lambda: lambda samples: np.array([0.6, 0.8], np.float32)
    )
    assert app.main([]) == 0
    output = capsys.readouterr().out
    assert read_clip("demo.wav").seconds > 3
    assert "RTF" in output
    assert "Similarity to the reference: 1.00" in output
    assert "studio" in output


def test_the_demonstration_goes_without_a_judge(
    fake: FakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(clips, "speaker_encoder", fails("No judge is installed."))
    assert main(["demo", "--out", str(tmp_path / "d.wav"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["similarity"] is None


def test_with_a_display_the_studio_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "display_is_there", lambda: True)
    opened: list[list[str]] = []

    def start(arguments: object) -> int:
        opened.append(list(arguments))  # type: ignore[call-overload]
        return 7

    assert main([], start_studio=start) == 7
    assert main(["studio", "my.project"], start_studio=start) == 7
    assert opened == [[], ["my.project"]]
    assert main(["studio"]) == 1


def test_a_display_is_there_if_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert not display.display_is_there()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert not display.display_is_there()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen(1)
        assert display.display_is_there()
    monkeypatch.delenv("WAYLAND_DISPLAY")
    for name in (":4711", ":4711.0", "nonsense", "unix:4711"):
        monkeypatch.setenv("DISPLAY", name)
        assert not display.display_is_there()
    monkeypatch.setenv("DISPLAY", "elsewhere:10.0")
    assert display.display_is_there()
