"""The Python examples of the documents run as they stand."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
import soundfile
from fake_model import FakeModel, speech_like, use_model

from ditar_studio.python_api import shared

ROOT = Path(__file__).resolve().parents[3]


def examples() -> list[tuple[str, int, str]]:
    """Document, number and source of each example."""
    found = []
    for name in ("README.md", "docs/python.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        found += [(name, number, source) for number, source in enumerate(blocks, start=1)]
    return found


@pytest.mark.leaves_threads
@pytest.mark.parametrize(
    ("name", "number", "source"), examples(), ids=lambda value: str(value)[:16].split("\n")[0]
)
def test_the_example_runs(
    name: str, number: int, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FakeModel(needs_transcript=False)
    use_model(monkeypatch, model)
    monkeypatch.setattr(shared, "_model", None)
    monkeypatch.chdir(tmp_path)
    soundfile.write("me.wav", speech_like().samples, 24000)
    exec(compile(source, f"{name}, example {number}", "exec"), {"__name__": "__main__"})
    assert model.begun


@pytest.mark.leaves_threads
def test_the_script_speaks_patch_by_patch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_model(monkeypatch, FakeModel(needs_transcript=False))
    soundfile.write(tmp_path / "me.wav", speech_like().samples, 24000)
    script = runpy.run_path(str(ROOT / "docs" / "examples" / "patches.py"))
    script["main"]("Hello there.", str(tmp_path / "me.wav"), str(tmp_path / "out.wav"))
    printed = capsys.readouterr().out
    assert soundfile.info(tmp_path / "out.wav").duration > 0
    assert "patch   0: level" in printed


@pytest.mark.leaves_threads
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="the extra “docs” brings it")
    matplotlib.use("agg")
    model = FakeModel(needs_transcript=False)
    use_model(monkeypatch, model)
    notebook = json.loads((ROOT / "docs/examples/temperature.ipynb").read_text("utf-8"))
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert len(model.begun) == 12


def test_there_are_examples() -> None:
    assert len([each for each in examples() if each[0] == "docs/python.md"]) == 5
    assert any(each[0] == "README.md" for each in examples())
