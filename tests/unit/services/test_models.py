"""Whatever a server does, a download ends in checked files or in something that can be resumed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import voxcpm_folders as folders

from ditar_studio.cli.main import main
from ditar_studio.engine import integrity
from ditar_studio.errors import StudioError
from ditar_studio.services import download
from ditar_studio.services import models as module
from ditar_studio.services.download import Progress
from ditar_studio.services.models import Models
from ditar_studio.services.offers import OFFERS, Offer, RemoteFile, hosts_of

CONTENT = bytes(range(256)) * 3000
CONFIG = b'{"architecture": "voxcpm"}'
REVISION = "0123456789abcdef0123456789abcdef01234567"
SUM = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2


class Fault(NamedTuple):
    """How a server answers one request for the weights."""

    status: int | None = None
    send: Callable[[bytes], bytes] = bytes
    length: int | None = None
    range: str | None = None
    ignore_range: bool = False
    drop: bool = False
    headers: bool = True


def _cut(at: int) -> Fault:
    return Fault(send=lambda body: body[:at], length=-1)


FAULTS: dict[str, list[Fault]] = {
    "cut before a byte": [_cut(0)],
    "cut after a byte": [_cut(1)],
    "cut after 1000 bytes": [_cut(1000)],
    "cut in the middle": [_cut(HALF)],
    "cut before the last byte": [_cut(len(CONTENT) - 1)],
    "cut again and again": [_cut(100_000)] * 7,
    "cut twenty times": [_cut(20_000)] * 20,
    "cut, then cut at once": [_cut(HALF), _cut(0), _cut(0)],
    "no answer": [Fault(drop=True)],
    "no answer three times": [Fault(drop=True)] * 3,
    "no answer in the middle": [_cut(HALF), Fault(drop=True)],
    "nonsense for headers": [Fault(headers=False)],
    "error 500": [Fault(status=500)],
    "error 503 after a cut": [_cut(HALF), Fault(status=503)],
    "error 429": [Fault(status=429)] * 2,
    "error 404 at one mirror": [Fault(status=404)],
    "error 416 after a cut": [_cut(HALF), Fault(status=416)],
    "no content": [Fault(status=204, send=lambda _: b"")],
    "the range ignored": [_cut(HALF), Fault(ignore_range=True)],
    "the range ignored and cut": [_cut(HALF), Fault(ignore_range=True, send=lambda b: b[:10])],
    "another range": [_cut(HALF), Fault(range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")],
    "a range of another file": [_cut(HALF), Fault(range=f"bytes {HALF}-9999999/10000000")],
    "a range without sense": [_cut(HALF), Fault(range="bytes x-y/z")],
    "a range in another unit": [_cut(HALF), Fault(range="lines 1-2/3")],
    "no range in a partial answer": [_cut(HALF), Fault(range="")],
    "corrupt bytes": [Fault(send=lambda body: bytes(len(body)))],
    "one corrupt byte": [Fault(send=lambda body: b"x" + body[1:])],
    "corrupt bytes after a cut": [_cut(HALF), Fault(send=lambda body: bytes(len(body)))],
    "corrupt bytes before a cut": [Fault(send=lambda b: b"x" + b[1:HALF], length=-1)],
    "a shorter file": [Fault(send=lambda body: body[:HALF])],
    "a longer file": [Fault(send=lambda body: body + b"more")],
    "a web page": [Fault(send=lambda _: b"<html>log in</html>")],
    "an empty file": [Fault(send=lambda _: b"")],
    "one thing after another": [
        _cut(500_000),
        Fault(status=502),
        Fault(range="bytes 7-8/9"),
        Fault(drop=True),
        Fault(send=lambda body: bytes(len(body))),
        _cut(3),
    ],
}


class Server(ThreadingHTTPServer):
    """Serves a config and weights, and misbehaves as it is told."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[Fault] = []
        self.ranges: list[str | None] = []
        self.asked: list[str] = []
        self.listing: object = None
        self.sent = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no error."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/api/"):
            content = json.dumps(self.server.listing).encode()
            self._answer(content, Fault(status=200 if self.server.listing else 404))
            return
        if self.path.endswith("config.json"):
            self._answer(CONFIG, Fault())
            return
        self.server.ranges.append(self.headers.get("Range"))
        fault = self.server.faults.pop(0) if self.server.faults else Fault()
        self._answer(CONTENT, fault)

    def _answer(self, content: bytes, fault: Fault) -> None:
        if fault.drop:
            return
        if not fault.headers:
            self.wfile.write(b"\x00\x01 what?\r\n\r\n")
            return
        asked = self.headers.get("Range")
        start = 0
        if asked and not fault.ignore_range:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        whole = content[start:]
        body = fault.send(whole)
        self.send_response(fault.status or (206 if start else 200))
        if start:
            given = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", given if fault.range is None else fault.range)
        self.send_header("Content-Length", str(len(whole if fault.length else body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.sent += len(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def manager(folder: Path, *addresses: str, digest: bool = True) -> Models:
    config = RemoteFile("config.json", len(CONFIG), hashlib.sha256(CONFIG).hexdigest())
    weights = RemoteFile("model.safetensors", len(CONTENT), SUM)
    if not digest:
        config, weights = RemoteFile("config.json"), RemoteFile("model.safetensors")
    offer = Offer("tiny", "Tiny", "owner/tiny", REVISION, (config, weights), len(CONTENT))
    return Models(folder, [offer], lambda _: addresses, timeout=5.0, pause=0.0)


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
    server.faults = [_cut(HALF)]
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
    server.faults = [_cut(HALF)]
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


def test_a_full_disk_is_told_before(
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


def test_what_is_not_known_is_not_verified(server: Server, tmp_path: Path) -> None:
    models = manager(tmp_path, server.address, digest=False)
    assert not models.download("tiny").verified
    assert models.verify("tiny") == []
    assert manager(tmp_path / "other", server.address).download("tiny").verified
    path = tmp_path / "tiny" / "model.safetensors"
    path.write_bytes(b"x" + CONTENT[1:])
    assert models.verify("tiny") == ["model.safetensors is damaged"]


LISTED = {"rfilename": "model.safetensors", "size": len(CONTENT), "lfs": {"sha256": SUM}}


def test_the_server_s_own_listing_stands_in_for_what_is_not_known(
    server: Server, tmp_path: Path
) -> None:
    server.listing = {"siblings": [LISTED, {"rfilename": "config.json", "size": len(CONFIG)}]}
    server.faults = [Fault(send=lambda body: b"x" + body[1:]), _cut(HALF)]
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
