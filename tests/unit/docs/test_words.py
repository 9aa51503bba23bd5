"""Names and prose use the words of the field: retired ones don't come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("ditar_studio", "tests", "packaging", "docs")
KINDS = {".py", ".md", ".c", ".h", ".sh", ".toml", ".json", ".qss", ".yml"}
EXCEPT = {Path(__file__), ROOT / "docs" / "glossary.md"}

RETIRED = (
    "chatter(?!box)",  # (the name of a model)
    "crew",
    "cushion",
    "errand",
    "forget",
    "keeper",
    "machinery",
    "nameless",
    "undisturbed",
)
"""Anywhere, also as a part of a name: `_crew`, `StreamKeeper`."""

RETIRED_NAMES = (
    r"\b(?:ModelShelf|Shelf|Turns|SentenceHeard|Hearing|_told|_heard|_tell|_?put_away|take_up)\b"
)
"""As names in code; in prose they are ordinary English."""

RETIRED_IN_THE_MODEL = r"\b(?:told|said|heard|spoken|reverse|keep|fresh)\b *(?:[=:,)(\[.]|is\b)"
"""As names in `model/`, where conditions are content, speaker and history."""

NAMES_IN_WEIGHTS = re.compile(
    r"self\.spoken\b|locdit\.spoken\b|(?:self|self\.pointer)\.heard\b|reverse=True"
)


def texts() -> list[Path]:
    found = [path for name in FOLDERS for path in (ROOT / name).rglob("*")]
    found += [*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    return [
        path
        for path in found
        if path.suffix in KINDS and path.name != "CHANGELOG.md" and path not in EXCEPT
    ]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(NAMES_IN_WEIGHTS.sub("", line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def _code(line: str) -> str:
    """A line without its strings and comment, roughly."""
    return re.sub(r"#.*|\"[^\"]*\"", "", line)


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_nowhere(word: str) -> None:
    assert lines_with(re.compile(word, re.IGNORECASE), texts()) == []


def test_retired_names_are_in_no_code() -> None:
    found = []
    for path in (ROOT / "ditar_studio").rglob("*.py"):
        code = re.sub(r'"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(ROOT)}: {line.strip()}"
            for line in code.splitlines()
            if re.search(RETIRED_NAMES, NAMES_IN_WEIGHTS.sub("", _code(line)))
        ]
    assert found == []


def test_conditions_of_the_model_have_the_papers_names() -> None:
    found = []
    for path in (ROOT / "ditar_studio" / "model").rglob("*.py"):
        code = re.sub(r'"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(ROOT)}: {line.strip()}"
            for line in code.splitlines()
            if re.search(RETIRED_IN_THE_MODEL, NAMES_IN_WEIGHTS.sub("", _code(line)))
        ]
    assert found == []
