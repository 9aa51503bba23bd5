"""Print a table of the packages in a folder with their sizes, and of programs with their times.

    python packaging/sizes.py dist "pip=empty/bin/ditar-studio=empty/lib" \\
        "frozen=dist/ditar-studio/ditar-studio=dist/ditar-studio"

Each program is given as NAME=COMMAND=FOLDER: what it is called, how it is started, and where it was
installed. It is started twice and timed the second time, when its files are in memory. All of them
speak one sentence with the same seed; if their samples differ, that is told and the exit code is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    ".whl": "wheel",
    ".gz": "source distribution",
    ".deb": "Debian package",
    ".AppImage": "AppImage",
    ".flatpak": "Flatpak",
    ".exe": "Windows installer",
    ".dmg": "macOS disk image",
}
SENTENCE = "The last train had gone, so we walked home along the river."
SPOKEN = ("speak", SENTENCE, "--voice", "Kathleen", "--seed", "7", "--force", "--quiet", "--out")


@dataclass(frozen=True)
class Program:
    """An installed program: its name, its command, and the folder that it was installed into."""

    name: str
    command: tuple[str, ...]
    folder: Path

    @classmethod
    def named(cls, text: str) -> Program:
        """Make a program of NAME=COMMAND=FOLDER."""
        name, command, folder = text.split("=")
        return cls(name, tuple(shlex.split(command)), Path(folder))

    def timed(self, *arguments: str | Path) -> float:
        """Measure the seconds that it takes, once it has been started before."""
        for _ in range(2):
            start = time.monotonic()
            subprocess.run([*self.command, *map(str, arguments)], check=True, capture_output=True)
        return time.monotonic() - start


def sizes(folder: Path) -> list[str]:
    """Return rows in Markdown, one for each package, and for the frozen program as it lies on the
    disk.
    """
    rows = ["| package | file | MB |", "|---|---|---|"]
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            rows.append(f"| frozen program, unpacked | {path.name} | {megabytes(path)} |")
        elif kind := KINDS.get(path.suffix):
            rows.append(f"| {kind} | {path.name} | {megabytes(path)} |")
    return rows


def times(programs: list[Program]) -> tuple[list[str], bool]:
    """Return rows in Markdown, one for each program, and whether all have spoken the same
    samples.
    """
    rows = ["| program | MB installed | `--version`, s | speaks 3 s, s | samples |"]
    rows.append("|---|---|---|---|---|")
    spoken = set()
    for program in programs:
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder, "spoken.wav")
            version = program.timed("--version")
            speaking = program.timed(*SPOKEN, sound)
            with wave.open(str(sound)) as file:
                samples = file.readframes(file.getnframes())
        digest = hashlib.sha256(samples).hexdigest()[:12]
        spoken.add(digest)
        rows.append(
            f"| {program.name} | {megabytes(program.folder)} | {version:.1f} | {speaking:.1f} "
            f"| {digest} |"
        )
    return rows, len(spoken) < 2


def megabytes(path: Path) -> str:
    """Return the size of a file, or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return f"{sum(f.lstat().st_size for f in files if not f.is_symlink()) / 1e6:.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("programs", nargs="*", type=Program.named, metavar="NAME=COMMAND=FOLDER")
    given = parser.parse_args()
    print("\n".join(sizes(given.folder)), flush=True)
    if not given.programs:
        return 0
    rows, same = times(given.programs)
    print("\n" + "\n".join(rows))
    if not same:
        print("They do not speak the same samples.", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
