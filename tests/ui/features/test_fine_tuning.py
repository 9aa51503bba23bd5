"""Fine-tuning a voice in the studio, with a tuner that takes no time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_files import write_adapter
from fake_model import FakeModel
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_backends

from ditar_studio.engine.tuning_events import (
    InstantKept,
    Level,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.voices import Voice
from ditar_studio.ui.features.player.compare_dialog import CompareDialog
from ditar_studio.ui.features.voices.fine_tuning import Fit
from ditar_studio.ui.features.voices.fine_tuning_box import FineTuningBox
from ditar_studio.ui.features.voices.fine_tuning_dialog import FineTuneDialog
from ditar_studio.ui.features.voices.panel import facts
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")
MODEL = "0" * 64
_STEP = 0.01  # seconds that a step takes


class QuickTune:
    """Fine-tunes in steps that a test may hold up; ends as the test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, Level]] = []
        self.ends = 0
        self.steps = 3
        self.outcome: InstantKept | StudioError | None = None
        self.model_hash = MODEL

    def __call__(
        self,
        library: Library,
        voice_id: str,
        model: Any,
        level: Level,
        control: TuningControl | None = None,
    ) -> Iterator[TuningEvent]:
        assert control is not None
        self.asked.append((voice_id, level))
        step = 0
        while step < self.steps:
            if control.cancelled.is_set():
                self.ends += 1
                yield TuningCancelled()
                return
            yield TuningProgress(step / 10**9, 12.0)
            time.sleep(_STEP)
            step += 1
        self.ends += 1
        if isinstance(self.outcome, StudioError):
            raise self.outcome
        if self.outcome is not None:
            yield self.outcome
            return
        voice = library.voices.get(voice_id)
        clips = [sample.hash for sample in voice.samples]
        path = write_adapter(self.folder / "a.safetensors", model_hash=self.model_hash, clips=clips)
        library.voices.fine_tune(voice_id, path)
        yield VoiceTuned(None)  # type: ignore[arg-type]


@pytest.fixture
def tune(tmp_path: Path) -> QuickTune:
    return QuickTune(tmp_path)


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path, tune: QuickTune
) -> Iterator[Studio]:
    preferences.change(library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    with qtbot.waitSignal(shell.opened):
        shell.start()
    assert shell.library is not None
    model = FakeModel(fine_tunes=True, tuning_seconds=(20.0, 300.0))
    backends = replace(quiet_backends(model), tune=tune)
    studio = Studio(shell, shell.library, backends)
    studio.start()
    qtbot.waitUntil(lambda: studio.voices.current is not None)
    qtbot.waitUntil(lambda: studio.actions_.action("voice.fine_tune").isEnabled())
    yield studio
    shell.close()
    shell.window.deleteLater()
    shell.deleteLater()


def voice_of(studio: Studio) -> Voice:
    assert studio.voices.current is not None
    return studio.voices.current


def box(studio: Studio) -> FineTuningBox:
    return studio.voices_panel.fine_tuning


def shown(widget: QWidget, studio: Studio) -> bool:
    return widget.isVisibleTo(studio.voices_panel)


def make_tuned(qtbot: QtBot, studio: Studio) -> Voice:
    """Fine-tunes the selected voice."""
    with qtbot.waitSignal(studio.fine_tuning.tuned):
        studio.fine_tuning.start(voice_of(studio).id, "quick")
    qtbot.waitUntil(lambda: voice_of(studio).adapter is not None)
    return voice_of(studio)


def dialog(qtbot: QtBot, studio: Studio, kind: type[Any]) -> Any:
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(kind)))
    return studio.window.findChildren(kind)[-1]


def test_a_voice_becomes_fine_tuned_and_undo_takes_it_back(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    assert "Instant" in facts(voice_of(studio))
    box(studio).start.click()
    asked = dialog(qtbot, studio, FineTuneDialog)
    assert asked.choices["quick"].isChecked()  # of a short sample
    asked.choices["thorough"].setChecked(True)
    asked.accept()
    qtbot.waitUntil(lambda: voice_of(studio).adapter is not None)
    assert tune.asked == [(voice_of(studio).id, "thorough")]
    assert "Fine-tuned" in facts(voice_of(studio))
    qtbot.waitUntil(lambda: "is fine-tuned" in studio.toasts.words)
    qtbot.waitUntil(lambda: shown(box(studio).compare, studio))
    assert not shown(box(studio).start, studio)
    studio.undo()
    qtbot.waitUntil(lambda: voice_of(studio).adapter is None)
    assert shown(box(studio).start, studio)


def test_the_instant_voice_is_had_back_and_that_is_undone(qtbot: QtBot, studio: Studio) -> None:
    make_tuned(qtbot, studio)
    qtbot.waitUntil(lambda: shown(box(studio).undo, studio))
    box(studio).undo.click()
    qtbot.waitUntil(lambda: voice_of(studio).adapter is None)
    studio.undo()
    qtbot.waitUntil(lambda: voice_of(studio).adapter is not None)


def test_it_tells_how_long_it_takes_pauses_and_goes_on(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    tune.steps = 10**9
    studio.fine_tuning.start(voice_of(studio).id, "quick")
    qtbot.waitUntil(lambda: box(studio).words.text() == "Fine-tuning: 12 seconds left")
    assert shown(box(studio).bar, studio)
    qtbot.waitUntil(lambda: "Fine-tuning" in studio.window.status.engine.text())
    box(studio).pause.click()
    tuning = studio.fine_tuning.at_work
    assert tuning is not None
    qtbot.waitUntil(lambda: not tuning.queued)
    assert box(studio).words.text() == "Fine-tuning is paused."
    assert "Ready" in studio.window.status.engine.text()
    tune.steps = 0
    box(studio).resume.click()
    qtbot.waitUntil(lambda: voice_of(studio).adapter is not None)


def test_it_is_cancelled_and_cleans_up_also_while_it_is_paused(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    tune.steps = 10**9
    for number, paused in enumerate((False, True), 1):
        studio.fine_tuning.start(voice_of(studio).id, "quick")
        qtbot.waitUntil(lambda number=number: len(tune.asked) == number)
        tuning = studio.fine_tuning.at_work
        assert tuning is not None
        if paused:
            box(studio).pause.click()
            qtbot.waitUntil(lambda tuning=tuning: not tuning.queued)
        box(studio).cancel.click()
        assert shown(box(studio).start, studio)
        qtbot.waitUntil(lambda number=number: tune.ends == number)
    assert voice_of(studio).adapter is None


def test_lines_are_spoken_meanwhile(qtbot: QtBot, studio: Studio, tune: QuickTune) -> None:
    tune.steps = 10**9
    studio.fine_tuning.start(voice_of(studio).id, "quick")
    qtbot.waitUntil(lambda: len(tune.asked) == 1)
    with qtbot.waitSignal(studio.engine.stopped) as stopped:
        studio.speak((studio.script.lines[0].id,))
    assert len(stopped.args[0]) == 1
    assert studio.fine_tuning.at_work is not None
    qtbot.waitUntil(lambda: "Fine-tuning" in studio.window.status.engine.text())
    studio.fine_tuning.cancel(voice_of(studio).id)


def test_why_the_instant_voice_was_kept_is_reported(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    tune.outcome = InstantKept("The words would have become less clear.", {}, {})
    with qtbot.waitSignal(studio.fine_tuning.stayed):
        studio.fine_tuning.start(voice_of(studio).id, "quick")
    qtbot.waitUntil(lambda: "less clear" in box(studio).words.text())
    assert "instant voice was kept" in box(studio).words.text()
    assert "stays as it is" in studio.toasts.words
    assert box(studio).start.isEnabled()


def test_a_failure_is_reported_and_the_next_voice_has_its_turn(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    tune.outcome = StudioError("The voice has no recording.", "Add one.")
    first, second = studio.voices.all[:2]
    studio.fine_tuning.start(first.id, "quick")
    studio.fine_tuning.start(second.id, "thorough")
    qtbot.waitUntil(lambda: tune.ends == 2 and studio.fine_tuning.at_work is None)
    assert tune.asked == [(first.id, "quick"), (second.id, "thorough")]
    assert "no recording" in studio.toasts.words


def test_before_and_after_are_compared_and_the_worse_is_given_up(
    qtbot: QtBot, studio: Studio
) -> None:
    make_tuned(qtbot, studio)
    qtbot.waitUntil(lambda: box(studio).compare.isEnabled())
    box(studio).compare.click()
    compare = dialog(qtbot, studio, CompareDialog)
    assert studio.playback.source == "comparison"
    compare.blind.setChecked(False)
    qtbot.keyClick(compare, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: compare.side == "B")
    compare.prefer("A")
    qtbot.waitUntil(lambda: voice_of(studio).adapter is None)


def test_a_voice_of_another_model_is_offered_to_be_made_again(
    qtbot: QtBot, studio: Studio, tune: QuickTune
) -> None:
    tune.model_hash = "f" * 64
    voice = make_tuned(qtbot, studio)
    assert studio.fine_tuning.fit(voice) is Fit.OTHER_MODEL
    qtbot.waitUntil(lambda: "another model" in box(studio).words.text())
    assert not shown(box(studio).compare, studio)
    tune.model_hash = MODEL
    box(studio).start.click()
    dialog(qtbot, studio, FineTuneDialog).accept()
    qtbot.waitUntil(lambda: studio.fine_tuning.fit(voice_of(studio)) is Fit.FINE_TUNED)


def test_other_samples_are_noticed(qtbot: QtBot, studio: Studio) -> None:
    voice = make_tuned(qtbot, studio)
    assert voice.reference is not None
    studio.voices.write_down(voice.reference, "Other words.")
    qtbot.waitUntil(lambda: studio.fine_tuning.fit(voice_of(studio)) is Fit.OTHER_SAMPLES)
    qtbot.waitUntil(lambda: "samples have changed" in box(studio).words.text())


@pytest.mark.parametrize("wanted", [False, True])
def test_new_voices_are_fine_tuned_if_that_is_wanted(
    qtbot: QtBot, studio: Studio, tune: QuickTune, wanted: bool
) -> None:
    studio.preferences.change(fine_tune_new_voices=wanted)
    saved = voice_of(studio)
    studio.maker.saved.emit(replace(saved, samples=saved.samples * 2))  # one more sample
    studio.maker.saved.emit(saved)
    if wanted:
        qtbot.waitUntil(lambda: voice_of(studio).adapter is not None)
        assert tune.asked == [(saved.id, "quick")]
    else:
        assert studio.fine_tuning.of(saved.id) is None


def test_where_it_may_take_hours_that_is_said_and_nothing_begins_by_itself(
    qtbot: QtBot, studio: Studio
) -> None:
    info = studio.engine.info
    assert info is not None
    studio.engine.info = replace(info, tuning_seconds=None)
    studio.preferences.change(fine_tune_new_voices=True)
    studio.maker.saved.emit(voice_of(studio))
    assert studio.fine_tuning.of(voice_of(studio).id) is None
    box(studio).start.click()
    asked = dialog(qtbot, studio, FineTuneDialog)
    assert "measured first" in asked.expected_result.text()
    assert "seconds" not in asked.choices["quick"].text()


def test_letting_go_of_the_model_ends_it(qtbot: QtBot, studio: Studio, tune: QuickTune) -> None:
    tune.steps = 10**9
    studio.fine_tuning.start(voice_of(studio).id, "quick")
    qtbot.waitUntil(lambda: len(tune.asked) == 1)
    studio.engine.unload()
    qtbot.waitUntil(lambda: tune.ends == 1)
    qtbot.waitUntil(lambda: studio.fine_tuning.at_work is None)
    assert not box(studio).start.isEnabled()
