"""Draw packages and layers into docs/architecture.md: layers as in the contract of pyproject.toml,
words as in the docstrings of the packages.

    python packaging/package_picture.py
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by packaging/package_picture.py -->\n", "<!-- end of the picture -->"
_WIDTH = 84


def picture() -> str:
    """The layers from the top down, a line a package."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    parts = []
    for layer in layers:
        names = [name for name in re.findall(r"\w+", layer) if _is_package(name)]
        if names:
            parts.append("\n".join(_line(name) for name in names))
    beside = f"beside these, reached by the command line only:\n{_line('training')}"
    return "```text\n" + "\n        ▼\n".join(parts) + f"\n\n{beside}\n```\n"


def drawn(page: str) -> str:
    """The page with the picture of now."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + picture() + END + rest.split(END)[1]


def _is_package(name: str) -> bool:
    return (ROOT / "ditar_studio" / name).is_dir()


def _line(name: str) -> str:
    source = (ROOT / "ditar_studio" / name / "__init__.py").read_text(encoding="utf-8")
    says = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
    assert len(says) <= _WIDTH, f"the first line of {name}'s docstring is too long for the picture"
    return f"  {name:<12}{says}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
