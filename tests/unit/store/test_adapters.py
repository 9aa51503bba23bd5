"""What voices were fine-tuned to: kept, taken back, carried from library to library, purged."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapter_files import write_adapter
from library_fixtures import Clock

from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.voice import NewSample, Voice


@pytest.fixture
def voice(library: Library, wav: Path) -> Voice:
    return library.voices.create("Anna", [NewSample(wav, "One.")]).value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "tuned.safetensors")


def stored(library: Library) -> set[str]:
    return {path.name for path in (library.root / "voices").glob("*.safetensors")}


def test_a_voice_keeps_what_it_was_fine_tuned_to_and_is_another_for_its_takes(
    library: Library, voice: Voice, file: Path
) -> None:
    outcome = library.voices.fine_tune(voice.id, file)
    tuned = library.voices.get(voice.id)
    assert outcome.value == tuned
    assert outcome.changes.voices == {voice.id}
    assert tuned.adapter is not None
    assert tuned.adapter.path.read_bytes() == file.read_bytes()
    assert tuned.adapter.model_hash == "m"
    assert tuned.adapter.card["highest"] == 0.75
    assert tuned.hash != voice.hash
    project = library.projects.create("Play").value
    line = library.lines.add(project.id, [NewLine("Hello.", voice_id=voice.id)]).value[0]
    library.voices.make_instant(voice.id)
    assert library.lines.get(line.id).fingerprint != line.fingerprint


def test_undo_gives_the_instant_voice_back_and_redo_the_tuned_one(
    library: Library, voice: Voice, file: Path
) -> None:
    tuned = library.voices.fine_tune(voice.id, file).value
    library.undo()
    assert library.voices.get(voice.id).adapter is None
    library.redo()
    assert library.voices.get(voice.id) == tuned
    library.voices.make_instant(voice.id)
    assert library.voices.get(voice.id).adapter is None
    library.undo()
    assert library.voices.get(voice.id) == tuned


def test_tuning_again_takes_the_place_of_the_first_and_undo_gives_that_back(
    library: Library, voice: Voice, file: Path, tmp_path: Path
) -> None:
    first = library.voices.fine_tune(voice.id, file).value
    again = write_adapter(tmp_path / "again.safetensors", 2.0)
    second = library.voices.fine_tune(voice.id, again).value
    assert second.adapter is not None
    assert first.adapter is not None
    assert second.adapter.sha256 != first.adapter.sha256
    library.undo()
    assert library.voices.get(voice.id) == first


def test_what_is_no_fine_tuned_voice_is_refused_and_nothing_is_left(
    library: Library, voice: Voice, wav: Path, tmp_path: Path
) -> None:
    foreign = write_adapter(tmp_path / "foreign.safetensors")
    foreign.write_bytes(foreign.read_bytes().replace(b"ditar-studio-voice", b"ditar-studio-noise"))
    large = write_adapter(tmp_path / "large.safetensors")
    with large.open("ab") as end:
        end.write(bytes(6_000_000))
    for path in (wav, foreign, large, tmp_path / "missing.safetensors"):
        with pytest.raises(StudioError):
            library.voices.fine_tune(voice.id, path)
    assert library.voices.get(voice.id) == voice
    assert not stored(library)


def test_a_duplicate_and_a_voice_file_carry_it_along(
    library: Library, voice: Voice, file: Path, tmp_path: Path
) -> None:
    library.voices.fine_tune(voice.id, file)
    copy = library.voices.duplicate(voice.id).value
    assert copy.adapter is not None
    bundle = tmp_path / "anna.ditarvoice"
    library.voices.export_bundle(voice.id, bundle)
    with Library(tmp_path / "other") as other:
        imported = other.voices.import_bundle(bundle).value
        assert imported.adapter is not None
        assert imported.adapter.path.read_bytes() == file.read_bytes()
        assert imported.hash == copy.hash


def test_an_earlier_tuning_and_that_of_a_deleted_voice_are_purged_with_their_files(
    library: Library, voice: Voice, file: Path, tmp_path: Path, clock: Clock
) -> None:
    library.voices.fine_tune(voice.id, file)
    kept = library.voices.fine_tune(voice.id, write_adapter(tmp_path / "b.safetensors", 2.0)).value
    clock.now += 40 * 86400
    library.bin.purge()
    assert kept.adapter is not None
    assert stored(library) == {kept.adapter.path.name}
    library.voices.delete(voice.id)
    clock.now += 40 * 86400
    library.bin.purge()
    assert not stored(library)
