"""Checks of this machine, with reasons for what doesn't work: `ditar-studio doctor`."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import platformdirs

from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add, kind
from ditar_studio.version import __version__

State = Literal["works", "optional", "broken"]

_QT_LIBRARIES = (
    "Install the libraries that Qt needs. On Debian and Ubuntu: apt-get install libegl1 libgl1 "
    "libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libx11-xcb1"
)
_LEAST_DISK, _LEAST_MEMORY = 2.0, 2.0


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at.

    Attributes:
        name: of what was checked.
        state: it works; it doesn't but the main job goes without it; it is broken.
        detail: the finding in words.
        remedy: what to do about it.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


def examine(display: bool) -> Iterator[CheckResult]:
    """Return all findings, one by one; none of them raises.

    Args:
        display: whether a screen is there.
    """
    checks: list[tuple[str, Callable[[], CheckResult | list[CheckResult]]]] = [
        ("DiTAR Studio", _program),
        ("torch", _torch),
        ("compiled kernels", _kernels),
        ("torchaudio", _torchaudio),
        ("phonemes", _phonemes),
        ("built-in model", _model),
        ("sound devices", _sound),
        ("interface", partial(_interface, display)),
        ("display", partial(_display, display)),
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
            found = CheckResult(name, "broken", error.message, error.remedy)
        except Exception as error:  # a diagnosis goes on, whatever it meets
            found = CheckResult(name, "broken", f"{type(error).__name__}: {error}")
        yield from found if isinstance(found, list) else [found]


def _program() -> CheckResult:
    return CheckResult(
        "DiTAR Studio",
        "works",
        f"{__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}",
    )


def _torch() -> list[CheckResult]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        return [
            CheckResult("torch", "broken", f"it can't be imported: {error}", "Install torch again.")
        ]
    from ditar_studio.engine.device import default_threads, devices

    findings = [CheckResult("torch", "works", f"{torch.__version__}, {default_threads()} threads")]
    for device in devices():
        state: State = "works" if device.usable else "optional"
        findings.append(CheckResult(f"device {device.name}", state, device.reason))
    return findings


def _kernels() -> CheckResult:
    from ditar_studio.inference.kernels.library import missing, suitable

    why = missing()
    if not why:
        return CheckResult("compiled kernels", "works", "in use")
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
    return CheckResult("compiled kernels", "optional", f"none, speech takes longer: {why}", remedy)


def _torchaudio() -> CheckResult:
    from ditar_studio.audio.clips.resample import import_torchaudio

    module = import_torchaudio()
    stubbed = not hasattr(sys.modules.get("torchaudio._extension"), "__file__")
    note = " (without its native extension, which isn't needed)" if stubbed else ""
    return CheckResult("torchaudio", "works", f"{module.__version__}{note}")


def _phonemes() -> CheckResult:
    from ditar_studio.text.phonemes import phonemize

    return CheckResult("phonemes", "works", f"“hello” is read as {''.join(phonemize('hello'))}")


def _model() -> CheckResult:
    from ditar_studio.engine.load import load_model

    info = load_model().info
    return CheckResult(
        "built-in model",
        "works",
        f"{info.name} {info.version}, {info.parameters / 1e6:.1f} M parameters, "
        f"{info.sample_rate} Hz",
    )


def _sound() -> CheckResult:
    from ditar_studio.audio.devices.registry import list_devices

    try:
        found = list_devices()
    except (StudioError, ImportError, OSError) as error:
        return CheckResult(
            "sound devices",
            "optional",
            str(error),
            "On Debian and Ubuntu: apt-get install libportaudio2",
        )
    if not found:
        return CheckResult(
            "sound devices",
            "optional",
            "none; recording and playing need one, files work without",
            "Start the sound server, or plug a device in.",
        )
    return CheckResult("sound devices", "works", ", ".join(sorted({each.name for each in found})))


def _interface(display: bool) -> CheckResult:
    """Try the interface in a process of its own, as Qt may abort it where a library is missing."""
    if kind() == "frozen":
        return CheckResult("interface", "works", "comes with this program")
    script = (
        "from PySide6.QtWidgets import QApplication; from PySide6.QtCore import qVersion;"
        "QApplication([]); print(qVersion())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **({} if display else {"QT_QPA_PLATFORM": "offscreen"})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 0:
        return CheckResult("interface", "works", f"Qt {done.stdout.strip()}")
    reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
    return CheckResult(
        "interface",
        "optional",
        reason,
        _QT_LIBRARIES,
    )


def _display(display: bool) -> CheckResult:
    if display:
        return CheckResult("display", "works", "there is one")
    return CheckResult(
        "display", "optional", "none; the command line works without", "Start it on a desktop."
    )


def _library() -> CheckResult:
    from ditar_studio.store import check, files
    from ditar_studio.store.library import DATABASE

    path = files.default_root() / DATABASE
    try:
        contents = check.inspect(path)
    except check.DamagedError as error:
        return CheckResult(
            "library",
            "broken",
            error.message,
            "Start DiTAR Studio: it goes back to the newest backup, or says what to do.",
        )
    if contents is None:
        return CheckResult("library", "works", f"none at {path.parent} yet")
    held = ", ".join(f"{contents.counts[kind]} {kind}" for kind in ("voices", "projects", "takes"))
    return CheckResult("library", "works", f"{held} at {path.parent}")


def _disk() -> CheckResult:
    folder = Path(platformdirs.user_data_dir("ditar-studio"))
    there = next(each for each in [folder, *folder.parents] if each.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < _LEAST_DISK:
        return CheckResult(
            "disk", "optional", f"only {free:.1f} GiB free at {there}", "Make room for takes."
        )
    return CheckResult("disk", "works", f"{free:.0f} GiB free at {there}")


def _memory() -> CheckResult:
    path = Path("/proc/meminfo")
    if not path.exists():
        return CheckResult("memory", "works", "not measured on this system")
    rows = dict(line.split(":", 1) for line in path.read_text().splitlines())
    free = int(rows["MemAvailable"].split()[0]) / 2**20
    if free < _LEAST_MEMORY:
        return CheckResult(
            "memory", "optional", f"only {free:.1f} GiB available", "Close other programs."
        )
    return CheckResult("memory", "works", f"{free:.1f} GiB available")


def _judges() -> list[CheckResult]:
    remedy = f"Only for measuring. {how_to_add('evaluation')}"
    findings = []
    for package, purpose in [
        ("Resemblyzer", "speaker similarity"),
        ("faster-whisper", "word errors"),
        ("speechmos", "sound quality"),
    ]:
        try:
            version = importlib.metadata.version(package)
            findings.append(CheckResult(f"judge of {purpose}", "works", f"{package} {version}"))
        except importlib.metadata.PackageNotFoundError:
            findings.append(
                CheckResult(
                    f"judge of {purpose}", "optional", f"{package} is not installed", remedy
                )
            )
    return findings
