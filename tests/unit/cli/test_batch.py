"""`ditar-studio batch`: every row by itself, what is done is kept, and nothing else is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_model import FakeModel, FakeUtterance

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import batch, main
from ditar_studio.errors import StudioError

pytestmark = pytest.mark.usefixtures("fake")


def last_object(text: str) -> dict[str, object]:
    result = json.loads(text.strip().splitlines()[-1])
    assert isinstance(result, dict)
    return result


def batch_rows(folder: Path, reference: str) -> list[dict[str, object]]:
    return [
        {"id": "a", "text": "One two.", "reference": reference, "transcript": "words"},
        {"id": "b", "text": "Three.", "reference": Path(reference).name, "transcript": "words"},
        {"id": "no", "text": "Three.", "reference": "missing.wav", "transcript": "words"},
        {"id": "c", "text": "Four.", "reference": reference, "transcript": "words", "seed": 4},
        {"id": "a", "text": "Again.", "reference": reference, "transcript": "words"},
        {"id": "../x", "text": "Out.", "reference": reference, "transcript": "words"},
        {"id": "d", "text": 5, "reference": reference},
        {"id": "e", "text": "Hm.", "reference": reference, "transcript": "w", "steps": "ten"},
    ]


def write_jobs(folder: Path, rows: list[dict[str, object]]) -> str:
    lines = [json.dumps(row) for row in rows] + ["{not json", "", "[1, 2]"]
    (folder / "jobs.jsonl").write_text("\n".join(lines))
    return str(folder / "jobs.jsonl")


def test_batch_does_the_good_rows_tells_the_bad_ones_and_resumes(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = batch_rows(tmp_path, reference)
    command = ["batch", write_jobs(tmp_path, rows), "--out-dir", str(tmp_path / "out"), "--json"]
    assert main(command) == 1
    output = capsys.readouterr()
    values = last_object(output.out)
    assert (values["rows"], values["made"], values["kept"], values["failed"]) == (10, 3, 0, 7)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.wav")) == [
        "a.wav",
        "b.wav",
        "c.wav",
    ]
    assert "Row 5" in output.err
    assert "used twice" in output.err
    assert "Traceback" not in output.err
    assert main(command) == 1
    values = last_object(capsys.readouterr().out)
    assert (values["made"], values["kept"]) == (0, 3)
    rows[1]["text"] = "Changed."
    (tmp_path / "out" / "c.wav").unlink()
    write_jobs(tmp_path, rows)
    assert main(command) == 1
    values = last_object(capsys.readouterr().out)
    assert (values["made"], values["kept"]) == (2, 1)


def test_batch_encodes_a_voice_once_and_ends_with_0_when_all_is_well(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "jobs.jsonl"
    row = {"text": "One.", "reference": reference, "transcript": "words"}
    path.write_text("\n".join(json.dumps({"id": str(n), **row}) for n in range(4)))
    assert main(["batch", str(path), "--out-dir", str(tmp_path / "out")]) == 0
    assert len(fake.prepared) == 1
    assert "4 made" in capsys.readouterr().out


def test_a_row_whose_file_cannot_be_written_does_not_stop_the_others(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"text": "One.", "reference": reference, "transcript": "words"}
    (tmp_path / "jobs.jsonl").write_text("\n".join(json.dumps({"id": n, **row}) for n in "ab"))
    (tmp_path / "out" / "a.wav").mkdir(parents=True)
    command = ["batch", str(tmp_path / "jobs.jsonl"), "--out-dir", str(tmp_path / "out"), "--json"]
    assert main(command) == 1
    output = capsys.readouterr()
    values = last_object(output.out)
    assert (values["made"], values["failed"]) == (1, 1)
    assert "a.wav" in output.err
    assert "unexpected" not in output.err


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00\x01"])
def test_a_job_file_without_rows_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_bytes(content)
    assert main(["batch", str(path), "--out-dir", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("Error: ")


class Batch:
    """A job file and its folder, to be run again and again."""

    def __init__(self, folder: Path, reference: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.out = folder / "out"
        self.jobs = folder / "jobs.jsonl"
        self.row = {"text": "One two.", "reference": reference, "transcript": "words"}
        self.capsys = capsys
        self.error = ""

    def run(self, lines: list[object], *more: str) -> tuple[int, dict[str, object]]:
        """Rows as objects, or raw as bytes; the exit code and the result."""
        raw = [
            line if isinstance(line, bytes) else json.dumps({**self.row, **line}).encode()  # type: ignore[dict-item]
            for line in lines
        ]
        self.jobs.write_bytes(b"\n".join(raw))
        code = main(["batch", str(self.jobs), "--out-dir", str(self.out), "--json", *more])
        output = self.capsys.readouterr()
        self.error = output.err
        assert "Traceback" not in output.err
        return code, last_object(output.out)

    def states(self, lines: list[object], *more: str) -> list[str]:
        results = self.run(lines, *more)[1]["results"]
        assert isinstance(results, list)
        return [result["state"] for result in results]


@pytest.fixture
def rows(tmp_path: Path, reference: str, capsys: pytest.CaptureFixture[str]) -> Batch:
    return Batch(tmp_path, reference, capsys)


GOOD = {"id": "good"}


@pytest.mark.parametrize(
    "bad",
    [
        b'{"id": "x", "text": "One.", "reference": "%s", "seed": 1' + b"0" * 400 + b"}",
        b'{"id": "x", "text": "One.", "reference": "%s", "seed": 1' + b"0" * 9000 + b"}",
        b'{"id": "x", "text": "One.", "reference": "%s", "temperature": 1e999}',
        b'{"id": "x", "text": "One.", "reference": "%s", "temperature": NaN}',
        b'{"id": "x", "text": "One.", "reference": "%s", "guidance": -Infinity}',
        b'{"id": "x", "text": "One.", "reference": "%s", "steps": true}',
        b'{"id": "x", "text": "One.", "reference": "%s", "steps": 7.5}',
        b'{"id": "x", "text": "One.", "reference": "%s", "seed": null}',
        b'{"id": "x", "text": "One.", "reference": "%s", "seed": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"id": "x", "text": "One.", "reference": "%s", "sed": 3}',
        b'{"id": "x", "id": "y", "text": "One.", "reference": "%s"}',
        b'{"id": "x", "text": "One.", "reference": "\\ud800.wav"}',
        b'{"id": "x", "text": "One.", "reference": "a\\u0000b.wav"}',
        b'{"id": "x", "text": "\\udfff", "reference": "%s"}',
        b'{"id": "x", "text": "One.", "reference": "%s", "transcript": "\\ud800"}',
        b'{"id": "x", "text": "One.", "reference": "%s", "transcript": 5}',
        b'{"id": "x", "text": "One.", "reference": "/dev/zero"}',
        b'{"id": "x", "text": "One.", "reference": "."}',
        b'{"id": "\\ud800", "text": "One.", "reference": "%s"}',
        b'{"id": "CON", "text": "One.", "reference": "%s"}',
        b'{"id": "lpt1.x", "text": "One.", "reference": "%s"}',
        b'{"id": "a~batch", "text": "One.", "reference": "%s"}',
        b'{"id": ".a", "text": "One.", "reference": "%s"}',
        b'{"id": "a\\nb", "text": "One.", "reference": "%s"}',
        b'{"id": "' + "ü".encode() * 100 + b'", "text": "One.", "reference": "%s"}',
        b'{"id": "GOOD", "text": "One.", "reference": "%s"}',
        b'{"id": "x", "text": " ", "reference": "%s"}',
        b'{"id": "x", "text": "###", "reference": "%s"}',
        b"[" * 100_000,
        b'{"id":' * 50_000,
        b"\xff\xfe",
        b"null",
        b'"id"',
        b"{} {}",
    ],
    ids=lambda row: row[:60].decode("latin-1"),
)
def test_a_bad_row_is_its_own_failure(bad: bytes, rows: Batch, reference: str) -> None:
    bad = bad.replace(b"%s", reference.encode())
    code, values = rows.run([GOOD, bad, {"id": "after"}])
    assert code == 1
    assert [row["state"] for row in values["results"]] == ["made", "failed", "made"]  # type: ignore[attr-defined]
    assert sorted(path.name for path in rows.out.glob("*.wav")) == ["after.wav", "good.wav"]
    notes = [line for line in rows.error.splitlines() if line.startswith("Note: ")]
    assert len(notes) == 1
    assert len(notes[0]) < 700
    assert rows.states([GOOD, bad, {"id": "after"}]) == ["kept", "failed", "kept"]


def test_whatever_a_row_meets_is_its_own_failure(
    rows: Batch, fake: FakeModel, monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    begin = fake.begin

    def fall(text: str, *more: object, **named: object) -> object:
        if "fall" in text:
            raise KeyError("missing")
        return begin(text, *more, **named)

    monkeypatch.setattr(fake, "begin", fall)
    assert rows.states([{"id": "a", "text": "fall"}, {"id": "b"}]) == ["failed", "made"]
    assert "KeyError" in rows.error
    log = (own_home / "data" / "ditar-studio" / "logs" / "commands.log").read_text()
    assert "Traceback" in log
    assert "KeyError: 'missing'" in log


def test_only_line_feeds_end_rows(rows: Batch) -> None:
    raw = [
        json.dumps({**rows.row, "id": f"r{number}", "text": f"One{mark}two."}, ensure_ascii=False)
        for number, mark in enumerate("\u2028\u2029\x85 ")
    ]
    lines = [row.encode() + b"\r" for row in raw]
    lines.insert(0, b"\x0c" + json.dumps({**rows.row, "id": "feed"}).encode())
    code, values = rows.run([*lines, b"", b"  "])
    assert (code, values["rows"], values["made"]) == (1, 5, 4)
    assert "Row 1:" in rows.error


def test_ids_that_look_like_parts_of_each_other_are_two_rows(rows: Batch) -> None:
    assert rows.states([{"id": "a.part"}, {"id": "a"}, {"id": "a.part.part"}]) == ["made"] * 3
    assert len(list(rows.out.glob("*.wav"))) == 3


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("straße", "STRASSE"), ("é", "e\u0301")])
def test_ids_that_are_one_name_somewhere_are_refused(one: str, other: str, rows: Batch) -> None:
    assert rows.states([{"id": one}, {"id": other}])[0] == "made"
    assert "failed" in rows.states([{"id": one}, {"id": other}])


@pytest.mark.parametrize("damage", ["cut", "emptied", "other sound", "flipped"])
def test_a_file_that_is_not_as_it_was_made_is_made_again_and_kept(damage: str, rows: Batch) -> None:
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["made", "made"]
    path = rows.out / "a.wav"
    whole = path.read_bytes()
    damaged = {
        "cut": whole[:5000],
        "emptied": b"",
        "other sound": (rows.out / "b.wav").read_bytes()[:-2],
        "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
    }[damage]
    path.write_bytes(damaged)
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["made", "kept"]
    assert path.read_bytes() == whole
    assert (rows.out / "a~changed.wav").read_bytes() == damaged
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["kept", "kept"]


def test_a_changed_row_replaces_what_the_batch_made_of_it(rows: Batch) -> None:
    rows.run([{"id": "a"}])
    assert rows.states([{"id": "a", "text": "Another."}]) == ["made"]
    assert rows.states([{"id": "a", "text": "Another."}]) == ["kept"]
    assert [path.name for path in rows.out.glob("*.wav")] == ["a.wav"]


def test_a_lexicon_is_part_of_the_recipe_by_what_it_says(rows: Batch, tmp_path: Path) -> None:
    lexicon = tmp_path / "words.txt"
    lexicon.write_text("One = wun")
    assert rows.states([{"id": "a"}], "--lexicon", str(lexicon)) == ["made"]
    lexicon.write_text("# a note\nOne = wun")
    assert rows.states([{"id": "a"}], "--lexicon", str(lexicon)) == ["kept"]
    lexicon.write_text("One = won")
    assert rows.states([{"id": "a"}], "--lexicon", str(lexicon)) == ["made"]


def test_a_file_that_no_batch_made_stays(rows: Batch) -> None:
    rows.out.mkdir()
    (rows.out / "a.wav").write_bytes(b"precious")
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["failed", "made"]
    assert (rows.out / "a.wav").read_bytes() == b"precious"
    assert "no batch made" in rows.error
    assert rows.states([{"id": "a"}], "--force") == ["made"]


def test_a_reference_of_any_row_is_never_written_over(
    rows: Batch, tmp_path: Path, reference: str
) -> None:
    rows.out.mkdir()
    os.link(reference, rows.out / "a.wav")
    os.link(reference, rows.out / "b.wav")
    before = Path(reference).read_bytes()
    lines: list[object] = [{"id": "a"}, {"id": "c", "reference": str(rows.out / "b.wav")}]
    for more in ([], ["--force"]):
        assert rows.states([*lines, {"id": "b"}], *more)[::2] == ["failed", "failed"]
        assert Path(reference).read_bytes() == before
    assert "is read by this command" in rows.error


def test_a_kill_between_the_two_writes_of_a_row_loses_nothing(
    rows: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*arguments: object) -> None:
        raise StudioError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("ditar_studio.services.files.move_to_free_place", die)
        assert rows.states([{"id": "a"}]) == ["failed"]
    grown = (rows.out / "a~batch.wav").read_bytes()
    assert rows.states([{"id": "a"}]) == ["made"]
    assert (rows.out / "a.wav").read_bytes() == grown
    assert not (rows.out / "a~batch.wav").exists()


def test_a_torn_journal_is_gone_on_with(rows: Batch) -> None:
    rows.run([{"id": "a"}, {"id": "b"}])
    journal = rows.out / "batch-journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    (rows.out / "b.wav").unlink()
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["kept", "made"]
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["kept", "kept"]


def test_two_batches_in_one_folder_are_one_too_many(
    rows: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    with batch.exclusive_folder(rows.out):
        rows.jobs.write_text(json.dumps({**rows.row, "id": "a"}))
        assert main(["batch", str(rows.jobs), "--out-dir", str(rows.out)]) == 1
    assert "Another batch is at work" in capsys.readouterr().err
    assert rows.states([{"id": "a"}]) == ["made"]


@pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX")
def test_the_lock_of_a_dead_batch_is_taken_over(rows: Batch) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from ditar_studio.cli.batch import exclusive_folder\n"
        "with exclusive_folder(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(rows.out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
        with pytest.raises(StudioError, match="at work"), batch.exclusive_folder(rows.out):
            pass
        child.kill()
    assert rows.states([{"id": "a"}]) == ["made"]


def test_an_interrupted_row_is_made_again(rows: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    step = FakeUtterance.step

    def interrupted(utterance: FakeUtterance) -> object:
        if utterance.made == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return step(utterance)

    with monkeypatch.context() as patch:
        patch.setattr(FakeUtterance, "step", interrupted)
        code, values = rows.run([{"id": "a"}, {"id": "b"}])
    assert code == 130
    assert [row["state"] for row in values["results"]] == ["stopped"]  # type: ignore[attr-defined]
    assert read_clip(rows.out / "a~batch.wav").seconds > 0.2
    assert rows.states([{"id": "a"}, {"id": "b"}]) == ["made", "made"]
    assert sorted(path.name for path in rows.out.glob("*.wav")) == ["a.wav", "b.wav"]


def test_a_model_that_is_not_there_is_the_failure_of_all(rows: Batch) -> None:
    rows.jobs.write_text(json.dumps({**rows.row, "id": "a"}))
    command = ["batch", str(rows.jobs), "--out-dir", str(rows.out), "--threads", "0"]
    assert main(command) == 1
    assert "0 threads" in rows.capsys.readouterr().err
