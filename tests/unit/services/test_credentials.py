"""Content Credentials: in the formats that carry them, whole, and beside the other marks."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from fake_model import speech_like
from speech import recording

from ditar_studio.errors import StudioError
from ditar_studio.services import credentials
from ditar_studio.services.metadata import open_recipe
from ditar_studio.services.provenance import examine
from ditar_studio.services.sound_file import write_sound
from ditar_studio.store.recipe import Recipe

RECIPE = Recipe("fake", "m", None, "Anna", "", "One.", {"seed": 1})


def test_without_the_extra_files_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.audio.extras.find_spec", lambda name: None)
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    credentials.sign(path, "WAV")
    assert path.read_bytes() == b"RIFF"
    assert credentials.named_program(path) is None


def test_an_extra_that_does_not_work_is_reported_and_the_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("c2pa", "cryptography"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('no library')")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    for use in (lambda: credentials.sign(path, "WAV"), lambda: credentials.named_program(path)):
        with pytest.raises(StudioError, match="don't work here: no library") as reported:
            use()
        assert "or remove it" in reported.value.remedy
    assert path.read_bytes() == b"RIFF"


class TestWithTheExtra:
    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("c2pa", reason="the extra “credentials” is not installed")

    @pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
    def test_files_say_it_and_keep_what_they_had(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"said{suffix}"
        write_sound(path, recording(), [RECIPE])
        found = examine(path)
        assert found.credentials == "DiTAR Studio"
        assert (found.watermark.found, found.statement, found.recipes) == (True, True, 1)
        assert open_recipe(path) == [RECIPE]

    def test_opus_cannot_carry_them(self, tmp_path: Path) -> None:
        write_sound(tmp_path / "said.opus", speech_like(3.0), [RECIPE])
        assert examine(tmp_path / "said.opus").credentials is None

    def test_what_was_changed_is_not_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "said.wav"
        write_sound(path, speech_like(3.0), [RECIPE])
        data = bytearray(path.read_bytes())
        data[50_000] ^= 1
        path.write_bytes(data)
        assert credentials.named_program(path) is None

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
    def test_the_key_is_made_once_and_kept_private(self, tmp_path: Path, own_home: Path) -> None:
        for name in ("a.wav", "b.wav"):
            write_sound(tmp_path / name, speech_like(1.0), [RECIPE])
        (key,) = own_home.rglob("credentials.pem")
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        before = key.read_bytes()
        write_sound(tmp_path / "c.wav", speech_like(1.0), [RECIPE])
        assert key.read_bytes() == before

    def test_ones_own_certificate_is_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = tmp_path / "mine.pem"
        monkeypatch.setenv(credentials.CERTIFICATE_VARIABLE, str(mine))
        with pytest.raises(StudioError, match="can't be read"):
            write_sound(tmp_path / "a.wav", speech_like(1.0), [RECIPE])
        mine.write_text("nothing")
        with pytest.raises(StudioError, match="does not hold a private key"):
            write_sound(tmp_path / "a.wav", speech_like(1.0), [RECIPE])
        assert not (tmp_path / "a.wav").exists()
