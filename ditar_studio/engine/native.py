"""This program's own DiTAR as a `SpeechModel`: phonemes in, patches of samples out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from ditar_studio.engine import integrity
from ditar_studio.engine.native_utterance import NativeUtterance, NativeVoice
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.sounds import LEAST_SOUNDS, ended, recognised, sounds_of, timed
from ditar_studio.engine.speech_model import ModelInfo, PreparedVoice
from ditar_studio.errors import StudioError
from ditar_studio.inference.adapter import VoiceAdapter, load_adapter
from ditar_studio.inference.ditar import DiTARRuntime, Prompt
from ditar_studio.inference.native_runtime import make_runtime
from ditar_studio.inference.threads import one_thread
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.timbre import correction
from ditar_studio.model.weights import load_ditar
from ditar_studio.store.files import sha256
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import read as read_text
from ditar_studio.text.speller import speller

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.text.lexicon import Lexicon
    from ditar_studio.text.passages import Saying

WEIGHTS, CARD = "model.safetensors", "model.json"

_OTHER_FILE = "Use a model file made by this program, or get it again."

_USUAL_PACE = 0.085
_FASTEST, _SLOWEST = 0.055, 0.14
_SAMPLE_SOUNDS = 40  # of the reference that the model speaks to compare timbres: 3 s
_SHORTEST_SAMPLE = 0.5  # seconds
_SILENT = 0.1  # of the reference's power: 10 dB below it
_SPEAKER_GAIN = 0.7  # of what the speaker encoder misses in the model's speech
_LEAD, _TAIL, _LEAST_CUT = 6, 14, 8  # latents kept before and after speech; fewer are not cut


@dataclass(frozen=True, eq=False)
class EncodedClip:
    """A reference whose timbre has not been measured yet.

    Attributes:
        voice: its voice, without corrections.
        sounds: phonemes of the clip.
        wave: [n] samples at the model's rate.
    """

    voice: NativeVoice
    sounds: list[str]
    wave: torch.Tensor


def load(path: Path, precision: str | None = None) -> NativeModel:
    """Load a DiTAR from its folder or file, with all that it needs to read and speak a text.

    Args:
        path: a folder with `model.safetensors` (and `model.json`, which names it), or the file.
        precision: fp32 is what there is.

    Raises:
        StudioError: the files are missing, foreign or damaged, or of another symbol table.
    """
    if precision not in (None, "fp32"):
        raise StudioError(
            f"This model has no precision {precision}.", "Leave the precision out, or say fp32."
        )
    file = path / WEIGHTS if path.is_dir() else path
    if file.exists() and not file.is_file():  # a pipe would be waited for
        raise StudioError(f"There is no model file at {file}.", "Check the path.")
    with ThreadPoolExecutor(2) as beside, one_thread():
        words, weights_hash = beside.submit(speller), beside.submit(sha256, file)
        try:
            model = _load(file)
        finally:  # that they are damaged explains any failure
            _check(file, weights_hash)
        runtime = make_runtime(model)
        words.result()
    card = _read_card(file.with_name(CARD))
    defaults = card.get("default_settings", {})
    info = ModelInfo(
        name=str(card.get("name", file.parent.name if path.is_dir() else file.stem)),
        version=str(card.get("version", "1")),
        sample_rate=model.config.vae.sample_rate,
        patch_samples=model.config.patch_samples,
        weights_hash=weights_hash.result(),
        parameters=sum(weights.numel() for weights in model.parameters()),
        default_settings=GenerationSettings.from_dict(
            defaults if isinstance(defaults, dict) else {}
        ),
        needs_transcript=model.reader is None,
        reads_phonemes=True,
        fine_tunes=model.pointer is not None and model.speaker is not None,
        tuning_seconds=(20.0, 300.0),
        can_verify=model.reader is not None and model.speaker is not None,
        mixes_voices=model.reader is not None and model.speaker is not None,
        times_words=model.pointer is not None,
    )
    return NativeModel(runtime, info)


def _check(file: Path, weights_hash: Future[str]) -> None:
    """Raise StudioError if the weights are not those of the manifest beside them."""
    recorded = integrity.read_manifest(file.parent).files.get(file.name)
    if recorded is not None and (
        weights_hash.exception() is not None or weights_hash.result() != recorded.sha256
    ):
        raise integrity.damage(file.name)


def _load(file: Path) -> DiTAR:
    try:
        model = load_ditar(file)
    except StudioError as error:
        raise StudioError(error.message, error.remedy or _OTHER_FILE) from error
    except (MemoryError, RuntimeError) as error:
        raise StudioError(f"“{file.name}” can't be made into a model.", _OTHER_FILE) from error
    if model.config.symbol_version != symbols.VERSION or model.config.symbols < len(
        symbols.SYMBOLS
    ):
        raise StudioError(
            f"“{file.name}” was trained on another table of sounds than this program's.",
            "Use a model made for this version of the program.",
        )
    return model


def _read_card(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudioError(
            f"The model's description “{path.name}” can't be read.", "Get the model again."
        ) from error
    if not isinstance(card, dict):
        raise StudioError(
            f"The model's description “{path.name}” is not a JSON object.", "Get the model again."
        )
    return card


class NativeModel:
    """A DiTAR with its text front end; implements `SpeechModel`."""

    def __init__(self, runtime: DiTARRuntime, info: ModelInfo) -> None:
        self._runtime, self._model = runtime, runtime.model
        self._info = info

    @property
    def info(self) -> ModelInfo:
        """What the model is and can."""
        return self._info

    @property
    def runtime(self) -> DiTARRuntime:
        """The runtime of the model; fine-tuning trains some of its networks further."""
        return self._runtime

    def prepare_voice(
        self, clip: Clip, transcript: str, adapter: Path | None = None
    ) -> NativeVoice:
        """Encode a reference; see `SpeechModel.prepare_voice`.

        Raises:
            StudioError: see `encode`; the adapter is for another model or can't be used.
        """
        encoded = self.encode(clip, transcript)
        if adapter is not None:
            return self.tuned_voice(encoded.voice, load_adapter(adapter, self._info.weights_hash))
        return self.corrected(encoded, encoded.voice)

    def tuned_voice(self, voice: NativeVoice, adapter: VoiceAdapter) -> NativeVoice:
        """Return a voice with what it was fine-tuned to.

        Raises:
            StudioError: that doesn't fit this model.
        """
        locdit = adapter.applied(self._model.locdit)
        tuned = self._runtime.tuned(locdit, adapter.shift, adapter.card.highest)
        prompt = voice.prompt
        if adapter.speaker is not None:
            prompt = replace(prompt, voice=adapter.speaker)
        return replace(voice, prompt=prompt, tuned=tuned, timbre=adapter.timbre)

    @torch.inference_mode()
    def corrected(self, encoded: EncodedClip, voice: NativeVoice) -> NativeVoice:
        """Return a voice whose speaker embedding and timbre make up for what the model gets wrong.

        The model speaks the beginning of the reference's own words. What the speaker encoder
        misses in that is added to the embedding that the model is given, as a controller adds its
        error; then the timbre is measured again.

        Args:
            encoded: the reference that was encoded.
            voice: its voice, perhaps one that is fine-tuned a little.
        """
        speaker = voice.speaker
        if speaker is None:
            return voice
        voice = self.with_timbre(encoded, voice)
        made = None if voice.timbre is None else self._sample(encoded, voice)
        if made is None:
            return voice
        missed = speaker - self._runtime.embed_speaker(made)
        given = functional.normalize(speaker + _SPEAKER_GAIN * missed, dim=0)
        return self.with_timbre(
            encoded, replace(voice, prompt=replace(voice.prompt, voice=given), timbre=None)
        )

    @torch.inference_mode()
    def with_timbre(self, encoded: EncodedClip, voice: NativeVoice) -> NativeVoice:
        """Return a voice with the correction of the timbre that it has when it speaks
        without one.
        """
        made = self._sample(encoded, voice)
        if made is None:
            return voice
        spread = self._model.vae.decoder.synthesiser.spread
        return replace(voice, timbre=correction(encoded.wave, made, spread))

    @torch.inference_mode()
    def encode(self, clip: Clip, transcript: str) -> EncodedClip:
        """Encode a reference without speaking like it.

        What exceeds whole patches is cut at the beginning, so that the join to what follows is
        the recording's own end. Noise before the first sound and after the last one is cut, also
        where it is too loud for silence: the model would go on with it. Without a transcript the
        model reads the sounds itself.

        Raises:
            StudioError: the transcript can't be read, or has more sounds than the clip can hold;
                or there is none and no speech is recognised.
        """
        samples = clip.resample(self._info.sample_rate).samples
        encoded = self._encode(samples, transcript)
        speech = self._speech(encoded.voice.prompt, len(samples))
        if speech is None:
            return encoded
        try:
            return self._encode(samples[speech], transcript)
        except StudioError:  # the sounds were there only with what was cut
            return encoded

    def _encode(self, samples: NDArray[np.float32], transcript: str) -> EncodedClip:
        samples = samples[len(samples) % self._info.patch_samples :]
        wave = torch.from_numpy(samples.copy())
        reading = None
        if transcript.strip():
            sounds = sounds_of(transcript, None)
            pace = len(samples) / self._info.sample_rate / max(1, timed(sounds))
        else:
            reading, pace = self._read(wave), _USUAL_PACE
            sounds = recognised(reading)
        prompt = self._runtime.encode(wave, torch.tensor(symbols.encode(sounds)), reading)
        voice = NativeVoice(prompt, min(_SLOWEST, max(_FASTEST, pace)), prompt.voice)
        return EncodedClip(voice, sounds, wave)

    def _speech(self, prompt: Prompt, length: int) -> slice | None:
        """Return the samples, of `length`, from shortly before the first sound to shortly after the
        last; None where there is little else or it isn't known.
        """
        if prompt.units is None:
            return None
        begun = torch.nonzero(prompt.units.diff())[:, 0] + 1
        if len(begun) < LEAST_SOUNDS:
            return None
        hop = self._model.config.vae.hop
        skipped = length - len(prompt.units) * hop
        first = 0 if prompt.units[0] else int(begun[0]) - _LEAD
        last = int(begun[-1]) + _TAIL
        if first <= _LEAST_CUT and last >= len(prompt.units) - _LEAST_CUT:
            return None
        return slice(skipped + max(0, first) * hop, skipped + last * hop)

    def symbols(self, text: str) -> torch.Tensor:
        """Return the phonemes [N] (indices) of a text."""
        return torch.tensor(symbols.encode(sounds_of(text, None)))

    def _read(self, wave: torch.Tensor) -> torch.Tensor | None:
        """Return what the reader makes of a clip [1, T, symbols]; None of an empty one."""
        assert self._model.reader is not None, "the model needs a transcript"
        return self._runtime.read(wave) if len(wave) else None

    def _sample(self, encoded: EncodedClip, voice: NativeVoice) -> torch.Tensor | None:
        """Return samples [n] of the model speaking the beginning of the reference.

        What falls silent at temperature 0 is spoken again as usual; None if that is silent too.
        """
        usual = self._info.default_settings.temperature
        for temperature in (0.0, usual):
            made = self._speak(voice, encoded.sounds[:_SAMPLE_SOUNDS], temperature)
            if len(made) < _SHORTEST_SAMPLE * self._info.sample_rate:
                continue
            if made.square().mean() > _SILENT * encoded.wave.square().mean():
                return made
        return None

    def _speak(self, voice: NativeVoice, sounds: list[str], temperature: float) -> torch.Tensor:
        """Return samples [n] of the model speaking sounds in a voice, always the same."""
        settings = replace(self._info.default_settings, temperature=temperature)
        generator = torch.Generator().manual_seed(0)
        utterance = self._utterance([*sounds, "."], voice, settings, generator)
        pieces = []
        for _ in range(utterance.expected_patches):
            patch = utterance.step()
            pieces.append(patch.samples)
            if patch.stop_probability >= settings.stop_threshold:
                break
        return torch.from_numpy(np.concatenate([*pieces, utterance.finish()]))

    def begin(
        self,
        text: str,
        voice: PreparedVoice | None,
        settings: GenerationSettings,
        generator: torch.Generator | None = None,
        lexicon: Lexicon | None = None,
        sayings: Sequence[Saying] = (),
    ) -> NativeUtterance:
        """Start to speak a sentence; see `SpeechModel.begin`."""
        assert voice is None or isinstance(voice, NativeVoice), "a voice that this model prepared"
        reading = read_text(text, lexicon, sayings)
        sounds = ended(list(reading.sounds))
        utterance = self._utterance(sounds, voice, settings, generator)
        utterance.follow(text, reading)
        return utterance

    def _utterance(
        self,
        sounds: list[str],
        voice: NativeVoice | None,
        settings: GenerationSettings,
        generator: torch.Generator | None,
    ) -> NativeUtterance:
        pace = voice.pace if voice else _USUAL_PACE
        seconds = pace * timed(sounds) + 0.2
        patches = max(1, round(seconds * self._info.sample_rate / self._info.patch_samples))
        return NativeUtterance(self._runtime, sounds, voice, settings, generator, patches)
