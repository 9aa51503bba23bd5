from __future__ import annotations

import json
import shutil
import struct
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from fake_model import speech_like
from safetensors.torch import save_file
from small_ditar import SMALL, save_small_ditar

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.engine import native
from ditar_studio.engine.generate import generate
from ditar_studio.engine.load import ModelRegistry, load_model
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.native_utterance import NativeVoice
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import StudioError
from ditar_studio.inference.ditar import DiTARRuntime
from ditar_studio.inference.kernels.library import kernels
from ditar_studio.model.speaker import SIZE
from ditar_studio.model.vae import Decoder, Vae
from ditar_studio.text import symbols
from ditar_studio.text.lexicon import Lexicon
from ditar_studio.text.phonemes import phonemize
from ditar_studio.text.speller import speller

DATA = Path(__file__).parents[2] / "data"
VOICE = Reference(speech_like(3.0), "hello there")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_ditar(tmp_path_factory.mktemp("model") / "small")


@pytest.fixture(scope="module")
def model(folder: Path) -> SpeechModel:
    return load_model(folder)


def speak(model: SpeechModel, text: str = "Hello.", **settings: object) -> np.ndarray:
    request = GenerationRequest.of(text, VOICE, GenerationSettings(**settings))  # type: ignore[arg-type]
    return generate(model, request).clip.samples


def test_a_folder_or_file_tells_what_model_it_holds(folder: Path, model: SpeechModel) -> None:
    info = model.info
    assert (info.name, info.version, info.precisions) == ("Small", "test", ("fp32",))
    assert info.default_settings.steps == 4
    assert (info.sample_rate, info.patch_samples) == (24000, 2400)
    assert len(info.weights_hash) == 64
    assert load_model(folder / "model.safetensors").info.weights_hash == info.weights_hash


def test_the_first_sentence_finds_the_words_loaded(folder: Path) -> None:
    speller.cache_clear()
    load_model(folder)
    loaded = speller.cache_info()
    phonemize("hello")
    assert (loaded.currsize, loaded.misses) == (1, speller.cache_info().misses)


def test_a_model_is_loaded_by_one_thread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, at_work = torch.get_num_threads(), []
    read = native.load_ditar
    monkeypatch.setattr(
        native, "load_ditar", lambda path: (at_work.append(torch.get_num_threads()), read(path))[1]
    )
    load_model(folder)
    assert at_work == [1]
    assert torch.get_num_threads() == before


@pytest.mark.skipif(kernels() is None, reason="torch does all the work where no kernels are")
def test_torch_is_kept_to_one_thread_wherever_kernels_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, int] = {}
    for owner, name in [
        (Vae, "encode"),
        (DiTARRuntime, "_prefill"),
        (DiTARRuntime, "_step"),
        (Decoder, "step"),
        (Decoder, "flush"),
    ]:
        work = getattr(owner, name)

        def watched(*given: object, name: str = name, work: Any = work) -> object:
            seen[name] = torch.get_num_threads()
            return work(*given)

        monkeypatch.setattr(owner, name, watched)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        speak(load_model(folder), exact_patches=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == dict.fromkeys(["encode", "_prefill", "_step", "step", "flush"], 1)


def test_exact_patches_give_exactly_their_samples(model: SpeechModel) -> None:
    assert len(speak(model, exact_patches=7)) == 7 * 2400


def test_seed_and_settings_decide_the_samples_and_temperature_0_needs_no_seed(
    model: SpeechModel,
) -> None:
    some = {"exact_patches": 4, "temperature": 0.7, "steps": 4}
    assert np.array_equal(speak(model, seed=1, **some), speak(model, seed=1, **some))
    assert not np.array_equal(speak(model, seed=1, **some), speak(model, seed=2, **some))
    calm = {"exact_patches": 4, "temperature": 0.0, "steps": 4}
    assert np.array_equal(speak(model, seed=1, **calm), speak(model, seed=2, **calm))


def test_a_cached_voice_sounds_like_one_encoded_anew(model: SpeechModel) -> None:
    voices = VoiceCache(model)
    request = GenerationRequest.of("Hello.", VOICE, GenerationSettings(exact_patches=3))
    first = generate(model, request, voices=voices).clip.samples
    again = generate(model, request, voices=voices).clip.samples
    assert np.array_equal(first, again)
    assert np.array_equal(first, generate(model, request).clip.samples)


def test_a_voice_is_heard_once_to_put_its_timbre_right(model: SpeechModel) -> None:
    voice = model.prepare_voice(speech_like(), "hello there")
    assert isinstance(voice, NativeVoice)
    assert voice.timbre is not None
    assert voice.timbre.shape == (SMALL.vae.bands,)
    assert torch.isfinite(voice.timbre).all()


def test_the_speaker_embedding_makes_up_for_what_the_model_misses(
    model: SpeechModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(self: DiTARRuntime, wave: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.tensor(0), SIZE).float()

    monkeypatch.setattr(DiTARRuntime, "embed_speaker", elsewhere)
    voice = model.prepare_voice(speech_like(), "hello there")
    assert isinstance(voice, NativeVoice)
    assert voice.speaker is not None
    assert voice.prompt.voice is not None
    wanted = 1.7 * voice.speaker
    wanted[0] -= 0.7
    torch.testing.assert_close(voice.prompt.voice, wanted / wanted.norm())


def test_without_a_transcript_the_built_in_voice_reads_the_sounds_itself() -> None:
    model = load_model()
    assert not model.info.needs_transcript
    assert isinstance(model, NativeModel)
    assert model._model.reader is not None
    readings: list[object] = []
    model._model.reader.register_forward_hook(lambda *call: readings.append(call[-1]))
    voice = model.prepare_voice(read_clip(DATA / "credible_evidence.opus"), "")
    assert isinstance(voice, NativeVoice)
    assert len(readings) == 1
    heard = symbols.decode(voice.prompt.symbols.tolist())
    said = phonemize("We don't have the credible evidence.")
    assert SequenceMatcher(None, heard, said, autojunk=False).ratio() > 0.7
    hiss = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    with pytest.raises(StudioError, match="No speech"):
        model.prepare_voice(Clip(hiss, 24_000), "")


@pytest.mark.parametrize("transcript", ["We don't have the credible evidence.", ""])
def test_noise_around_the_speech_of_a_reference_is_cut(transcript: str) -> None:
    model = load_model()
    clean = read_clip(DATA / "credible_evidence.opus").resample(24_000)
    rumble = np.fft.rfft(np.random.default_rng(0).normal(size=(2, 36_000)))
    rumble *= np.exp(-np.arange(rumble.shape[1]) / 60)  # below some 50 Hz
    noise = np.fft.irfft(rumble).astype(np.float32)
    noise *= 0.05 * clean.samples.std() / noise.std()
    noisy = Clip(np.concatenate([noise[0], clean.samples, noise[1]]), 24_000)
    first, second = (model.prepare_voice(clip, transcript) for clip in (clean, noisy))
    assert isinstance(first, NativeVoice)
    assert isinstance(second, NativeVoice)
    latents = [len(voice.prompt.latents) for voice in (first, second)]
    assert latents[1] == pytest.approx(latents[0], abs=24)  # of 120 that were added


def test_a_timbre_is_measured_on_speech_and_not_on_silence(
    model: SpeechModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def silent(
        self: NativeModel, voice: object, sounds: object, temperature: float
    ) -> torch.Tensor:
        asked.append(temperature)
        return torch.full((24_000,), 1e-4)

    monkeypatch.setattr(NativeModel, "_speak", silent)
    voice = model.prepare_voice(speech_like(), "hello there")
    assert isinstance(voice, NativeVoice)
    assert voice.timbre is None
    assert asked == [0.0, model.info.default_settings.temperature]


def test_it_hears_what_is_said_and_whose_voice_it_is() -> None:
    model = load_model()
    clips = {
        "We don't have the credible evidence.": read_clip(DATA / "credible_evidence.opus"),
        "This is a really serious issue.": read_clip(DATA / "serious_issue.opus"),
    }
    assert model.info.can_verify
    for words, clip in clips.items():
        voice = model.prepare_voice(clip, words)
        for text, sound in clips.items():
            utterance = model.begin(text, voice, GenerationSettings())
            own = utterance.verify(clip.resample(24_000).samples)
            other = utterance.verify(sound.resample(24_000).samples)
            assert own is not None
            assert other is not None
            assert own.sounds == sum(each not in ". " for each in phonemize(text))
            assert own.likeness == pytest.approx(1.0, abs=0.05)
            if text != words:
                assert own.errors > other.errors
                assert own.likeness > other.likeness


def test_what_is_heard_of_next_to_nothing_is_an_answer_too(model: SpeechModel) -> None:
    utterance = model.begin("Hello.", None, GenerationSettings())
    hearing = utterance.verify(np.zeros(10, np.float32))
    assert hearing is not None
    assert (hearing.sounds, hearing.likeness) == (4, None)


def test_what_is_spoken_is_bounded_whatever_the_weights(model: SpeechModel) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    expected = model.begin(text, None, GenerationSettings()).expected_patches * 0.1
    whole = generate(model, GenerationRequest.of(text, VOICE, GenerationSettings(steps=2)))
    assert whole.clip.seconds <= 3 * expected
    assert whole.clip.peak < 1.0


def test_a_pause_that_grows_too_long_ends_with_the_next_sound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(folder)
    assert isinstance(model, NativeModel)
    ditar = model._model
    assert ditar.pointer is not None
    never = torch.zeros(1, 2**SMALL.patch)
    never[0, 0], never[0, 1] = 50.0, 25.0
    monkeypatch.setattr(ditar.pointer.pattern, "forward", lambda h: never)
    sound = iter([torch.full((SMALL.patch_samples,), 0.3)])
    silence = torch.zeros(SMALL.patch_samples)
    monkeypatch.setattr(model.runtime, "decode", lambda state, patch: next(sound, silence))
    utterance = model.begin("Hello there.", None, GenerationSettings(steps=1))
    pointer = utterance._state.pointer
    assert pointer is not None
    units = []
    for _ in range(20):
        assert utterance.step().stop_probability == 0.0
        units.append(pointer.unit - units[0] if units else pointer.unit)
    assert units[1:] == [0] * 6 + [1] * 6 + [2] * 6 + [3]


def test_the_users_pronunciations_reach_the_model(model: SpeechModel) -> None:
    plain = model.begin("Nguyen.", None, GenerationSettings())
    own = model.begin("Nguyen.", None, GenerationSettings(), lexicon=Lexicon({"Nguyen": "win"}))
    assert own.expected_patches < plain.expected_patches


@pytest.mark.parametrize("text", ["###", "", "…", "\u3042\u3044"])
def test_a_text_that_cannot_be_read_is_refused(model: SpeechModel, text: str) -> None:
    with pytest.raises(StudioError):
        generate(model, GenerationRequest.of(text, VOICE))


def test_a_transcript_longer_than_the_clip_is_refused(model: SpeechModel) -> None:
    reference = Reference(speech_like(1.2), "many words " * 60)
    with pytest.raises(StudioError) as caught:
        generate(model, GenerationRequest.of("Hello.", reference))
    assert caught.value.remedy


def test_the_registry_holds_one_model_and_gives_it_back(folder: Path, tmp_path: Path) -> None:
    other = save_small_ditar(tmp_path / "other", seed=1)
    models = ModelRegistry()
    model, voices = models.get(folder)
    assert models.get(folder) == (model, voices)
    assert models.get(other)[0] is not model
    with pytest.raises(StudioError):
        models.get(tmp_path / "missing")
    assert not models.loaded


def header_of(path: Path) -> tuple[dict[str, object], bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header: dict[str, object] = json.loads(data[8 : 8 + length])
    return header, data[8 + length :]


def with_metadata(path: Path, **changes: str) -> None:
    header, data = header_of(path)
    header["__metadata__"] = {**header["__metadata__"], **changes}  # type: ignore[dict-item]
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def damage(path: Path, kind: str) -> None:
    """Make the weights file bad in one way."""
    tensors = safetensors.torch.load(path.read_bytes())
    metadata = header_of(path)[0]["__metadata__"]
    names = sorted(name for name in tensors if tensors[name].ndim)
    whole = path.read_bytes()
    name, _, number = kind.partition(" ")
    match name:
        case "cut":
            path.write_bytes(whole[: int(len(whole) * int(number) / 100)])
        case "missing":
            del tensors[names[int(number) % len(names)]]
            save_file(tensors, path, metadata)
        case "extra":
            save_file({**tensors, "extra": torch.zeros(3)}, path, metadata)
        case "shape":
            wrong = names[int(number) % len(names)]
            tensors[wrong] = torch.zeros([*tensors[wrong].shape[:-1], 3 + tensors[wrong].shape[-1]])
            save_file(tensors, path, metadata)
        case "nan":
            wrong = next(n for n in names if tensors[n].is_floating_point())
            tensors[wrong] = torch.full_like(tensors[wrong], float("nan"))
            save_file(tensors, path, metadata)
        case "foreign":
            save_file(tensors, path)
        case "metadata":
            field, _, value = number.partition("=")
            with_metadata(path, **{field: value})
        case "huge":
            config = json.loads(header_of(path)[0]["__metadata__"]["config"])  # type: ignore[index]
            config["language_model"] = {"layers": 9, "dim": 10**6, "heads": 1, "ffn": 10**6}
            with_metadata(path, config=json.dumps(config))
        case "text":
            path.write_text("weights\n" * 100)
        case "empty":
            path.write_bytes(b"")
        case "pickle":
            torch.save(tensors, path)
        case "folder":
            path.unlink()
            path.mkdir()
        case "gone":
            path.unlink()
        case "card":
            path.with_name("model.json").write_text(number)
        case _:
            raise ValueError(kind)


DAMAGES = [
    *(f"cut {share}" for share in (1, 10, 30, 50, 70, 90, 99)),
    *(f"missing {number}" for number in range(0, 40, 4)),
    *(f"shape {number}" for number in range(1, 40, 4)),
    *("huge", "extra", "nan", "foreign", "text", "empty", "pickle", "folder", "gone"),
    *("metadata format_version=99", "metadata format=other", "metadata kind=vae"),
    *("metadata config=", "metadata config=[]", "metadata config={}", "metadata config=nonsense"),
    *("card {", "card []", 'card {"default_settings": {"steps": -1}}', "card \u0000"),
    "card " + "[" * 100_000,
]


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_models_are_refused_in_a_sentence(folder: Path, tmp_path: Path, kind: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(copy / "model.safetensors", kind)
    with pytest.raises(StudioError) as caught:
        load_model(copy)
    assert len(caught.value.message) < 400
    assert caught.value.remedy


@pytest.mark.parametrize(
    "name", ["", "/dev/null", "/", "/no/such/model", "builtin2", "x" * 300, "a\0b"]
)
def test_what_is_no_model_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError):
        load_model(name if name else tmp_path)
