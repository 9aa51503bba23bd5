"""Mixing voices in the studio: shares by sliders and the pad, heard, made, marked."""

from __future__ import annotations

import pytest
from fake_model import speech_like
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from studio_steps import dialog

from ditar_studio.engine.mixing import MixedVoice
from ditar_studio.services import mixing
from ditar_studio.ui.features.voices.mixing_dialog import MixDialog
from ditar_studio.ui.features.voices.panel import facts
from ditar_studio.ui.kit.widgets.mixing_pad import CORNERS, shares_at
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[float], bool]]:
    """What was mixed: the shares, and whether a whole reference was wanted."""
    asked: list[tuple[list[float], bool]] = []

    def mix(_model, parts, _cancel, _voices, *, whole):  # type: ignore[no-untyped-def]
        asked.append(([share for _, share in parts], whole))
        return MixedVoice(speech_like(4.0), "Mixed words.")

    monkeypatch.setattr(mixing, "mix", mix)
    return asked


def opened(qtbot: QtBot, studio: Studio) -> MixDialog:
    studio.actions_.action("voice.mix").trigger()
    return dialog(qtbot, studio, MixDialog)


def test_a_voice_is_heard_and_made_of_others(
    qtbot: QtBot, studio: Studio, mixed: list[tuple[list[float], bool]]
) -> None:
    editor = opened(qtbot, studio)
    names = [voice.name for voice, _ in editor.mixture]
    assert len(names) == 2
    assert not editor.save.isEnabled()
    editor.parts[0].share.set_value(75)
    editor.parts[1].share.set_value(25)
    editor.hear.click()
    qtbot.waitUntil(lambda: studio.playback.source == "mixed voice")
    assert mixed == [([75.0, 25.0], False)]
    editor.name.setText("Between")
    qtbot.waitUntil(editor.save.isEnabled)
    editor.save.click()
    qtbot.waitUntil(lambda: any(v.name == "Between" for v in studio.voices.all))
    made = next(voice for voice in studio.voices.all if voice.name == "Between")
    assert made.mixture == f"{names[0]} 75 %, {names[1]} 25 %"
    assert "mixed" in facts(made)
    assert mixed[-1] == ([75.0, 25.0], True)


def test_the_pad_and_the_sliders_agree(qtbot: QtBot, studio: Studio) -> None:
    editor = opened(qtbot, studio)
    editor.parts[0].share.set_value(100)
    editor.parts[1].share.set_value(0)
    assert editor.pad._point == (0.0, 0.5)
    assert not editor.hear.isEnabled()  # one voice is no mixture
    for _ in range(10):
        qtbot.keyClick(editor.pad, Qt.Key.Key_Right)
    assert [round(share) for _, share in editor.mixture] == [50, 50]
    editor.add.click()
    assert len(editor.parts) == 3
    assert len({voice.id for voice, _ in editor.mixture}) == 3
    editor.parts[2].remove.click()
    assert len(editor.parts) == 2
    editor.set_working(True)
    editor.parts[0].share.set_value(60)
    assert not editor.hear.isEnabled()
    editor.set_working(False)
    assert editor.hear.isEnabled()
    second = editor.parts[1].voice
    second.setCurrentIndex(editor.parts[0].voice.currentIndex())
    second.activated.emit(second.currentIndex())
    assert not editor.hear.isEnabled()
    assert editor.working.text() == "A voice is in the mixture twice."


@pytest.mark.parametrize("count", CORNERS)
def test_a_corner_of_the_pad_is_one_voice_alone(count: int) -> None:
    for number, (x, y) in enumerate(CORNERS[count]):
        shares = shares_at(x, y, count)
        assert sum(shares) == pytest.approx(1.0)
        assert shares[number] == pytest.approx(1.0)


def test_tab_goes_through_the_voices_first_and_each_share_says_whose_it_is(
    qtbot: QtBot, studio: Studio
) -> None:
    editor = opened(qtbot, studio)
    editor.add_part()
    qtbot.waitUntil(editor.parts[-1].isVisible)
    shares = [part.share.slider.accessibleName() for part in editor.parts]
    assert shares == [f"Share of {voice.name}" for voice, _share in editor.mixture]
    assert editor.focusWidget() is editor.parts[0].voice
    for control in (control for part in editor.parts for control in part.controls):
        assert editor.focusWidget() is control
        editor.focusNextChild()
