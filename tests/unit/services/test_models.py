"""Models at hand: listed, verified, moved, added and removed."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import voxcpm_folders as folders
from model_server import CONFIG, CONTENT, Server, manager, serving

from ditar_studio.cli.main import main
from ditar_studio.engine import integrity
from ditar_studio.errors import StudioError
from ditar_studio.services import models as module
from ditar_studio.services.models import Models
from ditar_studio.services.offers import OFFERS, hosts_of


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def test_what_is_not_known_is_not_verified(server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path, server.address, digest=False)
    assert not models.download("tiny").verified
    assert models.verify("tiny") == []
    assert manager(tmp_path / "other", server.address).download("tiny").verified
    path = tmp_path / "tiny" / "model.safetensors"
    path.write_bytes(b"x" + CONTENT[1:])
    assert models.verify("tiny") == ["model.safetensors is damaged"]


def test_damage_without_a_trace_is_found_by_verifying(server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path, server.address)
    path = models.download("tiny").path / "model.safetensors"
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    integrity.check(path.parent)
    assert models.verify("tiny") == ["model.safetensors is damaged"]
    with pytest.raises(StudioError, match="damaged"):
        integrity.check(path.parent)


def test_a_damaged_copy_is_no_move(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = manager(tmp_path / "here", server.address)
    models.download("tiny")
    copy = shutil.copytree

    def copy_badly(source: Path, target: Path) -> None:
        copy(source, target)
        (target / "model.safetensors").write_bytes(b"x" + CONTENT[1:])

    monkeypatch.setattr(module.shutil, "copytree", copy_badly)
    with pytest.raises(StudioError, match="damaged"):
        models.move("tiny", tmp_path / "there")
    assert models.verify("tiny") == []


def test_another_host_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    known = {offer.name: len(hosts_of(offer)) for offer in OFFERS}
    assert known == {"voxcpm-0.5b": 1, "voxcpm-1.5": 1, "voxcpm-2": 2}
    monkeypatch.setenv("HF_ENDPOINT", "https://models.example/")
    for offer in OFFERS:
        assert hosts_of(offer) == ("https://models.example",)
        address = offer.address(hosts_of(offer)[0], offer.files[0])
        assert address.endswith(f"/resolve/{offer.revision}/config.json")


def test_every_offer_is_pinned() -> None:
    for offer in OFFERS:
        assert len(offer.revision) == 40
        assert int(offer.revision, 16)
        for file in offer.files:
            assert file.sha256 is None or (len(file.sha256) == 64 and file.size)


def test_the_command_line_says_what_is_not_verified(
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = manager(tmp_path, server.address, digest=False)
    monkeypatch.setattr("ditar_studio.cli.models.Models", lambda folder: models)
    assert main(["models", "list"]) == 0
    assert "not verified" in capsys.readouterr().out
    assert main(["models", "download", "tiny"]) == 0
    received = capsys.readouterr()
    assert "tiny is not verified" in received.err
    assert "not verified" in received.out
    assert main(["models", "verify", "tiny"]) == 0
    assert "not verified" in capsys.readouterr().out
    assert main(["models", "verify", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False
    known = manager(tmp_path / "known", server.address)
    monkeypatch.setattr("ditar_studio.cli.models.Models", lambda folder: known)
    assert main(["models", "download", "tiny"]) == 0
    assert main(["models", "verify", "tiny"]) == 0
    assert main(["models", "list"]) == 0
    received = capsys.readouterr()
    assert "verified" not in received.out + received.err


def test_a_model_moves_and_stays_usable(server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path / "here", server.address)
    models.download("tiny")
    moved = models.move("tiny", tmp_path / "there")
    assert moved.path == tmp_path / "there" / "tiny"
    assert not (tmp_path / "here" / "tiny").exists()
    assert models.verify("tiny") == []


@pytest.mark.parametrize("inside", [".", "deeper"])
def test_a_model_is_not_moved_into_itself(tmp_path: Path, inside: str) -> None:
    own = folders.make_folder(tmp_path / "own", "2")
    models = Models(tmp_path / "models")
    models.add(own)
    with pytest.raises(StudioError, match="into itself"):
        models.move("own", own / inside)
    assert models.verify("own") == []


def test_a_model_that_cannot_be_copied_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folders.make_folder(tmp_path / "own", "2")
    models = Models(tmp_path / "models")
    models.add(own)
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="can't be made"):
        models.move("own", tmp_path / "file" / "there")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module.shutil, "copytree", fail)
    with pytest.raises(StudioError, match="incomplete"):
        models.move("own", tmp_path / "there")
    assert models.verify("own") == []


def test_a_folder_is_added_once_and_under_a_plain_name(tmp_path: Path) -> None:
    own = folders.make_folder(tmp_path / "own", "2")
    models = Models(tmp_path / "models")
    for name in ("../own", "a/b", "..", " "):
        with pytest.raises(StudioError, match="name"):
            models.add(own, name)
    models.add(own, "ours")
    with pytest.raises(StudioError, match="ours"):
        models.add(own, "again")


def test_a_folder_at_hand_is_used_and_forgotten_not_deleted(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "config.json").write_bytes(CONFIG)
    models = Models(tmp_path / "models")
    assert models.add(own).linked
    with pytest.raises(StudioError, match="already"):
        models.add(own)
    models.remove("mine")
    assert models.installed() == []
    assert (own / "config.json").is_file()
    with pytest.raises(StudioError, match=r"config\.json"):
        models.add(tmp_path)


def test_only_models_are_removed(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for name in ("..", ".", "", "none", str(tmp_path)):
        with pytest.raises(StudioError):
            Models(tmp_path / "models").remove(name)
    assert tmp_path.is_dir()


def test_the_command_line_lists_adds_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "config.json").write_bytes(CONFIG)
    place = ["--folder", str(tmp_path / "models")]
    assert main(["models", "list", *place]) == 0
    assert "voxcpm-2" in capsys.readouterr().out
    assert main(["models", "add", str(own), *place]) == 0
    assert main(["models", "verify", "mine", *place]) == 1
    assert main(["models", "remove", "mine", *place]) == 0
    assert main(["models", "remove", "mine", *place]) == 1


def test_a_folder_of_one_s_own_is_verified_by_what_a_model_must_hold(tmp_path: Path) -> None:
    models = Models(tmp_path / "models")
    own = folders.make_folder(tmp_path / "own", "2")
    models.add(own)
    assert models.verify("own") == []
    (own / "audiovae.pth").write_bytes(b"x")
    assert "audiovae.pth" in models.verify("own")[0]


def test_broken_off_downloads_are_known(tmp_path: Path) -> None:
    models = Models(tmp_path / "models")
    assert models.begun() == {}
    part = tmp_path / "models" / "voxcpm-2" / "model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"12345")
    assert models.begun() == {"voxcpm-2": 5}
    assert models.installed() == []
