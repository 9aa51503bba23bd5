"""Record the speed of this version, or compare it with another checkout's by turns.

python benchmarks/record.py                      writes results/VERSION.json
python benchmarks/record.py --beside CHECKOUT    prints times as a share of the checkout's
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 3
_STEPS = ("6", "10")
_COMMANDS = {
    "version": ["--version"],
    "speak": ["speak", "The town was quiet that morning.", "--force", "--out"],
}


def program(checkout: Path, *arguments: str) -> str:
    """Return what a checkout's program prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "ditar_studio", *arguments]
    return subprocess.run(
        command, env=environment, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout


def speeds(checkout: Path) -> list[dict[str, Any]]:
    """Return rows of `ditar-studio benchmark`."""
    rows = json.loads(program(checkout, "benchmark", "--json", "--steps", *_STEPS))["rows"]
    return [{name: value for name, value in row.items() if name != "relative"} for row in rows]


def command_seconds(checkout: Path) -> dict[str, float]:
    """Return seconds that whole commands take, by name."""
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, command in _COMMANDS.items():
            out = [str(Path(folder) / "out.wav")] if command[-1] == "--out" else []
            start = time.perf_counter()
            program(checkout, *command, *out)
            seconds[name] = round(time.perf_counter() - start, 2)
    return seconds


def processor() -> str:
    """Return the processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor()


def record() -> Path:
    """Measure this checkout, and write its file."""
    version = program(_ROOT, "--version").split()[-1]
    commands = [command_seconds(_ROOT) for _ in range(_ROUNDS)]
    values = {
        "version": version,
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "speeds": speeds(_ROOT),
        "command_seconds": {name: min(each[name] for each in commands) for name in _COMMANDS},
    }
    path = _ROOT / "benchmarks" / "results" / f"{version}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return path


def beside(other: Path) -> None:
    """Print this checkout's times as a share of another's, measured by turns."""
    found: dict[Path, dict[str, list[float]]] = {other: {}, _ROOT: {}}
    for _ in range(_ROUNDS):
        for checkout, times in found.items():
            values = command_seconds(checkout)
            for row in speeds(checkout):
                values[f"{row['steps']} steps, {row['threads']} threads"] = row["rtf"]
            for name, value in values.items():
                times.setdefault(name, []).append(value)
    for name, values in found[_ROOT].items():
        ours, theirs = min(values), min(found[other][name])
        print(f"{name}: {ours / theirs:.2f} ({ours:g} against {theirs:g})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    arguments = parser.parse_args()
    if arguments.beside is None:
        print(f"Recorded in {record()}.")
    else:
        beside(arguments.beside.resolve())


if __name__ == "__main__":
    main()
