"""Whatever a server does, a download ends in checked files or in something that can be resumed."""

from __future__ import annotations

import contextlib
import errno
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import (
    CONFIG,
    CONTENT,
    FAULTS,
    HALF,
    REVISION,
    SUM,
    Fault,
    Handler,
    Server,
    cut,
    manager,
    serving,
)

from ditar_studio.engine import integrity
from ditar_studio.errors import StudioError
from ditar_studio.services import download
from ditar_studio.services import models as module
from ditar_studio.services.download import Progress


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def test_there_are_thirty_faults() -> None:
    assert len(FAULTS) >= 30


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_in_checked_files(name: str, server: Server, tmp_path: Path) -> None:
    server.faults = list(FAULTS[name])
    models = manager(tmp_path, server.address)
    with contextlib.suppress(StudioError):
        models.download("tiny")
    if not models.installed():
        server.faults = []
        models.download("tiny")
    model = models.find("tiny")
    assert (model.path / "model.safetensors").read_bytes() == CONTENT
    assert not list(model.path.glob("*.part"))
    assert models.verify("tiny") == []


def test_what_has_come_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.faults = [cut(HALF)]
    manager(tmp_path, server.address).download("tiny")
    assert server.ranges[0] is None
    assert str(server.ranges[1]).startswith("bytes=")
    assert server.sent <= len(CONTENT) + len(CONFIG)


def test_a_mirror_stands_in(server: Server, tmp_path: Path) -> None:
    manager(tmp_path, "http://127.0.0.1:9", server.address).download("tiny")
    assert manager(tmp_path).verify("tiny") == []


def test_a_server_that_always_lies_is_given_up(server: Server, tmp_path: Path) -> None:
    server.faults = [Fault(status=403)] * 50
    models = manager(tmp_path, server.address)
    with pytest.raises(StudioError, match="403"):
        models.download("tiny")
    assert models.installed() == []


NO_NETWORK = (
    socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    OSError(errno.ENETUNREACH, "Network is unreachable"),
)


@pytest.mark.parametrize("reason", NO_NETWORK)
def test_without_a_network_each_mirror_is_asked_only_once(
    reason: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fail(request: urllib.request.Request, timeout: float) -> None:
        asked.append(request.host)
        raise urllib.error.URLError(reason)

    monkeypatch.setattr(download.urllib.request, "urlopen", fail)
    with pytest.raises(StudioError, match="no connection") as received:
        manager(tmp_path, "http://one.invalid", "http://two.invalid").download("tiny")
    assert asked == ["one.invalid", "two.invalid"]
    assert "add it" in received.value.remedy


@pytest.mark.parametrize("reason", NO_NETWORK)
def test_a_network_that_goes_away_in_the_middle_is_waited_for(
    reason: OSError, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach, failures = urllib.request.urlopen, [reason] * 4

    def connect(request: urllib.request.Request, timeout: float) -> Any:
        if server.sent > HALF // 2 and failures:
            raise urllib.error.URLError(failures.pop())
        return reach(request, timeout=timeout)

    monkeypatch.setattr(download.urllib.request, "urlopen", connect)
    server.faults = [cut(HALF)]
    models = manager(tmp_path, server.address)
    models.download("tiny")
    assert failures == []
    assert models.verify("tiny") == []


def test_cancelling_keeps_what_has_come(server: Server, tmp_path: Path) -> None:
    models, cancel = manager(tmp_path, server.address), threading.Event()
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.file == "model.safetensors":
            cancel.set()

    with pytest.raises(StudioError, match="stopped"):
        models.download("tiny", stop, cancel)
    assert models.installed() == []
    kept = (tmp_path / "tiny" / "model.safetensors.part").stat().st_size
    assert 0 < kept < len(CONTENT)
    models.download("tiny")
    assert server.ranges[-1] == f"bytes={kept}-"
    assert models.verify("tiny") == []


def test_a_full_disk_is_reported_before(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))(10**9, 10**9, 1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StudioError, match="GB free"):
        manager(tmp_path, server.address).download("tiny")
    assert server.ranges == []


def test_a_disk_that_fills_up_leaves_something_to_resume(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    models = manager(tmp_path, server.address)
    with monkeypatch.context() as patch:
        patch.setattr(download.Download, "_try", fail)
        with pytest.raises(StudioError, match="full"):
            models.download("tiny")
    models.download("tiny")
    assert models.verify("tiny") == []


def test_two_downloads_into_one_folder_do_not_mix(server: Server, tmp_path: Path) -> None:
    models, other = (manager(tmp_path, server.address) for _ in range(2))
    refused: list[str] = []

    def meanwhile(progress: Progress) -> None:
        if not refused:
            with pytest.raises(StudioError, match="Another program") as received:
                other.download("tiny")
            refused.append(received.value.message)

    models.download("tiny", meanwhile)
    assert refused
    assert other.verify("tiny") == []


def test_damage_is_found(server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path, server.address)
    path = models.download("tiny").path / "model.safetensors"
    path.write_bytes(b"x" + CONTENT[1:])
    assert models.verify("tiny") == ["model.safetensors is damaged"]
    path.write_bytes(b"x")
    assert "1 bytes" in models.verify("tiny")[0]


def test_a_pinned_revision_is_asked_for(server: Server, tmp_path: Path) -> None:
    manager(tmp_path, server.address).download("tiny")
    assert server.asked == [
        f"/owner/tiny/resolve/{REVISION}/{name}" for name in ("config.json", "model.safetensors")
    ]
    manifest = integrity.read_manifest(tmp_path / "tiny")
    assert (manifest.source, manifest.revision) == ("owner/tiny", REVISION)
    assert manifest.files["model.safetensors"] == integrity.FileSum(len(CONTENT), SUM, True)


def test_no_token_is_sent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.setenv(name, "hf_secret")
    seen: list[str] = []
    answer = Handler.do_GET

    def look(self: Handler) -> None:
        seen.append(str(self.headers) + self.path)
        answer(self)

    monkeypatch.setattr(Handler, "do_GET", look)
    manager(tmp_path, server.address, digest=False).download("tiny")
    assert seen
    assert not [words for words in seen if "secret" in words or "authorization" in words.lower()]


LISTED = {"rfilename": "model.safetensors", "size": len(CONTENT), "lfs": {"sha256": SUM}}


def test_the_server_s_own_listing_stands_in_for_what_is_not_known(
    server: Server, tmp_path: Path
) -> None:
    server.listing = {"siblings": [LISTED, {"rfilename": "config.json", "size": len(CONFIG)}]}
    server.faults = [Fault(send=lambda body: b"x" + body[1:]), cut(HALF)]
    models = manager(tmp_path, server.address, digest=False)
    assert not models.download("tiny").verified
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == CONTENT
    assert f"/api/models/owner/tiny/revision/{REVISION}?blobs=true" in server.asked


@pytest.mark.parametrize(
    "listing", [3, [], {"siblings": 3}, {"siblings": [3]}, {"siblings": [{"rfilename": 3}]}]
)
def test_a_listing_without_sense_is_passed_over(
    listing: object, server: Server, tmp_path: Path
) -> None:
    server.listing = listing
    manager(tmp_path, server.address, digest=False).download("tiny")
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == CONTENT


def test_cancelling_at_an_unknown_size_is_no_completion(server: Server, tmp_path: Path) -> None:
    models, cancel = manager(tmp_path, server.address, digest=False), threading.Event()
    with pytest.raises(StudioError, match="stopped"):
        models.download("tiny", lambda _: cancel.set(), cancel)
    assert models.installed() == []
    models.download("tiny")
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == CONTENT


@pytest.mark.parametrize("digest", [True, False])
def test_a_damaged_file_is_fetched_again(digest: bool, server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path, server.address, digest=digest)
    path = models.download("tiny").path / "model.safetensors"
    server.asked.clear()
    models.download("tiny")
    assert server.asked == []
    path.write_bytes(b"x" + CONTENT[1:])
    models.download("tiny")
    assert path.read_bytes() == CONTENT


def test_a_download_is_not_read_again_to_be_loaded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = manager(tmp_path / "here", server.address)
    models.download("tiny")

    def fail(path: Path) -> str:
        raise AssertionError(f"{path} is read")

    with monkeypatch.context() as patch:
        patch.setattr(integrity, "sha256", fail)
        integrity.check(models.find("tiny").path)
    models.move("tiny", tmp_path / "there")
    with monkeypatch.context() as patch:
        patch.setattr(integrity, "sha256", fail)
        integrity.check(models.find("tiny").path)
