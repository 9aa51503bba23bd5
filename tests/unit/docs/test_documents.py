"""Documents: their links lead somewhere, their commands exist, their modules are there."""

from __future__ import annotations

import json
import math
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("resources/models/**/*.md")]
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_lead_to_files(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    missing = [link for link in links if not ((ROOT / name).parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])
def test_named_modules_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    files = re.findall(r"`((?:\w+/)*\w+\.(?:py|json|toml|sh))`", text)
    assert files
    package = ROOT / "ditar_studio"
    assert not [
        f for f in files if not (ROOT / f).exists() and not (package / f).exists() and "/" in f
    ]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])
def test_named_classes_and_functions_exist(name: str) -> None:
    sources = (ROOT / "ditar_studio").rglob("*.py")
    known = {word for path in sources for word in re.findall(r"\w+", path.read_text("utf-8"))}
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`(?:\w+\.)*(\w+)`", text)
    used = {each for each in named if "_" in each or each[0].isupper()}
    assert used
    assert used - known == set()


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/**/*.md")]
    assert [page for page in pages if page not in navigation] == []


@pytest.mark.parametrize("name", ["README.md", "docs/guide.md", "docs/training.md"])
def test_named_commands_exist(name: str) -> None:
    commands = set((ROOT / "ditar_studio/cli/options.py").read_text(encoding="utf-8").split('"'))
    text = (ROOT / name).read_text(encoding="utf-8")
    used = set(re.findall(r"ditar-studio ([a-z][a-z-]+)", text))
    assert used
    assert used <= commands


def test_the_picture_of_the_packages_is_of_now() -> None:
    script = runpy.run_path(str(ROOT / "packaging" / "package_picture.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert script["drawn"](page) == page, "run: python packaging/package_picture.py"


def test_the_size_of_the_built_in_model_is_what_is_shipped() -> None:
    with (ROOT / "resources/models/builtin/model.safetensors").open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [each["shape"] for name, each in head.items() if name != "__metadata__"]
    millions = f"{sum(map(math.prod, shapes)) / 1e6:.1f}"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    card = (ROOT / "resources/models/builtin/README.md").read_text(encoding="utf-8")
    assert f"| parameters | {millions} M |" in readme
    assert f"{millions} million parameters" in readme
    assert f"{millions} million parameters" in card
