"""Models of a hub by name: looked up once, pinned, without anything that could execute."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from ditar_studio.assets import asset
from ditar_studio.cli import main
from ditar_studio.errors import StudioError
from ditar_studio.sample_voices import sample_voices
from ditar_studio.services import hub
from ditar_studio.services.hub_voices import voice_file
from ditar_studio.services.models import Models
from ditar_studio.services.publishing import publish
from ditar_studio.store import bundle
from ditar_studio.store.library import Library

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "model.safetensors": b"weights" * 100,
    "model.json": b"{}",
    "run_me.py": b"raise SystemExit",
    "README.md": b"# A voice",
}


class Hub(ThreadingHTTPServer):
    """A hub with one repository, me/voice."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = dict(FILES)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *args: object) -> None:
        """Nothing, where a log would be."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, files = self.path, self.server.files
        if path == "/api/models/me/voice/revision/main":
            body = json.dumps({"sha": REVISION, "cardData": {"license": "cc-by-4.0"}}).encode()
        elif path == f"/api/models/me/voice/tree/{REVISION}":
            rows = [{"type": "file", "path": n, "size": len(d)} for n, d in files.items()]
            body = json.dumps([*rows, {"type": "directory", "path": "more", "size": 0}]).encode()
        elif path.startswith(f"/me/voice/resolve/{REVISION}/"):
            body = files[unquote(path.rpartition("/")[2])]
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{made.server_address[1]}")
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_a_model_is_downloaded_by_name_without_what_could_execute(
    server: Hub, tmp_path: Path
) -> None:
    models = Models(tmp_path, timeout=5, pause=0.01)
    made = models.download("hf://me/voice")
    assert (made.name, made.verified) == ("me--voice", False)
    names = {path.name for path in made.path.iterdir() if path.name != ".lock"}
    assert names == {"model.safetensors", "model.json", "manifest.json"}
    assert (made.path / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert models.verify("me--voice") == []
    asked = [path for path in server.asked if path.endswith("/revision/main")]
    assert len(asked) == 1


def test_an_offer_is_pinned_and_tells_its_licence(server: Hub) -> None:
    offer = hub.offer_of("hf://me/voice")
    assert (offer.revision, offer.licence, offer.repository) == (REVISION, "cc-by-4.0", "me/voice")
    assert offer.about_bytes == len(FILES["model.safetensors"]) + 2


def test_the_weights_of_voxcpm_are_taken_as_safetensors(server: Hub) -> None:
    names = ("config.json", "tokenizer.json", "audiovae.pth", "pytorch_model.bin")
    server.files = {**dict.fromkeys(names, b"x"), "model.safetensors": b"y"}
    files = {file.name for file in hub.offer_of("hf://me/voice").files}
    assert files == {"config.json", "tokenizer.json", "audiovae.pth", "model.safetensors"}


@pytest.mark.parametrize("address", ["hf://me", "hf://me/voice/more", "hf://../voice", "hf://"])
def test_what_is_no_address_is_refused(address: str, server: Hub) -> None:
    with pytest.raises(StudioError, match="is not the address"):
        hub.offer_of(address)
    assert server.asked == []


def test_what_a_hub_lacks_is_reported(server: Hub) -> None:
    with pytest.raises(StudioError, match="no such model"):
        hub.offer_of("hf://me/other")
    server.files = {"README.md": b""}
    with pytest.raises(StudioError, match="no model that can be used"):
        hub.offer_of("hf://me/voice")


def test_a_hub_that_cannot_be_reached_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StudioError, match="can't be reached"):
        hub.offer_of("hf://me/voice")


def test_the_built_in_model_is_published_as_a_hub_expects(tmp_path: Path) -> None:
    made = publish(asset("models", "builtin"), tmp_path / "out")
    card = (made / "README.md").read_text("utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "pipeline_tag: text-to-speech" in card
    assert card.count("# Model card") == 1
    assert "hf://OWNER/NAME" in card
    weights = (made / "model.safetensors").read_bytes()
    source = asset("models", "builtin", "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).digest() == hashlib.sha256(source).digest()
    assert "Apache License" in (made / "LICENSE").read_text("utf-8")
    assert "safetensors filter=lfs" in (made / ".gitattributes").read_text("utf-8")
    with pytest.raises(StudioError, match="is there already"):
        publish(asset("models", "builtin"), tmp_path / "out")
    with pytest.raises(StudioError, match="holds no DiTAR"):
        publish(tmp_path, tmp_path / "other")


@pytest.fixture
def voice(tmp_path: Path) -> bytes:
    """A voice's file."""
    with Library(tmp_path / "theirs") as library:
        library.voices.install_samples(sample_voices())
        emma = library.voices.find("Emma")
        assert emma is not None
        library.voices.export_bundle(emma.id, tmp_path / "emma.ditarvoice")
    return (tmp_path / "emma.ditarvoice").read_bytes()


def test_a_voice_is_imported_by_name(
    server: Hub, voice: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files["emma.ditarvoice"] = voice
    assert main(["voices", "import", "hf://me/voice", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "Emma"
    fetched = [path.rpartition("/")[2] for path in server.asked if "/resolve/" in path]
    assert fetched == ["emma.ditarvoice"]
    with Library() as library:
        assert library.voices.find("Emma") is not None


def test_of_several_voices_one_is_named(server: Hub, voice: bytes) -> None:
    server.files |= {"a.ditarvoice": voice, "b c.ditarvoice": b"other"}
    with pytest.raises(
        StudioError, match=r"several voices: a\.ditarvoice, b c\.ditarvoice"
    ) as reported:
        hub.voice_of("hf://me/voice")
    assert reported.value.remedy == "Name one: hf://me/voice/a.ditarvoice"
    with voice_file("hf://me/voice/b c.ditarvoice", timeout=5, pause=0.01) as path:
        assert path.read_bytes() == b"other"
    assert not path.exists()


def test_what_is_no_voice_is_refused_before_it_is_fetched(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StudioError, match="no such voice"):
        hub.voice_of("hf://me/voice")
    server.files["big.ditarvoice"] = b"123"
    monkeypatch.setattr(bundle, "LARGEST", 2)
    with pytest.raises(StudioError, match="too large"):
        hub.voice_of("hf://me/voice")
    for address in ("hf://me/voice/../x.ditarvoice", "hf://me/voice/a/b.ditarvoice"):
        with pytest.raises(StudioError, match="not the address"):
            hub.voice_of(address)
    assert not any("/resolve/" in path for path in server.asked)


def test_a_path_stays_a_path() -> None:
    with voice_file("me.ditarvoice") as path:
        assert path == Path("me.ditarvoice")
