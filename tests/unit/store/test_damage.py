"""A damaged library opens whole, goes back to its backup, or is refused: always in one sentence."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from library_fixtures import Clock, recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.backup import Backups
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.voices import NewSample

Way = Callable[[Path, random.Random], object]
VOICES = 6
STATES = ("closed", "killed", "killed at first")


def everything(library: Library) -> str:
    """All that a library says of itself."""
    projects = library.projects.all()
    said = [
        library.voices.all(),
        library.recordings.all(),
        library.bin.contents(),
        *(library.lines.of_project(project.id) for project in projects),
        *(library.takes.of_project(project.id) for project in projects),
        *(project.settings for project in projects),
    ]
    return repr(said).replace(str(library.root), "")


def fill(library: Library, wav: Path) -> None:
    for number in range(VOICES):
        library.voices.create(f"Voice {number}", [NewSample(wav, f"Sentence {number}.")])
    project = library.projects.create("Book").value
    texts = [NewLine(f"Line {number}") for number in range(4)]
    for line in library.lines.add(project.id, texts).value:
        take = library.takes.begin(project.id, line.id, recipe(line.text)).value
        shutil.copyfile(wav, take.path)
        library.takes.finish(take.id)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A library as it was left by a first run that was killed, by a clean end, by a later kill."""
    home = tmp_path_factory.mktemp("libraries")
    root, wav = home / "library", write_tone(home / "tone.wav", 0.1)
    with Library(root) as library:
        fill(library, wav)
        shutil.copytree(root, home / "killed at first")
    shutil.copytree(root, home / "closed")
    with Library(root) as library:
        library.voices.create("Late")
        shutil.copytree(root, home / "killed")
    return {name: home / name for name in STATES}


@pytest.fixture(scope="module")
def truths(libraries: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each of them says of itself when nothing happens to it."""
    said = {}
    for name, path in libraries.items():
        root = shutil.copytree(path, tmp_path_factory.mktemp("whole") / "library")
        with Library(root) as library:
            assert library.damaged is None
            said[name] = everything(library)
    return said


def flip(bits: int) -> Way:
    def damage(database: Path, dice: random.Random) -> None:
        data = bytearray(database.read_bytes())
        for _ in range(bits):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        database.write_bytes(data)

    return damage


def flip_header(database: Path, dice: random.Random) -> None:
    data = bytearray(database.read_bytes())
    data[dice.randrange(100)] ^= 1 << dice.randrange(8)
    database.write_bytes(data)


def overwrite(fill: Callable[[random.Random, int], bytes]) -> Way:
    def damage(database: Path, dice: random.Random) -> None:
        data = bytearray(database.read_bytes())
        start = 512 * dice.randrange(len(data) // 512)
        length = 512 * dice.randrange(1, 17)
        data[start : start + length] = fill(dice, len(data[start : start + length]))
        database.write_bytes(data)

    return damage


def truncate(database: Path, dice: random.Random) -> None:
    size = database.stat().st_size
    few = [1, 15, 16, 99, 100, 511, 512, 4095, 4096, size - 1, size // 2]
    with database.open("rb+") as file:
        file.truncate(dice.choice([*few, dice.randrange(1, size)]))


def empty(database: Path, _dice: random.Random) -> None:
    database.write_bytes(b"")


def delete(database: Path, dice: random.Random) -> None:
    for ending in ("", "-wal", "-shm"):
        if not ending or dice.random() < 0.5:
            database.with_name(database.name + ending).unlink(missing_ok=True)


def swap_pages(database: Path, dice: random.Random) -> None:
    data = bytearray(database.read_bytes())
    first, second = (4096 * dice.randrange(len(data) // 4096) for _ in range(2))
    one, other = data[first : first + 4096], data[second : second + 4096]
    data[first : first + 4096], data[second : second + 4096] = other, one
    database.write_bytes(data)


def also_newest_backup(way: Way) -> Way:
    def damage(database: Path, dice: random.Random) -> None:
        way(database, dice)
        backups = sorted(database.with_name("backups").glob("*.db"))
        for backup in backups[-1:]:
            dice.choice([flip(64), overwrite(zeros), truncate, empty])(backup, dice)

    return damage


def of_log(way: Way) -> Way:
    def damage(database: Path, dice: random.Random) -> None:
        log = database.with_name("library.db-wal")
        way(log if log.exists() else database, dice)

    return damage


def zeros(_dice: random.Random, length: int) -> bytes:
    return bytes(length)


def noise(dice: random.Random, length: int) -> bytes:
    return dice.randbytes(length)


WAYS: dict[str, Way] = {
    "1 bit": flip(1),
    "30 bits": flip(30),
    "a bit of the header": flip_header,
    "some zeros": overwrite(zeros),
    "some noise": overwrite(noise),
    "all zeros": lambda database, _dice: database.write_bytes(bytes(database.stat().st_size)),
    "cut": truncate,
    "emptied": empty,
    "deleted": delete,
    "swapped": swap_pages,
    "30 bits of the log": of_log(flip(30)),
    "log cut": of_log(truncate),
    "30 bits, and the backup": also_newest_backup(flip(30)),
    "emptied, and the backup": also_newest_backup(empty),
}
CASES = [
    (way, state, seed)
    for way in WAYS
    for state in STATES
    for seed in range(2 if "bit" in way or way == "cut" else 1)
]
assert len(CASES) >= 60


@pytest.mark.parametrize(("way", "state", "seed"), CASES)
def test_a_damaged_library_is_whole_restored_or_refused(
    way: str,
    state: str,
    seed: int,
    libraries: dict[str, Path],
    truths: dict[str, str],
    tmp_path: Path,
) -> None:
    root = shutil.copytree(libraries[state], tmp_path / "library")
    database = root / "library.db"
    sounds = {path.name for path in root.glob("*/*.wav")}
    WAYS[way](database, random.Random(f"{way} {state} {seed}"))
    left = database.read_bytes() if database.exists() else None
    backed_up = [path.read_bytes() for path in root.glob("backups/*.db")]
    refusal, damage, said, voices = None, None, "", []
    try:
        with Library(root) as library:
            damage, said, voices = library.damaged, everything(library), library.voices.all()
    except StudioError as error:
        refusal = error
    assert {path.name for path in root.glob("*/*.wav")} == sounds
    assert {path.read_bytes() for path in root.glob("backups/*")} >= set(backed_up)
    if refusal is not None:
        assert is_reported(refusal.message, refusal.remedy)
        assert database.read_bytes() == left
        may_be_newer = way == "a bit of the header" and "newer DiTAR Studio" in refusal.message
        assert state == "killed at first" or "backup" in way or may_be_newer
        return
    if damage is None:
        lost_undetectably = state != "closed" and way == "log cut"
        assert lost_undetectably or len(voices) == VOICES + (state == "killed")
        assert state != "closed" or said == truths["closed"]
    else:
        assert is_reported(damage.message, damage.remedy)
        if damage.kept is not None and "took its place" in damage.message:
            assert damage.kept.read_bytes() == left
            assert said == truths["closed"]
    with Library(root) as library:
        assert everything(library) == said
        assert library.damaged is None or not voices
        assert library.check() == "ok"
    newest = Backups(root, time.time).newest_good()
    assert (newest[1].counts["voices"] if newest else 0) >= len(voices)


def change_a_letter(root: Path) -> None:
    database = root / "library.db"
    data = database.read_bytes()
    assert b"Voice 3" in data
    database.write_bytes(data.replace(b"Voice 3", b"Voicf 3"))


def test_one_letter_that_changed_on_the_disk_is_noticed(
    libraries: dict[str, Path], truths: dict[str, str], tmp_path: Path
) -> None:
    root = shutil.copytree(libraries["closed"], tmp_path / "library")
    change_a_letter(root)
    with Library(root) as library:
        assert library.damaged is not None
        assert "was changed by something else; its backup of " in library.damaged.message
        assert everything(library) == truths["closed"]


def test_without_a_backup_that_is_just_the_same_nothing_newer_is_given_up(
    libraries: dict[str, Path], tmp_path: Path
) -> None:
    root = shutil.copytree(libraries["closed"], tmp_path / "library")
    shutil.rmtree(root / "backups")
    change_a_letter(root)
    with Library(root) as library:
        assert library.damaged is not None
        assert "no backup is just as it was" in library.damaged.message
        assert library.voices.find("Voicf 3") is not None
    with Library(root) as library:
        assert library.damaged is None


def test_what_an_older_state_knows_as_deleted_is_not_purged_at_once(
    tmp_path: Path, clock: Clock
) -> None:
    root, wav = tmp_path / "library", write_tone(tmp_path / "tone.wav", 0.1)
    with Library(root, clock) as library:
        voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
        library.voices.delete(voice.id)
    saved = (root / "library.db").read_bytes()
    with Library(root, clock) as library:
        library.bin.restore(library.bin.contents()[0])
    for path in root.glob("backups/*.db"):
        path.write_bytes(saved)
    (root / "library.db").unlink()
    clock.now += 40 * 86400
    with Library(root, clock) as library:
        assert library.damaged is not None
        library.bin.restore(library.bin.contents()[0])
        assert library.voices.all()[0].samples[0].path.exists()


def is_reported(message: str, remedy: str) -> bool:
    """Whether it is one plain sentence and what to do."""
    return all(re.fullmatch(r"[A-Z][^\n]+\.", text) for text in (message, remedy)) and not (
        re.search(r"sqlite|Error|malformed", message)
    )
