"""A VoxCPM folder as a `SpeechModel`: its own tokens in, patches of samples out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import soxr
import torch

from ditar_studio.audio.clips.resample import import_torchaudio
from ditar_studio.engine.device import cores
from ditar_studio.engine.settings import MODES, GenerationSettings
from ditar_studio.engine.speech_model import ModelInfo, PatchOutput, PreparedVoice
from ditar_studio.errors import StudioError
from ditar_studio.inference.precisions import PRECISIONS
from ditar_studio.inference.voxcpm import checkpoint
from ditar_studio.inference.voxcpm.checkpoint import Loaded
from ditar_studio.inference.voxcpm.module_errors import module_errors, module_of
from ditar_studio.inference.voxcpm.precision import Precision, choose
from ditar_studio.inference.voxcpm.runtime import (
    PrefilledReference,
    VoxCPMRequest,
    VoxCPMRuntime,
)
from ditar_studio.inference.voxcpm.voice_lora import load_voice_lora
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.voxcpm.config import VoxCPMConfig
from ditar_studio.model.voxcpm.lora import LowRank, with_lora
from ditar_studio.model.voxcpm.tokenizer import clean_text, styled_text
from ditar_studio.model.voxcpm.voxcpm import Prompt, VoxCPM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.engine.word_times import WordTime
    from ditar_studio.text.lexicon import Lexicon
    from ditar_studio.text.passages import Saying

_FIRST_LANGUAGES = ("zh", "en")
_SECOND_LANGUAGES = (
    *("ar", "my", "zh", "da", "nl", "en", "fi", "fr", "de", "el", "he", "hi", "id", "it", "ja"),
    *("km", "ko", "lo", "ms", "no", "pl", "pt", "ru", "es", "sw", "sv", "tl", "th", "tr", "vi"),
)
_SAMPLE, _SAMPLES = 1 << 16, 256
_LEAST_PATCHES = 4
"""The stop head is not believed before this patch, as in the family's own package."""

_SECONDS_PER_TOKEN = 0.28
_PATCHES_PER_TOKEN, _MORE_PATCHES = 6.0, 10
"""More than this is a runaway, as in the family's own package."""


@dataclass(eq=False)
class VoxCPMVoice(PreparedVoice):
    """An encoded reference.

    Attributes:
        runtime: what speaks in it: the model's own, or one with a LoRA.
        transcript: what is said in it, blanks evened out; may be empty.
        continuation: [C, P, D] latents, silence filled up on the left; only with a transcript.
        reference: [R, P, D] latents, silence filled up on the right; second generation only.
        prefilled: the language models' state after the reference, from its first use on.
    """

    runtime: VoxCPMRuntime
    transcript: str
    continuation: torch.Tensor | None
    reference: torch.Tensor | None
    prefilled: PrefilledReference | None = None


def load(
    path: Path, precision: str | None = None, lora: Path | None = None, alpha: float | None = None
) -> VoxCPMModel:
    """Load a folder in the released layout, with a LoRA folder merged into it if one is given.

    Args:
        path: the model's folder.
        precision: fp32, bf16 or int8; None takes fp32.
        lora: a folder with `lora_weights.*` and `lora_config.json`.
        alpha: the LoRA's alpha, if its folder doesn't say.

    Raises:
        StudioError: something is missing, damaged or foreign, by name.
    """
    chosen = choose(precision)
    loaded = checkpoint.load(path, chosen, lora, alpha, cores())
    model = loaded.runtime.model
    config = model.config
    second = config.generation == 2
    info = ModelInfo(
        name=path.resolve().name,
        version=_version(model),
        sample_rate=config.vae.out_sample_rate,
        patch_samples=config.patch_samples,
        weights_hash=_weights_hash(path),
        parameters=checkpoint.parameter_count(config),
        languages=_SECOND_LANGUAGES if second else _FIRST_LANGUAGES,
        guidance_range=(0.0, 2.0),
        default_settings=GenerationSettings(temperature=1.0, guidance=1.0, steps=10),
        modes=MODES if second else MODES[:2],
        supports_style=second,
        needs_voice=False,
        needs_transcript=False,
        fine_tunes=lora is None,  # one at a time
        least_steps=2,  # the first one moves nothing
        precisions=PRECISIONS,
        levels_reference=False,
    )
    return VoxCPMModel(loaded, info, chosen, path)


def check(path: Path) -> None:
    """Check that a folder's files are those of a model, without reading all of the weights.

    Raises:
        StudioError: something is missing, damaged or foreign, by name.
    """
    checkpoint.check(path)


def _version(model: VoxCPM) -> str:
    if model.config.generation == 2:
        return "2"
    return "0.5B" if model.config.patch_size == 2 else "1.5"


def _weights_hash(folder: Path) -> str:
    """Return sha256 over names, sizes and samples of the weights: all of gigabytes would take
    seconds.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".safetensors", ".bin", ".pth") or not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for start in range(0, size, max(_SAMPLE, size // _SAMPLES)):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def prompt_wave(clip: Clip, model: VoxCPM) -> torch.Tensor:
    """Return the clip [n] at the model's input rate, resampled as each generation's own package
    does.
    """
    rate, samples = model.config.vae.sample_rate, np.array(clip.samples)
    if clip.sample_rate == rate:
        return torch.from_numpy(samples)
    if model.config.generation == 1:
        functional = import_torchaudio().functional
        wave = functional.resample(torch.from_numpy(samples), clip.sample_rate, rate)
        return cast(torch.Tensor, wave)
    length = -(-len(samples) * rate // clip.sample_rate)
    resampled = np.asarray(soxr.resample(samples, clip.sample_rate, rate, quality="HQ"))[:length]
    return torch.from_numpy(np.pad(resampled, (0, length - len(resampled))).astype(np.float32))


class VoxCPMModel:
    """A VoxCPM with its tokenizer; implements `SpeechModel`."""

    def __init__(self, loaded: Loaded, info: ModelInfo, precision: Precision, folder: Path) -> None:
        self._runtime = loaded.runtime
        self._model = loaded.runtime.model
        self._tokenizer = loaded.tokenizer
        self._info = info
        self.precision = precision
        """What the numbers are, and why."""
        self.choices = loaded.choices
        """What int8 was found to cost each projection, and whether it is used there."""
        self.folder = folder
        """The folder of its files, for training a LoRA."""

    @property
    def info(self) -> ModelInfo:
        """What the model is and can."""
        return self._info

    def errors(self, exact: VoxCPMModel) -> dict[str, float]:
        """Return each module's relative error against the same model in fp32."""
        return module_errors(exact._model, self._model)

    def int8_counts(self) -> dict[str, tuple[int, int]]:
        """Count, for each module of `errors`, its projections and how many of them are in int8."""
        found: dict[str, tuple[int, int]] = {}
        for choice in self.choices:
            name = module_of(choice.place)
            if name is not None:
                held, count = found.get(name, (0, 0))
                found[name] = held + choice.int8, count + 1
        return found

    def prepare_voice(
        self, clip: Clip, transcript: str, adapter: Path | None = None
    ) -> VoxCPMVoice:
        """Encode a reference; see `SpeechModel.prepare_voice`.

        Raises:
            StudioError: a first-generation model gets no transcript, without which it can't use
                a reference; the adapter is for another model or can't be used.
        """
        second = self._model.config.generation == 2
        if not transcript.strip() and not second:
            raise StudioError(
                "This model needs to know what is said in the reference.",
                "Write down the words that are spoken in it.",
            )
        runtime = self._runtime
        if adapter is not None:
            lora = load_voice_lora(adapter, self._info.weights_hash, self._model.config)
            runtime = self.with_lora(lora.additions())
        return VoxCPMVoice(
            runtime=runtime,
            transcript=" ".join(transcript.split()),
            continuation=self.latents(clip, "left") if transcript.strip() else None,
            reference=self.latents(clip, "right") if second else None,
        )

    @property
    def config(self) -> VoxCPMConfig:
        """The model's sizes."""
        return self._model.config

    def tokens(self, text: str) -> tuple[int, ...]:
        """Return a text as the model reads it."""
        return tuple(self._tokenizer.encode(text))

    def latents(self, clip: Clip, pad: str) -> torch.Tensor:
        """Return a clip [T, P, D], silence filled up on a side; see `VoxCPM.encode_audio`."""
        return self._model.encode_audio(prompt_wave(clip, self._model), pad)

    def with_lora(self, lora: Mapping[str, LowRank]) -> VoxCPMRuntime:
        """Return what speaks with additions to the model's projections, beside what
        speaks without.
        """
        return VoxCPMRuntime(with_lora(self._model, lora))

    def begin(
        self,
        text: str,
        voice: PreparedVoice | None,
        settings: GenerationSettings,
        generator: torch.Generator | None = None,
        lexicon: Lexicon | None = None,
        sayings: Sequence[Saying] = (),
    ) -> VoxCPMUtterance:
        """Start to speak a sentence; see `SpeechModel.begin`.

        Lexicon and sayings are of phonemes, which these models don't read, and are passed over.
        """
        assert voice is None or isinstance(voice, VoxCPMVoice), "a voice that this model prepared"
        runtime = self._runtime if voice is None else voice.runtime
        mode = self._mode(settings, voice)
        text = clean_text(text)
        if settings.style and self._info.supports_style and "continuation" not in mode:
            text = styled_text(text, settings.style)
        ids = self._tokenizer.encode(text)
        if not ids:
            raise StudioError("There is no text to speak.", "Type at least one word.")
        continuation = reference = prefilled = None
        whole = ids
        if voice is not None and "continuation" in mode:
            continuation = voice.continuation
            whole = self._tokenizer.encode(voice.transcript + text)
        if voice is not None and "reference" in mode:
            reference = voice.reference
            if voice.prefilled is None and reference is not None:
                voice.prefilled = runtime.prefill_reference(reference)
            prefilled = voice.prefilled
        prompt = Prompt(tuple(whole), reference, continuation)
        sampling = Sampling(settings.temperature, settings.guidance, settings.steps)
        patches = _Patches.of(self._model, prompt, len(ids), settings)
        request = VoxCPMRequest(prompt, patches.most, prefilled)
        return VoxCPMUtterance(runtime, request, sampling, generator, patches.expected)

    def _mode(self, settings: GenerationSettings, voice: VoxCPMVoice | None) -> str:
        """Return the mode asked for, or the one that the voice allows; StudioError if it can't be
        had.
        """
        if settings.mode is None:
            if voice is None:
                return "zero-shot"
            styled = bool(settings.style) and self._info.supports_style  # else it is passed over
            return "reference" if styled or voice.continuation is None else "continuation"
        if settings.mode not in self._info.modes:
            raise StudioError(
                f"This model has no mode “{settings.mode}”.",
                f"Choose one of: {', '.join(self._info.modes)}.",
            )
        if settings.mode != "zero-shot" and voice is None:
            raise StudioError(
                f"The mode “{settings.mode}” needs a reference.", "Choose a voice to imitate."
            )
        if voice is not None and "continuation" in settings.mode and voice.continuation is None:
            raise StudioError(
                "To go on from a reference the model needs to know what is said in it.",
                "Write down the words that are spoken in the reference.",
            )
        return settings.mode


@dataclass(frozen=True)
class _Patches:
    """The patches that a sentence will probably take, and the most that it may."""

    expected: int
    most: int

    @classmethod
    def of(
        cls, model: VoxCPM, prompt: Prompt, tokens: int, settings: GenerationSettings
    ) -> _Patches:
        """Raise StudioError if more are asked for than there is room for."""
        room = model.most_patches(prompt)
        likely = round(tokens * _SECONDS_PER_TOKEN * model.config.patches_per_second) + 1
        most = settings.exact_patches
        if most is None:
            most = min(int(tokens * _PATCHES_PER_TOKEN + _MORE_PATCHES), room)
        elif most > room:
            raise StudioError(
                f"Only {max(0, room)} patches fit the model after this text and voice.",
                "Ask for fewer patches, or shorten the text or the voice sample.",
            )
        return cls(max(1, min(likely, most)), most)


class VoxCPMUtterance:
    """A sentence being spoken; implements `Utterance`."""

    def __init__(
        self,
        runtime: VoxCPMRuntime,
        request: VoxCPMRequest,
        sampling: Sampling,
        generator: torch.Generator | None,
        expected_patches: int,
    ) -> None:
        self.expected_patches, self.max_patches = expected_patches, request.patches
        self._runtime = runtime
        self._state = runtime.prefill(request, sampling, generator)
        self._made = 0
        self.word_times: tuple[WordTime, ...] = ()  # attention finds the place in the text

    def step(self) -> PatchOutput:
        """Make the next patch."""
        patch = self._runtime.step(self._state)
        samples = self._runtime.decode(self._state, patch)
        self._made += 1
        stop = patch.stop_probability if self._made >= _LEAST_PATCHES else 0.0
        return PatchOutput(samples.cpu().numpy(), stop)

    def finish(self) -> NDArray[np.float32]:
        """Return what the decoder still holds: nothing, it doesn't look ahead."""
        tail: NDArray[np.float32] = self._runtime.flush(self._state).numpy()
        return tail

    def verify(self, samples: NDArray[np.float32]) -> None:
        """Return None: these models have neither reader nor speaker encoder."""
