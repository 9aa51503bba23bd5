"""Modules hold one idea each, and none grows past reading."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MOST_LINES = 450


def test_no_module_is_longer_than_can_be_read_at_a_sitting() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "ditar_studio").rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}
