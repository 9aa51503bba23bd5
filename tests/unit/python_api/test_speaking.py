"""Models, voices, streams and sounds of the Python API."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel, FakeUtterance, speech_like

import ditar_studio as ds
from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.python_api import shared
from ditar_studio.services.metadata import open_recipe
from ditar_studio.store.library import Library
from ditar_studio.store.voice import NewSample

pytestmark = pytest.mark.usefixtures("fake")


def test_a_text_is_spoken_and_saved_with_its_recipe(reference: Path, tmp_path: Path) -> None:
    model = ds.load_model()
    audio = model.speak("One two.", model.voice(reference, "its words"), temperature=0.2, seed=7)
    assert audio.rate == model.rate == 24000
    assert audio.samples.dtype == np.float32
    assert audio.seconds == pytest.approx(0.8)
    path = audio.save(tmp_path / "said.flac")
    with soundfile.SoundFile(path) as file:
        assert "Synthetic speech" in file.comment
    (recipe,) = open_recipe(path)
    assert (recipe.text, recipe.voice_name) == ("One two.", "me")
    assert (recipe.settings["seed"], recipe.settings["temperature"]) == (7, 0.2)
    assert recipe.voice_hash == ds.Voice.of(reference, "its words").reference.hash()


def test_a_stream_gives_what_speaking_gives(fake: FakeModel, reference: Path) -> None:
    model = ds.load_model()
    voice = model.voice(reference)
    stream = model.stream(["One two.", "Three."], voice, pause_seconds=0.5)
    chunks = list(stream)
    assert len(chunks) > 10
    assert not stream.stopped
    whole = model.speak(["One two.", "Three."], voice, pause_seconds=0.5)
    joined = ds.Audio.join(chunks)
    np.testing.assert_array_equal(joined.samples, whole.samples)
    assert joined.recipe == chunks[0].recipe
    assert len(fake.prepared) == 1


def test_the_shared_model_is_loaded_once_and_has_a_voice(
    fake: FakeModel, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load = shared.load_model
    monkeypatch.setattr(shared, "load_model", lambda: loads.append(1) or load())
    assert ds.speak("One.").recipe.voice_name == "Kathleen"  # type: ignore[union-attr]
    assert ds.speak("One.", reference).seconds == pytest.approx(0.4)
    assert sum(chunk.seconds for chunk in ds.stream("One.", "emma")) == pytest.approx(0.4)
    assert len(loads) == 1


def test_voices_come_from_files_sounds_and_the_library(reference: Path) -> None:
    model = ds.load_model()
    clip = ds.Audio.load(reference)
    assert clip.seconds == pytest.approx(3.0)
    with Library() as library:
        library.voices.create("Änna", [NewSample(reference, "I am Anna.")])
    assert "Änna" in ds.voice_names()
    assert "Emma" in ds.voice_names()
    assert model.voice("änna").transcript == "I am Anna."
    assert not model.voice("änna").fine_tuned
    same = [model.speak("One.", voice).samples for voice in (reference, str(reference), clip)]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])
    voice = model.voice(clip)
    assert model.voice(voice) is voice


@pytest.mark.parametrize(
    ("voice", "words"),
    [("nobody", "no voice “nobody”"), ("no.wav", "no file"), (Path("nobody"), "no file")],
)
def test_voices_that_are_not_there_are_reported(voice: str | Path, words: str) -> None:
    with pytest.raises(ds.StudioError, match=words):
        ds.Voice.of(voice)


def test_wrong_settings_are_reported_at_once() -> None:
    model = ds.load_model()
    with pytest.raises(ds.StudioError, match="temperature"):
        model.stream("One.", "Emma", temperature=2.0)
    with pytest.raises(TypeError):
        model.stream("One.", "Emma", nonsense=1)  # type: ignore[call-arg]
    with pytest.raises(ds.StudioError, match="threads"):
        ds.load_model(threads=0)
    with pytest.raises(ds.StudioError, match="does not tell how"):
        model.stream("One.", "Emma", pronunciations={"one": "??"})


def test_what_cannot_be_spoken_is_raised_and_the_model_goes_on() -> None:
    model = ds.load_model()
    with pytest.raises(ds.StudioError, match="holds nothing"):
        model.speak("###", "Emma")
    assert model.speak("One.", "Emma").seconds == pytest.approx(0.4)


def test_warnings_are_reported_with_the_sound() -> None:
    audio = ds.speak("Runaway.", "Emma", max_seconds=1.0)
    assert any("cut" in text for text in audio.warnings)


def test_words_are_reported_with_their_times() -> None:
    model = ds.load_model()
    audio = model.speak(["One two.", "Three."], "Emma", pause_seconds=0.5)
    assert [word.text for word in audio.words] == ["One", "two", "Three"]
    assert [word.start for word in audio.words] == pytest.approx([0.0, 0.4, 1.3])
    assert audio.words[0].seconds == pytest.approx(0.4)
    twice = ds.Audio.join([audio, audio])
    assert twice.words[3].start == pytest.approx(audio.seconds)


def test_stopping_keeps_what_was_made() -> None:
    model = ds.load_model()
    stream = model.stream("One two three four five.", "Emma")
    parts = [next(stream)]
    stream.stop()
    parts += list(stream)
    assert stream.stopped
    assert 0 < stream.joined(parts).seconds < 0.5


def test_a_stream_that_is_left_speaks_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    step = FakeUtterance.step
    monkeypatch.setattr(FakeUtterance, "step", lambda self: steps.append(1) or step(self))
    with ds.load_model().stream("One two three four.", "Emma") as stream:
        next(stream)
    assert len(steps) < 3
    assert list(stream) == []


def test_threads_share_a_model_and_each_hears_its_own() -> None:
    model = ds.load_model()
    texts = [f"One two three {word}." for word in ("four", "five", "six", "seven")]
    alone = [model.speak(text, "Emma").samples for text in texts]
    together: dict[int, np.ndarray] = {}
    start = threading.Barrier(len(texts))

    def speak(number: int) -> None:
        start.wait()
        together[number] = model.speak(texts[number], "Emma").samples

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, samples in enumerate(alone):
        np.testing.assert_array_equal(samples, together[number])


def test_one_thread_may_run_two_streams_in_turn() -> None:
    model = ds.load_model()
    first, second = model.stream("One two.", "Emma"), model.stream("Three four.", "Emma")
    pairs = list(zip(first, second, strict=True))
    alone = model.speak("Three four.", "Emma")
    together = np.concatenate([part.samples for _, part in pairs])
    np.testing.assert_array_equal(together, alone.samples)


@pytest.mark.leaves_threads
def test_the_async_variant_gives_the_same() -> None:
    async def work() -> tuple[ds.Audio, ds.Audio, ds.Audio]:
        model = ds.load_model()
        voice = await model.voice_async("Emma")
        stream = model.stream("One two.", voice)
        parts = [part async for part in stream]
        two, three = await asyncio.gather(
            model.speak_async("One two.", voice), model.speak_async("Three.", voice)
        )
        return stream.joined(parts), two, three

    streamed, two, three = asyncio.run(work())
    np.testing.assert_array_equal(streamed.samples, two.samples)
    assert three.seconds == pytest.approx(0.4)


@pytest.mark.leaves_threads
def test_a_cancelled_task_ends_its_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    step = FakeUtterance.step
    steps = []

    def slow(self: FakeUtterance) -> object:
        steps.append(1)
        begun.set()
        return step(self)

    monkeypatch.setattr(FakeUtterance, "step", slow)

    async def work() -> None:
        model = ds.load_model()
        task = asyncio.create_task(model.speak_async("Runaway.", "Emma"))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert len(steps) < 20


def test_sounds_are_saved_by_their_name_and_never_over_another(tmp_path: Path) -> None:
    clip = speech_like(1.0)
    audio = ds.Audio(clip.samples, clip.sample_rate)
    assert np.asarray(audio).shape == (len(audio),) == (24000,)
    assert repr(audio) == "<Audio of 1.00 s at 24000 Hz>"
    for suffix in ("wav", "flac", "mp3", "opus"):
        path = audio.save(tmp_path / f"a.{suffix}")
        assert ds.Audio.load(path).seconds == pytest.approx(1.0, abs=0.1)
        assert b"Synthetic speech" in path.read_bytes()
    with pytest.raises(ds.StudioError, match="already"):
        audio.save(tmp_path / "a.wav")
    audio.save(tmp_path / "a.wav", overwrite=True)
    with pytest.raises(ds.StudioError, match="not a sound file's name"):
        audio.save(tmp_path / "a.txt")
    with pytest.raises(ds.StudioError, match="no folder"):
        audio.save(tmp_path / "no" / "a.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"a.{suffix}" for suffix in ("flac", "mp3", "opus", "wav")
    ]


def test_sounds_are_encoded_in_memory() -> None:
    clip = speech_like(0.5)
    audio = ds.Audio(clip.samples, clip.sample_rate)
    assert audio.encode()[:4] == b"RIFF"
    assert audio.encode("mp3")[:3] == b"ID3"
    plain = np.frombuffer(audio.encode("pcm", watermark=False), "<i2") / 32768
    np.testing.assert_allclose(plain, clip.samples, atol=1 / 32768)
    marked = np.frombuffer(audio.encode("pcm"), "<i2") / 32768
    np.testing.assert_allclose(marked, watermarked(clip).samples, atol=1 / 32768)
    with pytest.raises(ds.StudioError, match="can't be encoded"):
        audio.encode("gif")  # type: ignore[arg-type]


def test_only_sounds_of_one_rate_are_joined() -> None:
    with pytest.raises(ds.StudioError, match="one rate"):
        ds.Audio.join([])
    with pytest.raises(ds.StudioError, match="not numbers"):
        ds.Audio(np.full(3, np.nan, np.float32), 24000)
