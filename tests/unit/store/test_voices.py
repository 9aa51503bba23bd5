"""Voices: saved, found, edited, deleted and had back, carried from library to library."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from library_fixtures import write_tone

from ditar_studio.errors import StudioError
from ditar_studio.sample_voices import SampleVoice
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.voices import NewSample


def test_a_voice_keeps_everything_that_was_said_of_it(library: Library, wav: Path) -> None:
    saved = library.voices.create(
        " Anna ",
        [NewSample(wav, "One two three.", {"snr": 40})],
        consent="I am Anna.",
        tags=["warm", "warm", " "],
        note="From the attic",
    )
    assert saved.changes.voices == {saved.value.id}
    voice = library.voices.get(saved.value.id)
    assert voice == saved.value
    assert (voice.name, voice.tags, voice.consent) == ("Anna", ("warm",), "I am Anna.")
    assert voice.reference is not None
    assert voice.reference.path.read_bytes() == wav.read_bytes()
    assert voice.reference.seconds == pytest.approx(1.0)
    assert voice.reference.verdict == {"snr": 40}


def test_names_stay_unique(library: Library, wav: Path) -> None:
    first = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    assert library.voices.create("ANNA").value.name == "ANNA 2"
    assert library.voices.duplicate(first.id).value.name == "Anna 3"
    assert library.voices.rename(first.id, "Anna").value.name == "Anna"
    with pytest.raises(StudioError):
        library.voices.rename(first.id, "  ")


def test_search_looks_into_name_tags_note_and_transcripts(library: Library, wav: Path) -> None:
    library.voices.create("Anna", [NewSample(wav, "The quick fox")], tags=["warm"])
    library.voices.create("Bert", note="quick and dry", tags=["cold"])
    names = [voice.name for voice in library.voices.all("QUICK")]
    assert names == ["Anna", "Bert"]
    assert [voice.name for voice in library.voices.all("quick warm")] == ["Anna"]
    assert [voice.name for voice in library.voices.all(tag="cold")] == ["Bert"]
    assert library.voices.tags() == ["cold", "warm"]
    found = library.voices.find("anna")
    assert found is not None
    assert found.name == "Anna"


def test_the_chosen_sample_is_the_reference_and_changes_the_hash(
    library: Library, wav: Path, tmp_path: Path
) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    alone = voice.hash
    other = write_tone(tmp_path / "other.wav", 2.0)
    voice = library.voices.add_sample(voice.id, NewSample(other, "Two.")).value
    before = voice.hash
    assert before != alone
    voice = library.voices.use_as_reference(voice.samples[1].id).value
    assert voice.reference is not None
    assert voice.reference.transcript == "Two."
    assert voice.hash != before
    corrected = library.voices.edit_sample(voice.samples[0].id, transcript="Two!").value
    assert corrected.hash != voice.hash
    voice = library.voices.delete_sample(voice.samples[0].id).value
    assert voice.hash == alone
    library.undo()
    assert library.voices.get(voice.id) == corrected


def test_deleting_a_voice_is_undone_with_its_samples(library: Library, wav: Path) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    library.voices.delete(voice.id)
    assert library.voices.all() == []
    with pytest.raises(StudioError):
        library.voices.get(voice.id)
    changes = library.undo()
    assert changes.voices == {voice.id}
    assert changes.redo == "Delete voice"
    assert library.voices.get(voice.id) == voice


def test_a_voice_travels_as_one_file(library: Library, wav: Path, tmp_path: Path) -> None:
    voice = library.voices.create(
        "Anna", [NewSample(wav, "One.", {"snr": 40})], consent="Yes", tags=["warm"], note="n"
    ).value
    path = tmp_path / "anna.ditarvoice"
    library.voices.export_bundle(voice.id, path)
    with Library(tmp_path / "elsewhere") as other:
        arrived = other.voices.import_bundle(path).value
        assert arrived.samples[0].path.read_bytes() == wav.read_bytes()
        kept = [(v.name, v.tags, v.note, v.consent, v.hash) for v in (voice, arrived)]
    assert kept[0] == kept[1]


def _rewrite(path: Path, manifest: dict[str, object], samples: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, data in samples.items():
            archive.writestr(name, data)


def test_a_damaged_or_foreign_voice_file_is_refused(
    library: Library, wav: Path, tmp_path: Path
) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    path = tmp_path / "anna.ditarvoice"
    library.voices.export_bundle(voice.id, path)
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        audio = archive.read("01.wav")
    bad: list[tuple[dict[str, object], dict[str, bytes]]] = [
        (manifest, {"01.wav": audio[:-2] + b"xx"}),
        (manifest, {}),
        ({**manifest, "format": 99}, {"01.wav": audio}),
        ({"format": 1}, {}),
    ]
    for changed, samples in bad:
        _rewrite(path, changed, samples)
        with pytest.raises(StudioError):
            library.voices.import_bundle(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(StudioError):
        library.voices.import_bundle(path)
    assert len(library.voices.all()) == 1


def test_sample_voices_are_added_once_and_stay_deleted(library: Library, wav: Path) -> None:
    shipped = [SampleVoice("Linda", wav, "One.", "en", "CC0-1.0", "Linda herself")]
    (linda,) = library.voices.install_samples(shipped, "Beispiel")
    assert linda.tags == ("Beispiel",)
    assert linda.built_in
    assert linda.consent == "CC0-1.0: Linda herself"
    assert library.voices.install_samples(shipped) == []
    library.voices.delete(linda.id)
    assert library.voices.install_samples(shipped) == []
    library.bin.purge(older_than_days=0)
    assert library.voices.install_samples(shipped) == []
    assert library.voices.all() == []


def test_a_missing_file_is_reported_and_leaves_nothing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(StudioError):
        library.voices.create("Anna", [NewSample(tmp_path / "none.wav", "One.")])
    assert library.voices.all() == []
    assert library.undo().undo == ""


def test_marks_follow_the_name_of_their_voice(library: Library, wav: Path) -> None:
    anna = library.voices.create("Anna", [NewSample(wav, "Hi.")]).value
    project = library.projects.create().value
    said = "[voice anna]One[/voice] [voice Ben]two[/voice] and Anna."
    (line,) = library.lines.add(project.id, [NewLine(said)]).value
    library.voices.rename(anna.id, "Bea")
    assert library.lines.get(line.id).text == said.replace("[voice anna]", "[voice Bea]")
    library.voices.rename(anna.id, "BEA")
    assert "[voice Bea]" in library.lines.get(line.id).text
    library.undo()
    library.undo()
    assert library.lines.get(line.id).text == said
    assert library.voices.get(anna.id).name == "Anna"
