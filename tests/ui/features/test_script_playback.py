"""The script as it is played: as exported, from a line on, and its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeUtterance
from pytestqt.qtbot import QtBot
from studio_steps import add_lines, reopen, speak

from ditar_studio.engine.speech_model import PatchOutput
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.ui.features.takes import script_playback
from ditar_studio.ui.features.takes.view_model import read_take
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def test_the_script_is_played_as_it_is_exported(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    speak(qtbot, studio, "First line", "Second line of it", "And a third")
    ids = [line.id for line in studio.script.lines]
    studio.script.set_pause(ids[0], 0.7)
    qtbot.waitUntil(lambda: studio.script.lines[0].pause_seconds == 0.7)
    reopen(qtbot, studio)
    studio.actions_.action("speak.script").trigger()
    qtbot.waitUntil(lambda: studio.playback.source == "script" and not studio.playback.growing)
    library = studio.library
    what = library.submit(plan, library, studio.document.project_id).result()
    (path,) = export(what, tmp_path, ExportSettings(format="wav32f", watermark=False)).files
    written, _rate = soundfile.read(path, dtype="float32")
    assert studio.playback.samples() == pytest.approx(written, abs=1e-6)


def test_the_line_that_is_heard_is_marked_and_in_sight(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, *(f"Line {number}." for number in range(12)))
    panel = studio.script_panel
    ids = [line.id for line in studio.script.lines]
    starts: list[float] = []
    studio.playback.line_noted.connect(lambda _line, at: starts.append(at))
    studio.actions_.action("speak.script").trigger()
    qtbot.waitUntil(lambda: len(starts) == len(ids) and not studio.playback.growing)
    qtbot.waitUntil(lambda: studio.playback.playing_line == ids[0])
    assert panel.rows[ids[0]].state.text() == "Now playing"
    studio.playback.seek(starts[-1] + 0.01)
    qtbot.waitUntil(lambda: studio.playback.playing_line == ids[-1])
    row = panel.rows[ids[-1]]
    assert row.state.text() == "Now playing"
    assert row.card.property("playing") == "true"
    assert panel.rows.get(ids[0]) is None or panel.rows[ids[0]].card.property("playing") == "false"
    qtbot.waitUntil(lambda: not row.visibleRegion().isEmpty())


def test_the_script_is_played_from_the_selected_line_and_what_is_left_out_is_reported(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "First.", "Second.", "Third.")
    ids = [line.id for line in studio.script.lines]
    studio.script.add("Not spoken.", after=ids[1])
    qtbot.waitUntil(lambda: len(studio.script.lines) == 4)
    studio.script.select(ids[1])
    noted: list[str] = []
    studio.playback.line_noted.connect(lambda line, _at: noted.append(line))
    studio.actions_.action("speak.here").trigger()
    qtbot.waitUntil(lambda: noted == ids[1:] and not studio.playback.growing)
    assert studio.toasts.words == "1 line isn't spoken yet and will be missing."


def test_speaking_does_not_mix_into_the_script_that_is_played(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    first = studio.script.lines[0].id
    studio.engine.flowed.connect(
        lambda _flow: studio.playback.source == "script" or studio.play_script()
    )
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((first,), 6)
    qtbot.waitUntil(lambda: studio.playback.source == "script" and not studio.playback.growing)
    peaks = studio.playback.peaks
    assert peaks is not None
    assert len(peaks) == len(studio.playback.samples())
    assert studio.playback.title == "Script"


def test_opening_another_project_ends_the_script_that_is_played(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_playback, "AHEAD_SECONDS", 0.0)  # so that it is never all read
    speak(qtbot, studio, "First line", "Second line of it")
    studio.play_script()
    qtbot.waitUntil(lambda: studio.playback.source == "script")
    assert studio.playback.growing
    reopen(qtbot, studio)
    assert studio.playback.peaks is None
    assert not studio.playback.growing


def test_at_another_speed_it_is_heard_while_it_is_made_as_it_is_exported(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_lines(qtbot, studio, "One two three four")
    studio.parameters.set("speed", 1.25)
    studio.parameters.flush()
    snapshot = studio.document.snapshot
    qtbot.waitUntil(lambda: studio.document.snapshot.project.settings.speed == 1.25)  # type: ignore[union-attr]
    assert snapshot is not None
    heard: list[int] = []
    make_patch = FakeUtterance.step

    def note_and_make(self: FakeUtterance) -> PatchOutput:
        heard.append(len(studio.playback.samples()))
        return make_patch(self)

    monkeypatch.setattr(FakeUtterance, "step", note_and_make)
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((ids[0],))
    before_each_patch = heard[-16:]  # getting the voice ready comes before
    assert before_each_patch[0] == 0
    assert 0 < before_each_patch[5] < before_each_patch[-1] < len(studio.playback.samples())
    qtbot.waitUntil(lambda: bool(studio.takes.shown))
    kept = read_take(studio.takes.shown[0].path, 1.25)
    assert np.array_equal(studio.playback.samples(), kept.samples)
