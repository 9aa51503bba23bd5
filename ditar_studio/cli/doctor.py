"""`ditar-studio doctor`: what works on this machine, and why not."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from ditar_studio.cli.console import Console
from ditar_studio.cli.display import display_is_there
from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add, kind
from ditar_studio.version import __version__

State = Literal["works", "optional", "broken"]

_MARKS: dict[State, str] = {"works": "✓", "optional": "–", "broken": "✗"}
_QT_LIBRARIES = (
    "Install the libraries that Qt needs. On Debian and Ubuntu: apt-get install libegl1 libgl1 "
    "libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libx11-xcb1"
)
_LEAST_DISK, _LEAST_MEMORY = 2.0, 2.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: it works; it doesn't but the main job goes without it; it is broken.
        detail: in words.
        remedy: what to do about it.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Look at everything; exit code 1 if something that is needed is broken."""
    console = Console.of(arguments)
    findings = list(examine())
    broken = [finding for finding in findings if finding.state == "broken"]
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.state]} {finding.name}: {finding.detail}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    lines.append("Something is broken." if broken else "All that is needed works.")
    console.result(
        {"ok": not broken, "findings": [asdict(finding) for finding in findings]}, "\n".join(lines)
    )
    return 1 if broken else 0


def examine() -> Iterator[Finding]:
    """All findings, one by one; none of them raises."""
    checks: list[tuple[str, Callable[[], Finding | list[Finding]]]] = [
        ("DiTAR Studio", _program),
        ("torch", _torch),
        ("compiled kernels", _kernels),
        ("torchaudio", _torchaudio),
        ("phonemes", _phonemes),
        ("built-in model", _model),
        ("sound devices", _sound),
        ("interface", _interface),
        ("display", _display),
        ("library", _library),
        ("disk", _disk),
        ("memory", _memory),
        ("judges", _judges),
    ]
    for name, check in checks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = check()
        except StudioError as error:
            found = Finding(name, "broken", error.message, error.remedy)
        except Exception as error:  # a diagnosis goes on, whatever it meets
            found = Finding(name, "broken", f"{type(error).__name__}: {error}")
        yield from found if isinstance(found, list) else [found]


def _program() -> Finding:
    return Finding(
        "DiTAR Studio",
        "works",
        f"{__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}",
    )


def _torch() -> list[Finding]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        return [
            Finding("torch", "broken", f"it can't be imported: {error}", "Install torch again.")
        ]
    from ditar_studio.engine.device import default_threads, devices

    findings = [Finding("torch", "works", f"{torch.__version__}, {default_threads()} threads")]
    for device in devices():
        state: State = "works" if device.usable else "optional"
        findings.append(Finding(f"device {device.name}", state, device.reason))
    return findings


def _kernels() -> Finding:
    from ditar_studio.inference.kernels.library import missing, suitable

    why = missing()
    if not why:
        return Finding("compiled kernels", "works", "in use")
    remedy = ""
    if suitable() and kind() != "frozen":
        script = Path(__file__).parents[2] / "packaging" / "compile_kernels.py"
        again = f"run: {sys.executable} {script}"
        if kind() != "checkout":
            again = "install DiTAR Studio again from its source code."
        remedy = (
            "Install a C compiler (apt-get install gcc libc6-dev, or "
            f"{sys.executable} -m pip install ziglang), and {again}"
        )
    return Finding("compiled kernels", "optional", f"none, speech takes longer: {why}", remedy)


def _torchaudio() -> Finding:
    from ditar_studio.audio.resample import import_torchaudio

    module = import_torchaudio()
    stubbed = not hasattr(sys.modules.get("torchaudio._extension"), "__file__")
    note = " (without its native extension, which isn't needed)" if stubbed else ""
    return Finding("torchaudio", "works", f"{module.__version__}{note}")


def _phonemes() -> Finding:
    from ditar_studio.text.phonemes import phonemize

    return Finding("phonemes", "works", f"“hello” is read as {''.join(phonemize('hello'))}")


def _model() -> Finding:
    from ditar_studio.engine.load import load_model

    info = load_model().info
    return Finding(
        "built-in model",
        "works",
        f"{info.name} {info.version}, {info.parameters / 1e6:.1f} M parameters, "
        f"{info.sample_rate} Hz",
    )


def _sound() -> Finding:
    from ditar_studio.audio.devices import list_devices

    try:
        found = list_devices()
    except (StudioError, ImportError, OSError) as error:
        return Finding(
            "sound devices",
            "optional",
            str(error),
            "On Debian and Ubuntu: apt-get install libportaudio2",
        )
    if not found:
        return Finding(
            "sound devices",
            "optional",
            "none; recording and playing need one, files work without",
            "Start the sound server, or plug a device in.",
        )
    return Finding("sound devices", "works", ", ".join(sorted({each.name for each in found})))


def _interface() -> Finding:
    """Qt may abort the process where a library is missing: it is tried in one of its own."""
    if kind() == "frozen":
        return Finding("interface", "works", "comes with this program")
    script = (
        "from PySide6.QtWidgets import QApplication; from PySide6.QtCore import qVersion;"
        "QApplication([]); print(qVersion())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **({} if display_is_there() else {"QT_QPA_PLATFORM": "offscreen"})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 0:
        return Finding("interface", "works", f"Qt {done.stdout.strip()}")
    reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
    return Finding(
        "interface",
        "optional",
        reason,
        _QT_LIBRARIES,
    )


def _display() -> Finding:
    if display_is_there():
        return Finding("display", "works", "there is one")
    return Finding(
        "display", "optional", "none; the command line works without", "Start it on a desktop."
    )


def _library() -> Finding:
    from ditar_studio.store import check, files
    from ditar_studio.store.library import DATABASE

    path = files.default_root() / DATABASE
    try:
        contents = check.inspect(path)
    except check.DamagedError as error:
        return Finding(
            "library",
            "broken",
            error.message,
            "Start DiTAR Studio: it goes back to the newest backup, or says what to do.",
        )
    if contents is None:
        return Finding("library", "works", f"none at {path.parent} yet")
    held = ", ".join(f"{contents.counts[kind]} {kind}" for kind in ("voices", "projects", "takes"))
    return Finding("library", "works", f"{held} at {path.parent}")


def _disk() -> Finding:
    folder = Path(platformdirs.user_data_dir("ditar-studio"))
    there = next(each for each in [folder, *folder.parents] if each.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < _LEAST_DISK:
        return Finding(
            "disk", "optional", f"only {free:.1f} GiB free at {there}", "Make room for takes."
        )
    return Finding("disk", "works", f"{free:.0f} GiB free at {there}")


def _memory() -> Finding:
    path = Path("/proc/meminfo")
    if not path.exists():
        return Finding("memory", "works", "not measured on this system")
    rows = dict(line.split(":", 1) for line in path.read_text().splitlines())
    free = int(rows["MemAvailable"].split()[0]) / 2**20
    if free < _LEAST_MEMORY:
        return Finding(
            "memory", "optional", f"only {free:.1f} GiB available", "Close other programs."
        )
    return Finding("memory", "works", f"{free:.1f} GiB available")


def _judges() -> list[Finding]:
    remedy = f"Only for measuring. {how_to_add('evaluation')}"
    findings = []
    for package, purpose in [
        ("Resemblyzer", "speaker similarity"),
        ("faster-whisper", "word errors"),
        ("speechmos", "sound quality"),
    ]:
        try:
            version = importlib.metadata.version(package)
            findings.append(Finding(f"judge of {purpose}", "works", f"{package} {version}"))
        except importlib.metadata.PackageNotFoundError:
            findings.append(
                Finding(f"judge of {purpose}", "optional", f"{package} is not installed", remedy)
            )
    return findings
