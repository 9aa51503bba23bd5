"""Command lines that a careless or hostile user could give, and what must hold for all of them.

    python hostile_commands.py COUNT [SEED]

runs random ones, each in a process of its own with odd standard streams and surroundings, and
prints the complaints. The model is a fake one; everything else is the program's own.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shlex
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import soundfile
from fake_model import FakeModel, speech_like

from ditar_studio.cli.options import build_parser
from ditar_studio.errors import StudioError

LONGEST_SECONDS = 5.0
CODES = (0, 1, 2, 130)

NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e999",
    "9" * 400,
    "9" * 5000,
    "",
    " ",
    "0x10",
    "½",
    "1",
]
TEXTS = ["", " ", "###", "\udcff", "\x1b[31mred", "a\nb", "漢字", "x" * 20_000, "One two."]
STREAMS = ["pipe", "closed", "broken", "full"]
INPUTS = ["null", "closed", "zero", "text"]
SURROUNDINGS: list[dict[str, str | None]] = [
    {},
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"HOME": None, "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None},
    {"HOME": "/nowhere", "XDG_DATA_HOME": "/dev/null"},
    {"DITAR_STUDIO_HOME": "/dev/zero"},
    {"DITAR_STUDIO_HOME": "\udcff"},
    {"COLUMNS": "1", "TMPDIR": "/nowhere"},
]


class World:
    """A folder with everything odd in it; `changed` tells what is no longer as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "folder").mkdir()
        os.mkfifo(folder / "pipe")
        os.mkfifo(folder / "pipe.wav")
        (folder / "empty").write_bytes(b"")
        (folder / "bytes").write_bytes(random.Random(1).randbytes(5000))
        (folder / "text.txt").write_text("One two.\n")
        (folder / "words.txt").write_text("DiTAR = dee tar\n")
        (folder / "precious.wav").write_bytes(b"precious")
        (folder / "nowhere.wav").symlink_to(folder / "not there.wav")
        (folder / "loop").symlink_to(folder / "loop")
        soundfile.write(folder / "reference.wav", speech_like().samples, 24000)
        (folder / "link.wav").symlink_to(folder / "reference.wav")
        os.link(folder / "reference.wav", folder / "hard.wav")
        row = {"text": "One.", "reference": "reference.wav", "transcript": "words"}
        rows = [{"id": "a", **row}, {"id": "b", **row, "seed": 10**400}, {"id": "a.part", **row}]
        (folder / "jobs.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self._before = self._state()

    @property
    def paths(self) -> list[str]:
        """Odd paths, among them those that commands may use."""
        odd = [str(self.folder / path.name) for path in sorted(self.folder.iterdir())]
        strange = ["a\nb", "\x1b[2J", "\udcff\udcfe", "x" * 300, "no/such/folder/a.wav", "", "-"]
        return [
            *odd,
            *strange,
            "/dev/zero",
            "/dev/full",
            "/dev/null",
            "/dev/stdin",
            "/proc/self/mem",
        ]

    def changed(self) -> list[str]:
        """Return what was there before and is gone or of other content; it is then taken
        as it is.
        """
        now = self._state()
        found = [name for name, content in self._before.items() if now.get(name) != content]
        self._before = now
        return found

    def _state(self) -> dict[str, str]:
        made = {"out", "data"}
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.iterdir()
            if path.is_file() and path.name not in made
        }


@dataclass(frozen=True)
class Case:
    """A command and what it meets."""

    arguments: list[str]
    stdin: str = "null"
    stdout: str = "pipe"
    stderr: str = "pipe"
    environment: dict[str, str | None] = field(default_factory=dict)


def bases(world: World) -> list[list[str]]:
    """Return commands that would work."""
    f = world.folder
    speak = ["speak", "--reference", f"{f}/reference.wav", "--transcript", "w", "--text", "One."]
    return [
        [*speak, "--out", f"{f}/out/new.wav"],
        [*speak[:-2], "--text-file", f"{f}/text.txt", "--out", f"{f}/out/new.wav", "--force"],
        [*speak, "--out", f"{f}/out/a.wav", "--lexicon", f"{f}/words.txt", "--force"],
        ["batch", f"{f}/jobs.jsonl", "--out-dir", f"{f}/out"],
        ["evaluate", f"{f}/jobs.jsonl", "--out-dir", f"{f}/out"],
        ["demo", "--out", f"{f}/out/demo.wav", "--force"],
        ["benchmark", "--steps", "2", "--threads", "1", "--seconds", "0.5"],
        ["models", "list", "--folder", f"{f}/folder"],
        ["models", "add", f"{f}/folder", "--folder", f"{f}/out"],
        ["models", "verify", "x", "--folder", f"{f}/folder"],
        ["models", "move", "x", f"{f}/folder", "--folder", f"{f}/folder"],
        ["models", "remove", "x", "--folder", f"{f}/folder"],
        ["train", "prepare", f"{f}/jobs.jsonl", "--out", f"{f}/out/data"],
        ["train", "vae", "--data", f"{f}/folder", "--out", f"{f}/out/v", "--exclude", f"{f}/empty"],
        ["train", "latents", "--data", f"{f}/folder", "--vae", f"{f}/bytes", "--reader",
         f"{f}/bytes", "--speaker", f"{f}/bytes", "--out", f"{f}/out/l"],
        ["train", "ditar", "--latents", f"{f}/folder", "--vae", f"{f}/bytes", "--out", f"{f}/d"],
        ["voices", "add", "Ann", "--reference", f"{f}/reference.wav"],
        ["voices", "list"],
        ["voices", "show", "Emma"],
        ["voices", "export", "Emma", f"{f}/out/emma.ditarvoice"],
        ["voices", "import", f"{f}/bytes"],
        ["voices", "fine-tune", "Emma", "--level", "off"],
        ["serve", "--port", "99999"],
        ["studio"],
        ["--version"],
        ["speak", "--help"],
    ]  # fmt: skip


FILES = ("CLIP", "PATH", "FILE", "NAME|PATH", "DIR", "OUT.wav", "DATA", "VAE", "READER", "SPEAKER")


def options(arguments: list[str], world: World) -> list[tuple[str, list[str]]]:
    """Return the options that a command takes, each with values to try."""
    parser: argparse.ArgumentParser = build_parser()
    for word in arguments[:2]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction) and word in action.choices:
                parser = action.choices[word]
                break
    found = []
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            values = NUMBERS if action.type else TEXTS
            values = world.paths if action.metavar in FILES else values
            if action.dest == "port":  # a server that starts would not end
                values = [value for value in values if value not in ("0", "1")]
            found.append((action.option_strings[0], values))
    return found


def random_case(world: World, rng: random.Random) -> Case:
    """Return a working command with up to three things wrong."""
    arguments = list(rng.choice(bases(world)))
    known = options(arguments, world)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        kind = rng.random()
        place = rng.randrange(1, len(arguments)) if len(arguments) > 1 else 0
        if kind < 0.7 and known:
            option, values = rng.choice(known)
            if option in arguments[:-1] and rng.random() < 0.8:
                arguments[arguments.index(option) + 1] = rng.choice(values)
            else:
                arguments += [option, rng.choice(values)]
        elif kind < 0.8 and place < len(arguments) and not arguments[place - 1].startswith("-"):
            arguments[place] = rng.choice(world.paths)
        elif kind < 0.9:
            arguments.append(rng.choice(["--", "--jso", "--unknown", "-x", "\udcff", "--out=", ""]))
        elif kind < 0.95:
            del arguments[place]
        else:
            arguments.insert(place, rng.choice(arguments))
    if rng.random() < 0.5:
        arguments.append("--json")
    odd = rng.random() < 0.5
    return Case(
        arguments,
        rng.choice(INPUTS),
        rng.choice(STREAMS) if odd else "pipe",
        rng.choice(STREAMS) if odd else "pipe",
        rng.choice(SURROUNDINGS),
    )


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def complaints(case: Case, code: int, out: str, err: str) -> list[str]:
    """Return what does not hold."""
    found = []
    if code not in CODES:
        found.append(f"exit code {code}")
    for text in (out, err):
        if "Traceback" in text or "Exception ignored" in text:
            found.append("a traceback")
        if "\x1b" in text:
            found.append("an escape of the user's on the terminal")
    errors = [line for line in err.splitlines() if not line.startswith(TOLD_BESIDES)]
    if len(errors) > 1 or (errors and not errors[0].startswith(("Error: ", "Interrupted."))):
        found.append(f"not one sentence: {errors}")
    if code in (1, 2) and case.stderr == "pipe" and not err and case.stdout != "broken":
        found.append("failed without a word")
    if "--json" in case.arguments and case.stdout == "pipe" and case.arguments[0] not in HELP:
        lines = out.splitlines()
        try:
            values = json.loads(lines[-1], parse_constant=no_number) if lines else None
        except ValueError:
            values = None
        if len(lines) > 1 and "--help" not in case.arguments:
            found.append(f"more than one line beside the JSON: {lines[:2]}")
        if values is None and "--help" not in case.arguments:
            found.append(f"no JSON: {out[:100]!r}")
        elif code in (1, 2) and values and not set(values) & {"error", "failed", "ok", "wrong"}:
            found.append(f"a failure that JSON tells nothing of: {out[:100]!r}")
    return found


def may_change(case: Case, name: str) -> bool:
    """Return whether the command asked for a file to be replaced that it doesn't read."""
    named = [word for word in case.arguments if word.endswith(f"/{name}")]
    return "--force" in case.arguments and len(named) == 1


HELP = ("--version", "--help")
TOLD_BESIDES = ("Note: ", "Speaking ", "[")


# --- running them in processes of their own


def run_apart(case: Case, world: World) -> tuple[int, str, str, float]:
    """Run a case in a child of this process; return the exit code, what it wrote, and the
    seconds.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _child(case, world, out.fileno(), err.fileno())
        code = _wait(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return code, texts[0], texts[1], time.monotonic() - start


def _wait(child: int) -> int:
    deadline = time.monotonic() + 4 * LONGEST_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -9


def _child(case: Case, world: World, out: int, err: int) -> None:
    """Run the case, and do not return."""
    code = 99
    try:
        _surround(case, world, out, err)
        from ditar_studio.app import main

        try:
            code = main(case.arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        for stream in (sys.stdout, sys.stderr):  # as the interpreter does at its end
            if stream is not None:
                try:
                    stream.flush()
                except Exception:
                    code = 120
    except BaseException:
        os.write(err, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _surround(case: Case, world: World, out: int, err: int) -> None:
    for name, value in case.environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    os.chdir(world.folder / "out")
    encoding = (
        "ascii"
        if case.environment.get("PYTHONIOENCODING") or "LC_ALL" in (case.environment)
        else "utf-8"
    )
    sources = {"null": "/dev/null", "zero": "/dev/zero"}
    if case.stdin == "closed":
        os.close(0)
    else:
        os.dup2(os.open(sources.get(case.stdin, str(world.folder / "text.txt")), os.O_RDONLY), 0)
    for number, kind, kept in ((1, case.stdout, out), (2, case.stderr, err)):
        if kind == "closed":
            os.close(number)
        elif kind == "full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), number)
        elif kind == "broken":
            read, write = os.pipe()
            os.close(read)
            os.dup2(write, number)
            os.close(write)
        else:
            os.dup2(kept, number)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        try:
            os.fstat(number)
        except OSError:
            setattr(sys, name, None)
            continue
        errors = "backslashreplace" if number == 2 else "strict"
        raw = io.FileIO(number, mode, closefd=False)
        buffer = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
        setattr(sys, name, io.TextIOWrapper(buffer, encoding, errors))


@contextlib.contextmanager
def fake_loading() -> Iterator[None]:
    """Have every model that could be loaded be the fake one; paths are looked at as ever."""
    from ditar_studio.engine import load
    from ditar_studio.services import clips
    from ditar_studio.training import judges

    def no_judge(*arguments: object) -> Any:
        raise StudioError("There is no judge.")

    real = load._load, clips.speaker_encoder, judges.open_panel
    built_in = load.built_in_folder()
    load._load = lambda path, *more: FakeModel() if path == built_in else real[0](path, *more)
    clips.speaker_encoder = no_judge
    judges.open_panel = no_judge  # type: ignore[assignment]
    try:
        yield
    finally:
        load._load, clips.speaker_encoder, judges.open_panel = real


def main(count: int, seed: int) -> int:
    """Run `count` random cases; return how many there was something to complain about."""
    import ditar_studio.cli.batch
    import ditar_studio.cli.doctor
    import ditar_studio.engine.generate
    import ditar_studio.training.evaluation
    import ditar_studio.ui.shell.start  # noqa: F401

    rng = random.Random(seed)
    bad = 0
    codes: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as place, fake_loading():
        folder = Path(place) / "world"
        folder.mkdir()
        os.environ.update(HOME=place, XDG_DATA_HOME=f"{place}/data")
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            os.environ.pop(name, None)
        world = World(folder)
        (folder / "out").mkdir()
        for number in range(count):
            case = random_case(world, rng)
            code, out, err, seconds = run_apart(case, world)
            codes[code] = codes.get(code, 0) + 1
            found = complaints(case, code, out, err)
            if seconds > LONGEST_SECONDS:
                found.append(f"took {seconds:.1f} s")
            found += [f"changed {name}" for name in world.changed() if not may_change(case, name)]
            if found:
                bad += 1
                shown = " ".join(
                    shlex.quote(a[:80]).encode("ascii", "backslashreplace").decode()
                    for a in case.arguments
                )
                print(
                    f"{number}: {found}\n    {shown}\n    {case.stdin} {case.stdout} "
                    f"{case.stderr} {case.environment!r}\n    {err[-1500:]!r}",
                    flush=True,
                )
    print(f"{count} cases, {bad} with complaints, exit codes {codes}")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
