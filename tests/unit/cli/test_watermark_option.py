"""The watermark is on, and off where a command or the file of settings says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.cli import main
from ditar_studio.cli.config import apply_defaults
from ditar_studio.cli.options import build_parser
from ditar_studio.services.metadata import has_statement

pytestmark = pytest.mark.usefixtures("fake")

SPEAK = ["speak", "One two three.", "--voice", "Emma", "-q", "--force"]


def _samples(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 24_000
    return np.asarray(samples)


def _are_marked(samples: np.ndarray, plain: np.ndarray) -> bool:
    """Whether samples are plain ones with the watermark; they are plain if not."""
    expected = watermarked(Clip(plain, 24_000)).samples
    if np.abs(samples - expected).max() < 3 / 32768:
        return True
    np.testing.assert_array_equal(samples, plain)
    return False


@pytest.fixture
def plain(tmp_path: Path) -> np.ndarray:
    path = tmp_path / "plain.wav"
    assert main([*SPEAK, "--no-watermark", "--out", str(path)]) == 0
    assert has_statement(path)
    return _samples(path)


def test_a_file_is_marked_unless_it_must_not_be(plain: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    assert main([*SPEAK, "--out", str(path)]) == 0
    assert _are_marked(_samples(path), plain)
    assert main([*SPEAK, "--no-watermark", "--out", str(path)]) == 0
    assert not _are_marked(_samples(path), plain)


@pytest.mark.parametrize(("option", "marked"), [([], True), (["--no-watermark"], False)])
def test_so_is_what_goes_to_the_standard_output(
    option: list[str], marked: bool, plain: np.ndarray, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    capfdbinary.readouterr()
    assert main([*SPEAK, *option, "--out", "-", "--format", "raw"]) == 0
    raw = np.frombuffer(capfdbinary.readouterr().out, "<i2").astype(np.float32) / 32768
    assert _are_marked(raw, plain) is marked


def test_a_batch_is_spoken_again_when_the_watermark_is_no_longer_wanted(
    reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text(
        f'{{"id": "a", "text": "One.", "reference": "{reference}", "transcript": "w"}}\n'
    )
    reported = []
    for option in ([], [], ["--no-watermark"], ["--no-watermark"]):
        command = ["batch", str(jobs), "--out-dir", str(tmp_path / "out"), "--json", *option]
        assert main(command) == 0
        reported.append(json.loads(capsys.readouterr().out)["made"])
    assert reported == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "command",
    [
        ["speak", "One.", "--out", "a.wav"],
        ["batch", "jobs.jsonl", "--out-dir", "out"],
        ["book", "book.epub"],
        ["export", "Book", "--out-dir", "out"],
        ["serve"],
        ["mcp"],
        ["wyoming"],
    ],
    ids=lambda words: words[0],
)
def test_the_file_of_settings_holds_for_every_command(command: list[str]) -> None:
    def wanted(*options: str) -> bool:
        parser = build_parser()
        apply_defaults(parser, command[0])
        found: bool = parser.parse_args([*command, *options]).watermark
        return found

    assert (wanted(), wanted("--no-watermark")) == (True, False)
    assert main(["config", "set", "watermark", "false"]) == 0
    assert (wanted(), wanted("--watermark")) == (False, True)


def test_other_settings_of_the_file_stay_with_their_commands(fake: FakeModel) -> None:
    assert main(["config", "set", "model", "other"]) == 0
    parser = build_parser()
    apply_defaults(parser, "export")
    assert parser.parse_args(["export", "Book", "--out-dir", "out"]).model is None
