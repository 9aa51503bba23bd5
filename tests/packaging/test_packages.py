"""What packages are made of is well formed, and all of it names the same program."""

from __future__ import annotations

import itertools
import plistlib
import re
import runpy
import shutil
import struct
import subprocess
import sys
import tomllib
import wave
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
TOML = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = TOML["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = sorted(PACKAGING.rglob("*.sh"))


def _ran(*command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not installed here; the workflow has it")
    return found


@pytest.mark.parametrize("tool", [("actionlint",), ("zizmor", "--offline", "--no-progress")])
def test_workflows_are_clean(tool: tuple[str, ...]) -> None:
    if tool[0] == "zizmor":
        _ran(_tool("zizmor"), *tool[1:], ROOT / ".github")
    else:
        _ran(_tool("actionlint"), *WORKFLOWS)


def test_every_action_is_pinned_to_a_commit() -> None:
    for path in WORKFLOWS:
        for used in re.findall(r"uses: (\S+)", path.read_text("utf-8")):
            assert used.startswith("./") or re.search(r"@[0-9a-f]{40}$", used), (path.name, used)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows may have no bash")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_parsed(script: Path) -> None:
    _ran("bash", "-n", script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_pass_shellcheck(script: Path) -> None:
    # (SC2154: what setup.sh sets for those that source it)
    options = ("--severity=warning", "--shell=bash", "--exclude=SC2154")
    _ran(_tool("shellcheck"), *options, script)


def test_the_desktop_entry_is_valid() -> None:
    _ran(_tool("desktop-file-validate"), PACKAGING / "linux" / "ditar-studio.desktop")


def test_the_description_for_software_centres_is_valid() -> None:
    description = PACKAGING / "linux" / "io.github.ditar_studio.metainfo.xml"
    _ran(_tool("appstreamcli"), "validate", "--no-net", description)


def test_voices_have_a_file_type() -> None:
    from ditar_studio.store.bundle import SUFFIX

    tree = ET.parse(PACKAGING / "linux" / "ditar-studio.mime.xml")
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    globs = [each.get("pattern") for each in tree.iter(f"{space}glob")]
    assert globs == [f"*{SUFFIX}"]
    assert f"\\{SUFFIX}" in (PACKAGING / "windows" / "ditar-studio.iss").read_text("utf-8")


def test_the_application_for_macos_may_record() -> None:
    with (PACKAGING / "macos" / "entitlements.plist").open("rb") as file:
        granted = plistlib.load(file)
    assert granted["com.apple.security.device.audio-input"] is True
    assert "NSMicrophoneUsageDescription" in (PACKAGING / "pyinstaller.spec").read_text("utf-8")


def test_the_container_runs_as_nobody_special_and_tells_its_health() -> None:
    last = (ROOT / "Dockerfile").read_text("utf-8").rpartition("FROM")[2]
    assert re.search(r"^USER 10001$", last, re.M)
    assert "HEALTHCHECK" in last
    assert "TOKEN=" not in last


def test_the_flatpak_installs_files_that_are_there() -> None:
    manifest = PACKAGING / "flatpak" / "io.github.ditar_studio.yml"
    named = re.findall(r"path: (\.\./\S+)", manifest.read_text("utf-8"))
    assert len(named) >= 4
    for name in named:
        assert "build/wheels" in name or (manifest.parent / name).is_file(), name


def test_constraints_suit_every_requirement() -> None:
    text = (PACKAGING / "constraints.txt").read_text("utf-8")
    assert "://" not in text
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.M):
        pinned.setdefault(name, set()).add(version)
    more = [*PROJECT["optional-dependencies"].values(), *TOML["dependency-groups"].values()]
    for wanted in map(Requirement, itertools.chain(PROJECT["dependencies"], *more)):
        versions = pinned.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted} is missing: bash packaging/lock.sh"
        assert all(map(wanted.specifier.contains, versions)), f"{wanted}: bash packaging/lock.sh"


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "Dockerfile"], ids=lambda path: path.name)
def test_whatever_is_installed_has_the_versions_of_the_constraints(path: Path) -> None:
    for job in re.split(r"^  (?=\w+:$)", path.read_text("utf-8"), flags=re.M):
        for line in re.findall(r"^.*\bpip install.*$", job, re.M):
            assert "PIP_CONSTRAINT" in job or "--constraint " in line, line


@pytest.mark.skipif(sys.platform != "linux", reason="licences are collected on Linux")
def test_the_licences_of_what_is_frozen_are_kept() -> None:
    wanted = runpy.run_path(str(PACKAGING / "collect_licences.py"))["requirements"]()
    texts = (ROOT / "resources" / "licenses").glob("*.txt")
    assert set(wanted) <= {path.name.partition(" -- ")[0] for path in texts}
    assert {"torch", "mcp", "cryptography"} <= set(wanted)


def test_the_version_is_that_of_the_program() -> None:
    from ditar_studio import __version__

    done = subprocess.run(
        [sys.executable, PACKAGING / "version.py"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == __version__
    releases = ET.parse(PACKAGING / "linux" / "io.github.ditar_studio.metainfo.xml").iter("release")
    assert next(iter(releases)).get("version") == __version__


def test_icons_are_made_in_every_form(tmp_path: Path) -> None:
    _ran(sys.executable, PACKAGING / "make_icons.py", tmp_path)
    kind, count = struct.unpack("<HH", (tmp_path / "ditar-studio.ico").read_bytes()[2:6])
    assert (kind, count) == (1, 7)
    icns = (tmp_path / "ditar-studio.icns").read_bytes()
    assert icns[:4] == b"icns"
    assert struct.unpack(">I", icns[4:8])[0] == len(icns)
    assert (tmp_path / "ditar-studio-512.png").stat().st_size > 1000


def test_sizes_are_reported_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(b"x" * 2_000_000)
    (tmp_path / "notes.txt").write_text("")
    done = subprocess.run(
        [sys.executable, PACKAGING / "sizes.py", tmp_path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "| Debian package | a.deb | 2 |" in done.stdout
    assert "notes" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands for the program")
@pytest.mark.parametrize("same", [True, False])
def test_times_are_reported_and_whether_all_speak_the_same(tmp_path: Path, same: bool) -> None:
    folder = tmp_path / "installed"
    folder.mkdir()
    sounds = []
    for number in (1, 2):
        sound = folder / f"sound{number}.wav"
        with wave.open(str(sound), "w") as file:
            file.setparams((1, 2, 24000, 0, "NONE", ""))
            file.writeframes(b"\0\0" if same else bytes([number, 0]))
        program = folder / f"program{number}"
        program.write_text(
            f'#!/bin/sh\n[ "$1" = speak ] || exit 0\nfor last; do :; done\ncp "{sound}" "$last"\n'
        )
        program.chmod(0o755)
        sounds.append(f"number {number}={program}={folder}")
    done = subprocess.run(
        [sys.executable, PACKAGING / "sizes.py", tmp_path, *sounds],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if same else 1)
    assert "| number 1 | 0 | 0." in done.stdout
    assert ("do not speak the same" in done.stderr) is not same
