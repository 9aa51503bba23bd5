"""Compile the kernels in C: by hand, and by hatchling when the package is built or installed.

    python packaging/compile_kernels.py

makes ditar_studio/inference/kernels/kernels.so (.dylib on macOS, .dll on Windows) of the sources
beside it. Only x86-64 has kernels; without them the program computes with torch alone, more slowly,
so nothing that goes wrong here stops an installation. The compiler is $CC, or the system's, or
Zig's from PyPI (also on Windows, where what a compiler exports and links differs too much).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SOURCES = Path("ditar_studio", "inference", "kernels")
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = SOURCES / f"kernels{SUFFIX}"

_FLAGS = ("-std=c11", "-O3", "-mavx2", "-mfma", "-mf16c", "-shared", "-Wall")
_POSITION_FREE = () if sys.platform == "win32" else ("-fPIC",)
_LIBRARIES = () if sys.platform == "win32" else ("-lm", "-pthread")
_ZIG = "ziglang>=0.13,<0.18"
_ZIG_TARGETS = {"linux": "x86_64-linux-gnu.2.28", "win32": "x86_64-windows-gnu"}
_PROBE = "#include <immintrin.h>\n#include <math.h>\nfloat probe(float x) { return expf(x); }\n"


class CompileError(Exception):
    """There is no compiler, or it refused; the message is for a person."""


def wanted() -> bool:
    """Return whether there are kernels for this machine."""
    return platform.machine().lower() in ("x86_64", "amd64") and sys.maxsize > 2**32


def system_compiler() -> list[str]:
    """Return the command of a C compiler that is installed and works; empty without one."""
    names = [] if sys.platform == "win32" else ["cc", "gcc", "clang"]
    commands = [[path] for name in names if (path := shutil.which(name))]
    if named := os.environ.get("CC"):
        commands.insert(0, shlex.split(named))
    return next((command for command in commands if _works(command)), [])


def digest(root: Path) -> str:
    """Return the digest of the sources, which the library holds and the program compares."""
    sources = sorted((root / SOURCES).glob("*.[ch]"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def is_current(root: Path) -> bool:
    """Return whether a checkout has the library of its sources."""
    library = root / LIBRARY
    return library.exists() and digest(root).encode() in library.read_bytes()


def compile_library(sources: Sequence[Path], library: Path, *options: str) -> None:
    """Make one shared library of C files; it appears whole, or not at all.

    Args:
        sources: the C files.
        library: path of the compiled library.
        options: further ones of the compiler.

    Raises:
        CompileError: there is no compiler, or it fails.
    """
    command = system_compiler() or _zig()
    if not command:
        raise CompileError("there is no C compiler")
    with tempfile.TemporaryDirectory(prefix="compiling-", dir=library.parent) as folder:
        made = Path(folder, library.name)
        _compile([*command, *options], sources, made)
        os.replace(made, library)


def compile_in_place(root: Path) -> str:
    """Make the library of a checkout; "", or why there is none. One of other sources goes."""
    library = root / LIBRARY
    try:
        library.unlink(missing_ok=True)
        sources = sorted((root / SOURCES).glob("*.c"))
        compile_library(sources, library, f'-DKERNELS_SOURCES="{digest(root)}"')
    except (CompileError, OSError) as error:
        return str(error)
    return ""


def get_build_hook() -> type:
    """Return what hatchling asks for."""
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class KernelsHook(BuildHookInterface):  # type: ignore[type-arg]
        def dependencies(self) -> list[str]:
            return [_ZIG] if wanted() and not system_compiler() else []

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if not wanted():
                return
            if why := compile_in_place(Path(self.root)):
                self.app.display_warning(_without(why))
                return
            # Called by ctypes: bound to the system, but to no version of Python.
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{system}"
            build_data["pure_python"] = False
            build_data["artifacts"].append(f"/{LIBRARY.as_posix()}")

    return KernelsHook


def _works(command: Sequence[str]) -> bool:
    """Return whether a compiler is there with its headers and libraries, and knows the
    instructions.
    """
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text(_PROBE)
        try:
            _compile(command, [probe], probe.with_suffix(SUFFIX))
        except (CompileError, OSError):
            return False
    return True


def _zig() -> list[str]:
    """Return the command of Zig's C compiler, if that is installed."""
    if importlib.util.find_spec("ziglang") is None:
        return []
    # The oldest glibc that torch runs on, and no checks that trap in the midst of a sentence.
    target = _ZIG_TARGETS.get(sys.platform)
    command = [sys.executable, "-m", "ziglang", "cc", "-fno-sanitize=undefined", "-s"]
    return [*command, *(["-target", target] if target else [])]


def _compile(command: Sequence[str], sources: Sequence[Path], library: Path) -> None:
    places = [*map(str, sources), "-o", str(library), *_LIBRARIES]
    # Zig keeps what it made of the system's libraries, 80 MB, where it is told to.
    done = subprocess.run(
        [*command, *_FLAGS, *_POSITION_FREE, *places],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={"ZIG_GLOBAL_CACHE_DIR": str(library.parent), **os.environ},
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason was given"]
        reason = next((line for line in lines if "error" in line), lines[-1])
        raise CompileError(f"{Path(command[0]).name}: {reason}")


def _without(why: str) -> str:
    return f"No kernels are compiled, speech takes longer: {why}"


if __name__ == "__main__":
    if not wanted():
        sys.exit("Only x86-64 has kernels.")
    if why := compile_in_place(Path(__file__).resolve().parent.parent):
        sys.exit(_without(why))
    print(LIBRARY)
