"""Mixed voices: saved with a sample of their own, marked as made wherever they go."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_model import FakeModel, speech_like
from library_fixtures import write_tone

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine.mixing import MixedVoice
from ditar_studio.errors import StudioError
from ditar_studio.services import mixing
from ditar_studio.services.mixing import Ingredient, mix_clip, mix_voice, shares
from ditar_studio.services.render import RenderRequest, render
from ditar_studio.store.library import Library
from ditar_studio.store.migrations import MIGRATIONS, migrate
from ditar_studio.store.project import NewLine
from ditar_studio.store.voice import NewSample, Voice


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def pair(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Ingredient]:
    """Emma, three parts, and Ben, one; mixing gives a clip of its own at once."""

    def mixed(_model, parts, _cancel, _voices, *, whole):  # type: ignore[no-untyped-def]
        assert [share for _, share in parts] == [3.0, 1.0]
        return MixedVoice(speech_like(4.0 if whole else 2.0), "Mixed words.")

    monkeypatch.setattr(mixing, "mix", mixed)
    clip = speech_like()
    with StreamingWavWriter(tmp_path / "a.wav", clip.sample_rate) as writer:
        writer.append(clip.samples)
    sample = NewSample(tmp_path / "a.wav", "Words.")
    made = [
        library.voices.create(name, [sample], consent=f"{name} agreed").value
        for name in ("Emma", "Ben")
    ]
    return [Ingredient(made[0], 3.0), Ingredient(made[1], 1.0)]


def save(library: Library, pair: list[Ingredient], name: str = "Between") -> Voice:
    voice = mix_voice(library, FakeModel(), name, pair, threading.Event())
    assert voice is not None
    return voice


def test_a_mixed_voice_is_saved_with_what_it_was_made_of(
    library: Library, pair: list[Ingredient]
) -> None:
    voice = save(library, pair)
    assert voice.made_of == (("Emma", 0.75), ("Ben", 0.25))
    assert voice.mixture == "Emma 75 %, Ben 25 %"
    assert voice.tags == ("mixed",)
    assert voice.consent == "Emma: Emma agreed\nBen: Ben agreed"
    (sample,) = voice.samples
    assert (sample.transcript, round(sample.seconds, 1)) == ("Mixed words.", 4.0)
    assert library.voices.duplicate(voice.id).value.made_of == voice.made_of
    library.undo()
    library.undo()
    assert library.voices.find("Between") is None
    clip = mix_clip(FakeModel(), pair, threading.Event())
    assert clip is not None
    assert clip.seconds == pytest.approx(2.0)


def test_it_stays_marked_in_bundles_and_recipes(
    library: Library, pair: list[Ingredient], tmp_path: Path
) -> None:
    voice = save(library, pair)
    library.voices.export_bundle(voice.id, tmp_path / "v.ditarvoice")
    library.voices.delete(voice.id)
    again = library.voices.import_bundle(tmp_path / "v.ditarvoice").value
    assert again.made_of == voice.made_of
    project = library.projects.create().value
    (line,) = library.lines.add(project.id, [NewLine("One two.", again.id)]).value
    list(render(library, FakeModel(), RenderRequest(project.id, (line.id,)), threading.Event()))
    (take,) = library.takes.of_line(line.id)
    assert take.recipe.voice_made_of == "Emma 75 %, Ben 25 %"
    person = library.voices.create("Ann", [NewSample(voice.samples[0].path, "x")]).value
    library.voices.export_bundle(person.id, tmp_path / "p.ditarvoice")
    assert library.voices.import_bundle(tmp_path / "p.ditarvoice").value.made_of == ()


def test_what_is_no_mixture_is_refused(library: Library, pair: list[Ingredient]) -> None:
    emma, ben = pair
    for wrong in ([emma], [emma, emma], [emma, Ingredient(ben.voice, 0.0)], [emma] * 9):
        with pytest.raises(StudioError) as caught:
            shares(wrong)
        assert caught.value.remedy
    with pytest.raises(StudioError, match="name"):
        mix_voice(library, FakeModel(), " ", pair, threading.Event())


def test_voices_of_an_older_library_are_of_people(tmp_path: Path) -> None:
    root = tmp_path / "old"
    root.mkdir()
    older = next(n for n, step in enumerate(MIGRATIONS) if "ADD COLUMN made_of" in step)
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    migrate(connection, older)
    connection.execute("INSERT INTO voices (id, name, created) VALUES ('a', 'Anna', 1.0)")
    connection.close()
    write_tone(tmp_path / "tone.wav", 1.0)
    with Library(root) as library:
        assert library.voices.get("a").made_of == ()
