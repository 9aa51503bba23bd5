"""Draw packages and features into docs/architecture.md: layers as in the contracts of
pyproject.toml, words as in the docstrings of the packages.

    python packaging/package_picture.py
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
_PICTURE = re.compile(
    r"(<!-- drawn by packaging/package_picture.py: ([\w.]+) -->\n)"
    r".*?(?=<!-- end of the picture -->)",
    re.DOTALL,
)
_BESIDE = {"ditar_studio": ("training", "beside these, reached by the command line only:")}
_WIDTH = 84


def picture(container: str) -> str:
    """Return the layers of a package that holds packages, from the top down, a line each."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [container]
    )
    folder = ROOT / container.replace(".", "/")
    parts = []
    for layer in layers:
        names = [name for name in re.findall(r"\w+", layer) if (folder / name).is_dir()]
        if names:
            parts.append("\n".join(_line(folder / name) for name in names))
    drawing = "\n        ▼\n".join(parts)
    if container in _BESIDE:
        name, words = _BESIDE[container]
        drawing += f"\n\n{words}\n{_line(folder / name)}"
    return f"```text\n{drawing}\n```\n"


def drawn(page: str) -> str:
    """Return the page with the pictures of now."""
    return _PICTURE.sub(lambda found: found[1] + picture(found[2]), page)


def _line(package: Path) -> str:
    source = (package / "__init__.py").read_text(encoding="utf-8")
    says = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
    assert len(says) <= _WIDTH, f"the first line of {package.name}'s docstring is too long to draw"
    return f"  {package.name:<15}{says}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
