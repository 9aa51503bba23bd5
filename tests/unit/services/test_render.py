"""Speaking lines: takes on disk while they are heard, kept when stopped, told when they fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import RATE, FakeModel, speech_like

from ditar_studio.audio.clips.files import StreamingWavWriter, read_clip
from ditar_studio.engine.events import Failed
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.engine.worker import Worker
from ditar_studio.errors import StudioError
from ditar_studio.services.line_queue import LineQueue
from ditar_studio.services.references import reference_of
from ditar_studio.services.render import REDO_RETRIES, RenderRequest, get_ready, render
from ditar_studio.services.render_events import (
    LineFailed,
    RenderDone,
    RenderEvent,
    RenderProgress,
    RenderStarted,
    SoundReady,
    TakeDone,
    TakeStarted,
    WordHeard,
)
from ditar_studio.store.files import sha256
from ditar_studio.store.library import Library
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.take import WordCheck
from ditar_studio.store.voice import voice_hash
from ditar_studio.store.voices import NewSample


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def lines(library: Library, tmp_path: Path) -> list[Line]:
    """Two lines, of the project's voice Anna and of Bert."""
    clip = speech_like()
    soundfile.write(tmp_path / "voice.wav", clip.samples, clip.sample_rate)
    anna, bert = (
        library.voices.create(name, [NewSample(tmp_path / "voice.wav", f"I am {name}.")]).value
        for name in ("Anna", "Bert")
    )
    project = library.projects.open_last().value
    library.projects.change_settings(
        project.id, voice_id=anna.id, generation={"temperature": 1.0, "seed": None}
    )
    return library.lines.add(
        project.id, [NewLine("Hello there.", pause_seconds=0.5), NewLine("Bye now.", bert.id)]
    ).value


def _request(*lines: Line, variations: int = 1) -> RenderRequest:
    return RenderRequest(lines[0].project_id, tuple(line.id for line in lines), variations)


def _render(
    library: Library, request: RenderRequest, cancel_after: int = 10**9, seed: int = 7
) -> list[RenderEvent]:
    cancel = threading.Event()
    events: list[RenderEvent] = []
    for event in render(library, FakeModel(), request, cancel, roll=lambda: seed):
        events.append(event)
        if sum(isinstance(e, SoundReady) for e in events) >= cancel_after:
            cancel.set()
    return events


def _heard(events: list[RenderEvent], take_id: str) -> np.ndarray:
    sounds = [e.samples for e in events if isinstance(e, SoundReady) and e.take_id == take_id]
    return np.concatenate(sounds)


def test_each_line_becomes_a_take_of_what_was_heard(library: Library, lines: list[Line]) -> None:
    events = _render(library, _request(*lines))
    assert events[0] == RenderStarted(2, RATE)
    done = [e.take for e in events if isinstance(e, TakeDone)]
    assert events[-1] == RenderDone(tuple(take.id for take in done), (), False)
    for take, line in zip(done, lines, strict=True):
        assert (take.line_id, take.text, take.status) == (line.id, line.text, "complete")
        np.testing.assert_array_equal(read_clip(take.path).samples, _heard(events, take.id))
        assert take.seconds > 0
        assert take.rtf is not None
    assert [take.recipe.voice_name for take in done] == ["Anna", "Bert"]
    states = [line.state for line in library.lines.of_project(lines[0].project_id)]
    assert states == ["rendered", "rendered"]
    fractions = [e.fraction for e in events if isinstance(e, RenderProgress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    pauses = [e for e in events if isinstance(e, SoundReady) and e.take_id is None]
    assert [len(pause.samples) for pause in pauses] == [RATE // 2]


def test_a_recipe_names_and_hashes_the_voices_that_marks_name(
    library: Library, lines: list[Line], tmp_path: Path
) -> None:
    text = "So he said: [voice Bert]No.[/voice] [voice Zoe]Yes.[/voice]"
    library.lines.set_text(lines[0].id, text)
    events = _render(library, _request(lines[0]))
    (made,) = [event.take for event in events if isinstance(event, TakeDone)]
    bert = library.voices.find("Bert")
    assert bert is not None
    assert made.recipe.other_voices == {"bert": bert.hash, "zoe": ""}
    assert Recipe.from_json(made.recipe.to_json()) == made.recipe
    reference = reference_of(bert)
    assert reference.voice_hash() == bert.hash
    adapter = tmp_path / "tuned.safetensors"
    adapter.write_bytes(b"tuned")
    tuned = Reference(reference.source, reference.transcript, adapter)
    assert tuned.voice_hash() == voice_hash([bert.hash], sha256(adapter))


def test_lines_that_cannot_be_spoken_leave_no_silence(library: Library, lines: list[Line]) -> None:
    bert = lines[1].voice_id
    assert bert is not None
    library.voices.delete(bert)
    events = _render(library, _request(*lines))
    assert [e.line_id for e in events if isinstance(e, LineFailed)] == [lines[1].id]
    assert all(event.samples.any() for event in events if isinstance(event, SoundReady))


def test_the_recipe_makes_the_same_sound_again(library: Library, lines: list[Line]) -> None:
    _render(library, _request(lines[0]), seed=11)
    (first,) = library.takes.of_line(lines[0].id)
    assert first.recipe.settings["seed"] == 11
    GenerationSettings.from_dict(first.recipe.settings)
    library.projects.change_settings(lines[0].project_id, generation=dict(first.recipe.settings))
    _render(library, _request(lines[0]), seed=99)
    second = library.takes.of_line(lines[0].id)[0]
    assert first.id != second.id
    np.testing.assert_array_equal(read_clip(first.path).samples, read_clip(second.path).samples)


def test_what_the_model_heard_is_kept_with_the_take(library: Library, lines: list[Line]) -> None:
    project_id, line = lines[0].project_id, lines[0]
    library.projects.change_settings(project_id, generation={"seed": 3, "verify": False})
    _render(library, _request(line))
    library.projects.change_settings(project_id, generation={"candidates": 4})
    _render(library, _request(line))
    library.lines.set_text(line.id, "Now I mumble. Plain words.")
    _render(library, _request(line))
    mumbled, best, plain = library.takes.of_line(line.id)
    assert (plain.verification, plain.word_check) == (None, None)
    assert best.word_check == WordCheck("reader")
    assert mumbled.word_check == WordCheck("reader", ((6, 12),))
    assert mumbled.differing == ((6, 12),)
    assert best.verification is not None
    assert (best.verification.likeness, best.verification.doubtful) == (0.75, False)
    assert best.recipe.settings["candidates"] == 4
    assert mumbled.verification is not None
    assert mumbled.verification.doubtful
    assert 0.6 <= mumbled.verification.sounds_wrong < 1.0


def test_a_line_is_listened_to_unless_that_is_switched_off(
    library: Library, lines: list[Line]
) -> None:
    _render(library, _request(lines[0]))
    (take,) = library.takes.of_line(lines[0].id)
    assert take.word_check == WordCheck("reader")
    library.projects.change_settings(lines[0].project_id, generation={"verify": False})
    assert library.lines.get(lines[0].id).state == "rendered"  # not listening changes no sound


def test_what_differs_is_spoken_again_until_it_is_right(
    library: Library, lines: list[Line]
) -> None:
    line = lines[0]
    library.lines.set_text(line.id, "It sometimes works.")
    seeds = [seed for seed in range(20) if _first_try_differs(library, line, seed)]
    assert 3 <= len(seeds) <= 17
    right = 0
    for seed in seeds[:3]:
        queue = LineQueue((line.id,), redo=True)
        request = _request(line)
        list(
            render(
                library, FakeModel(), request, threading.Event(), roll=lambda s=seed: s, queue=queue
            )
        )
        take = library.takes.of_line(line.id)[0]
        assert take.recipe.settings["retries"] == REDO_RETRIES
        right += not take.differing
    assert right == 3


def _first_try_differs(library: Library, line: Line, seed: int) -> bool:
    _render(library, _request(line), seed=seed)
    return bool(library.takes.of_line(line.id)[0].differing)


def test_a_model_that_cannot_hear_itself_is_not_asked_to(
    library: Library, lines: list[Line]
) -> None:
    asked = {"candidates": 4, "verify": True}
    library.projects.change_settings(lines[0].project_id, generation=asked)
    unable = FakeModel(can_verify=False)
    list(render(library, unable, _request(lines[0]), threading.Event()))
    (take,) = library.takes.of_line(lines[0].id)
    assert (take.status, take.verification) == ("complete", None)
    assert (take.recipe.settings["candidates"], take.recipe.settings["verify"]) == (1, False)


def test_variations_get_seeds_of_their_own(library: Library, lines: list[Line]) -> None:
    library.projects.change_settings(lines[0].project_id, generation={"seed": 1})
    _render(library, _request(lines[0], variations=3), seed=5)
    seeds = [take.recipe.settings["seed"] for take in library.takes.of_line(lines[0].id)]
    assert seeds == [5, 5, 1]


def test_the_file_is_readable_while_it_grows(library: Library, lines: list[Line]) -> None:
    events: list[RenderEvent] = []
    for event in render(library, FakeModel(), _request(lines[0]), threading.Event()):
        events.append(event)
        if isinstance(event, SoundReady):
            (take,) = library.takes.of_line(lines[0].id)
            assert take.status == "recording"
            np.testing.assert_array_equal(read_clip(take.path).samples, _heard(events, take.id))


def test_stopping_keeps_what_was_heard(library: Library, lines: list[Line]) -> None:
    events = _render(library, _request(*lines), cancel_after=3)
    (take,) = library.takes.of_project(lines[0].project_id)
    assert take.status == "partial"
    assert events[-1] == RenderDone((take.id,), (), True)
    np.testing.assert_array_equal(read_clip(take.path).samples, _heard(events, take.id))
    assert library.lines.get(lines[0].id).state == "stale"


def test_stopping_before_any_sound_leaves_nothing(library: Library, lines: list[Line]) -> None:
    cancel = threading.Event()
    for event in render(library, FakeModel(), _request(*lines), cancel):
        if isinstance(event, TakeStarted):
            cancel.set()
    assert isinstance(event, RenderDone)
    assert library.takes.of_project(lines[0].project_id) == []
    assert list((library.root / "takes").iterdir()) == []


def test_a_line_that_fails_is_marked_and_the_next_one_spoken(
    library: Library, lines: list[Line]
) -> None:
    library.lines.set_text(lines[0].id, "...")
    events = _render(library, _request(*lines))
    (failed,) = [e for e in events if isinstance(e, LineFailed)]
    assert failed.line_id == lines[0].id
    first, second = library.lines.of_project(lines[0].project_id)
    assert first.state == "failed"
    assert "nothing that can be read" in first.failure
    assert second.state == "rendered"
    assert (first.is_due, second.is_due) == (True, False)
    assert isinstance(events[-1], RenderDone)
    assert events[-1].failed == (lines[0].id,)


def test_a_model_that_breaks_midway_leaves_a_partial_take(
    library: Library, lines: list[Line]
) -> None:
    library.lines.set_text(lines[0].id, "Hello nan nan.")
    _render(library, _request(lines[0]))
    (take,) = library.takes.of_line(lines[0].id)
    assert take.status == "partial"
    assert library.lines.get(lines[0].id).state == "failed"


def test_a_voice_that_is_gone_fails_its_line_only(library: Library, lines: list[Line]) -> None:
    assert lines[1].voice_id is not None
    library.voices.delete(lines[1].voice_id)
    events = _render(library, _request(*lines))
    assert isinstance(events[-1], RenderDone)
    assert events[-1].failed == (lines[1].id,)
    assert len(events[-1].takes) == 1


def test_a_full_disk_ends_it_and_keeps_what_was_heard(
    library: Library, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    append = StreamingWavWriter.append

    def full(self: StreamingWavWriter, samples: np.ndarray) -> None:
        if self.seconds > 0.3:
            raise StudioError("Writing failed: No space left on device.", "Make room.")
        append(self, samples)

    monkeypatch.setattr(StreamingWavWriter, "append", full)
    posted: list[object] = []
    worker = Worker()
    request = _request(*lines)
    job = worker.submit(lambda stop: render(library, FakeModel(), request, stop), posted.append)
    assert job.done.wait(60)
    assert worker.stop()
    assert isinstance(posted[-1], Failed)
    (take,) = library.takes.of_project(lines[0].project_id)
    assert take.status == "partial"
    assert take.seconds > 0.3
    assert library.lines.get(lines[0].id).state == "failed"


def test_requests_without_sense_are_reported(library: Library, lines: list[Line]) -> None:
    with pytest.raises(StudioError):
        RenderRequest(lines[0].project_id, ())
    with pytest.raises(StudioError):
        _request(lines[0], variations=0)
    library.lines.delete([lines[0].id])
    with pytest.raises(StudioError, match="no longer there"):
        _render(library, _request(lines[0]))


def test_getting_ready_encodes_the_voices_of_the_script_once(
    library: Library, lines: list[Line]
) -> None:
    model = FakeModel()
    voices = VoiceCache(model)
    get_ready(library, model, lines[0].project_id, voices, threading.Event())
    assert [transcript for _, transcript in model.prepared] == ["I am Anna.", "I am Bert."]
    assert not library.takes.of_project(lines[0].project_id)
    list(render(library, model, _request(*lines), threading.Event(), voices))
    assert len(model.prepared) == 2


def test_getting_ready_leaves_off_when_something_is_to_be_spoken(
    library: Library, lines: list[Line]
) -> None:
    model = FakeModel()
    cancel = threading.Event()
    cancel.set()
    get_ready(library, model, lines[0].project_id, VoiceCache(model), cancel)
    assert not model.prepared


def test_what_waits_can_be_changed_while_lines_are_spoken(
    library: Library, lines: list[Line]
) -> None:
    first, second = lines
    queue = LineQueue([first.id, second.id])
    model, cancel = FakeModel(), threading.Event()
    said: list[str] = []
    progress: list[RenderProgress] = []
    for event in render(library, model, _request(*lines), cancel, queue=queue):
        if isinstance(event, TakeDone):
            said.append(event.take.text)
            if len(said) == 1:
                library.lines.set_text(second.id, "Something else.")
                queue.add([first.id], first=True)
        if isinstance(event, RenderProgress):
            progress.append(event)
    assert said == [first.text, first.text, "Something else."]
    assert (progress[0].number, progress[0].total) == (1, 2)
    assert (progress[-1].number, progress[-1].total, progress[-1].seconds_left) == (3, 3, 0.0)


def test_a_paused_queue_ends_the_run_after_the_line_at_work(
    library: Library, lines: list[Line]
) -> None:
    queue = LineQueue([line.id for line in lines])
    model, cancel = FakeModel(), threading.Event()
    events = []
    for event in render(library, model, _request(*lines), cancel, queue=queue):
        queue.pause()
        events.append(event)
    assert isinstance(events[-1], RenderDone)
    assert not events[-1].cancelled
    assert queue.line_ids == tuple(line.id for line in lines)  # it was paused before the first


def test_a_take_keeps_when_its_words_were_said(library: Library, lines: list[Line]) -> None:
    events = _render(library, _request(*lines))
    for event in events:
        if isinstance(event, TakeDone):
            take = library.takes.get(event.take.id)
            reported = [
                each.word
                for each in events
                if isinstance(each, WordHeard) and each.take.id == take.id
            ]
            assert [take.text[word.start : word.end] for word in take.words] == (
                take.text.strip(".").split()
            )
            assert [(word.start, word.end) for word in reported] == [
                (word.start, word.end) for word in take.words
            ]
            assert all(0 <= word.begins < word.ends <= take.seconds for word in take.words)
