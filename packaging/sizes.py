"""Print a table of the packages in a folder with their sizes: sizes.py dist"""

from __future__ import annotations

import sys
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


def table(folder: Path) -> str:
    """Rows in Markdown, one for each package, and for the frozen program as it lies on the disk."""
    rows = ["| package | file | MB |", "|---|---|---|"]
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            size = sum(f.lstat().st_size for f in path.rglob("*") if not f.is_symlink())
            rows.append(f"| frozen program, unpacked | {path.name} | {size / 1e6:.0f} |")
        elif kind := KINDS.get(path.suffix):
            rows.append(f"| {kind} | {path.name} | {path.stat().st_size / 1e6:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
