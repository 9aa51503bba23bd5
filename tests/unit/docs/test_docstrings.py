"""Docstrings of functions begin with what the function does, in the imperative."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

NOT_VERBS = {
    "A",
    "All",
    "An",
    "Both",
    "Each",
    "Every",
    "How",
    "Nothing",
    "The",
    "What",
    "Where",
    "Whether",
    "Which",
    "Why",
}
ENDING_IN_S = {"Focus", "Guess", "Pass", "Press", "Process"}
"""Verbs; other first words that end in an s are plurals or in the third person."""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {getattr(it, "id", getattr(it, "attr", "")) for it in node.decorator_list}
            if not names & {"property", "cached_property", "setter"}:
                yield node


def is_imperative(docstring: str) -> bool:
    first = docstring.split()[0].rstrip(".,;:")
    return first not in NOT_VERBS and (not first.endswith("s") or first in ENDING_IN_S)


@pytest.mark.parametrize("folder", ["ditar_studio", "packaging", "benchmarks", "tests/support"])
def test_docstrings_of_functions_are_imperative(folder: str) -> None:
    found = []
    for path in (ROOT / folder).rglob("*.py"):
        for node in functions(ast.parse(path.read_text(encoding="utf-8"))):
            docstring = ast.get_docstring(node)
            if node.name != "__init__" and docstring and not is_imperative(docstring):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {docstring.splitlines()[0]}")
    assert found == []
