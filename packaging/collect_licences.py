"""Collects the licence texts of everything that ships with the program into resources/licenses.

    python packaging/collect_licences.py

Reads the metadata of the packages that are installed for the program's own requirements and for
what the frozen program has besides, of the interpreter, and of the typeface; the program's own
licence stays as it is there. To be run again when a requirement changes; a test compares.
"""

from __future__ import annotations

import re
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "resources" / "licenses"
PLATFORM = re.compile(r"nvidia|triton|cuda", re.I)
LICENCES = re.compile(r"\.dist-info/licenses/(?!.*(android|musl|v8_xfa)).*\.\w+$", re.I)
NAMES = re.compile(r"(^|/)(licen[cs]e|copying|notice|copyright|authors)[^/]*$", re.I)
KINDS = {"pyside6-essentials": "LGPL-3.0", "shiboken6": "LGPL-3.0", "soxr": "LGPL-2.1-or-later"}
MINE = "ditar-studio"
BUILDERS = ("pyinstaller",)
"""What freezes the program, and is no part of it."""


def requirements() -> list[str]:
    """Return names of all packages that the frozen program has, needed directly or not."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = project["dependencies"] + project["optional-dependencies"]["packaging"]
    waiting, found = [Requirement(each) for each in named], set()
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if str(requirement) in seen or name in BUILDERS or PLATFORM.search(name):
            continue
        seen.add(str(requirement))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # needed on other systems only
        found.add(name)
        more = map(Requirement, distribution.requires or [])
        waiting += [each for each in more if _wanted(each, requirement.extras)]
    return sorted(found)


def _wanted(requirement: Requirement, extras: set[str]) -> bool:
    """Return whether it is no extra's, or one of these extras'."""
    marker = requirement.marker
    if marker is None or "extra" not in str(marker):
        return True
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def licence_of(name: str) -> tuple[str, str]:
    """Return kind and text of the licence of an installed package."""
    distribution = metadata.distribution(name)
    facts = distribution.metadata
    kind = KINDS.get(name) or facts.get("License-Expression") or _from_classifiers(facts)
    texts = []
    for file in sorted(distribution.files or [], key=str):
        if LICENCES.search(str(file)) or (".dist-info" in str(file) and NAMES.search(str(file))):
            texts.append(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace"))
    if not texts:
        texts = [text.read_text(encoding="utf-8") for text in _common(kind)]
    home = facts.get("Home-page") or next(iter(facts.get_all("Project-URL") or []), "")
    head = f"{facts['Name']} {distribution.version}\n{home}\nLicence: {kind}\n"
    return kind, head + "\n" + "\n\n".join(texts)


def _common(kind: str) -> list[Path]:
    """Return texts of a well-known licence that a package names without bringing it (Debian's
    copies).
    """
    shared = Path("/usr/share/common-licenses")
    if kind == "LGPL-3.0":
        return [shared / "LGPL-3", shared / "GPL-3"]  # the former is written upon the latter
    return [shared / "Apache-2.0"] if kind.startswith("Apache") else []


def _from_classifiers(facts: metadata.PackageMetadata) -> str:
    for line in facts.get_all("Classifier") or []:
        if line.startswith("License :: OSI Approved :: "):
            return line.rpartition(" :: ")[2]
    return (facts.get("License") or "see text").splitlines()[0][:60]


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for old in TARGET.glob("*.txt"):
        if not old.name.startswith(MINE):
            old.unlink()
    for name in requirements():
        kind, text = licence_of(name)
        _write(name, kind, text)
    python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    _write("python", "PSF-2.0", python.read_text(encoding="utf-8"))
    font = ROOT / "resources" / "fonts" / "Inter-LICENSE.txt"
    lesser = Path("/usr/share/common-licenses/LGPL-2.1").read_text(encoding="utf-8")
    _write("libsndfile", "LGPL-2.1", f"Inside soundfile.\n\n{lesser}")
    _write("Inter typeface", "OFL-1.1", font.read_text(encoding="utf-8"))


def _write(name: str, kind: str, text: str) -> None:
    plain = re.sub(r"[^A-Za-z0-9.+ -]+", "-", kind).strip()
    (TARGET / f"{name} -- {plain}.txt").write_text(text.strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
