"""Fine-tuning voices of VoxCPM: a LoRA learns to speak the voice's recordings.

The family's models can't hear themselves: the reader and the speaker encoder of the built-in model
listen, so that a voice is judged as one of the built-in model is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.device import training_device
from ditar_studio.engine.listening import ReaderListener
from ditar_studio.engine.lora_tuner import LoraPlan, LoraTuner
from ditar_studio.engine.tuning_clips import MOST_SECONDS
from ditar_studio.engine.voice import check_length, prepare, trim, trim_and_level
from ditar_studio.engine.voxcpm import VoxCPMVoice
from ditar_studio.errors import StudioError
from ditar_studio.inference.voxcpm.checkpoint import main_weights
from ditar_studio.inference.voxcpm.voice_lora import LoraCard, VoiceLora
from ditar_studio.model.voxcpm.objective import Example
from ditar_studio.model.voxcpm.trainable import TrainableVoxCPM
from ditar_studio.model.voxcpm.voxcpm import Prompt

if TYPE_CHECKING:
    from ditar_studio.engine.attempt import Attempt
    from ditar_studio.engine.speech_model import PreparedVoice, Verification
    from ditar_studio.engine.tuning_events import Level
    from ditar_studio.engine.voice import Reference
    from ditar_studio.engine.voxcpm import VoxCPMModel

_QUICK_STEPS = 40
_STEPS_A_MINUTE, _MOST_STEPS = 300, 1000
"""1000 is what the family's own configurations take for hours of speech."""

_BEHIND_ANOTHER = 0.5
"""Share of the examples that stand behind another clip of the voice, as what is spoken does."""


def plan_of(level: Level, seconds: float, seed: int = 0) -> LoraPlan:
    """Return how a voice with so many seconds of speech is tuned."""
    if level == "quick":
        return LoraPlan(_QUICK_STEPS, seed=seed)
    steps = max(3 * _QUICK_STEPS, min(_MOST_STEPS, round(_STEPS_A_MINUTE * seconds / 60)))
    return LoraPlan(steps, seed=seed)


@dataclass(frozen=True, eq=False)
class _Excerpt:
    """A clip with its words: [T, P, D] latents, silence filled up on the left and on the right."""

    words: str
    left: torch.Tensor
    right: torch.Tensor
    seconds: float


class LoraTuning:
    """The fine-tuning of one voice; implements `VoiceTuning`."""

    shares: tuple[float, ...] = 1.0, 0.6, 0.3

    def __init__(
        self, model: VoxCPMModel, references: Sequence[Reference], level: Level, seed: int
    ) -> None:
        self._model, self._references = model, references
        self._level, self._seed = level, seed
        self.settings: dict[str, float | str] = {"level": level}

    def instant(self) -> VoxCPMVoice:
        """Return the voice as it is; see `VoiceTuning`.

        Raises:
            StudioError: the first clip can't be used, or no clip's words are known.
        """
        self._clips = self._excerpts()
        reference = replace(self._references[0], adapter=None, further=())
        voice = prepare(self._model, reference)
        assert isinstance(voice, VoxCPMVoice)
        self._ear = ReaderListener()
        self._speaker = self._ear.embedding(trim_and_level(reference.clip()))
        self._instant = voice
        return voice

    def estimate(self) -> float:
        """Return what training will take, as measured."""
        self._seconds = sum(clip.seconds for clip in self._clips)
        plan = plan_of(self._level, self._seconds, self._seed)
        self.settings |= asdict(plan)
        trained = TrainableVoxCPM(
            self._model.config,
            main_weights(self._model.folder),
            torch.device(training_device()),
            torch.Generator().manual_seed(plan.seed),
        )
        self._tuner = LoraTuner(trained, self._draw, plan)
        return self._tuner.measure()

    def trainer(self) -> LoraTuner:
        """Return what `estimate` got ready."""
        return self._tuner

    def tuned(self, share: float) -> VoxCPMVoice:
        """Return the voice as it was trained; see `VoiceTuning`."""
        self._lora = VoiceLora(
            LoraCard(model_hash=self._model.info.weights_hash, model_name=self._model.info.name),
            self._tuner.result(share),
        )
        runtime = self._model.with_lora(self._lora.additions())
        return replace(self._instant, runtime=runtime, prefilled=None)

    def verify(self, sentence: str, attempt: Attempt) -> Verification:
        """Return what the built-in model's reader and speaker encoder recognised; see
        `VoiceTuning`.
        """
        samples = np.concatenate([piece.samples for piece in attempt.pieces])
        clip = Clip(samples, self._model.info.sample_rate)
        return self._ear.verification(clip, sentence, self._speaker)

    def result(
        self,
        share: float,
        voice: PreparedVoice,
        clips: tuple[str, ...],
        figures: tuple[dict[str, float], dict[str, float]],
    ) -> VoiceLora:
        """Return what to keep; see `VoiceTuning`."""
        card = replace(
            self._lora.card,
            clips=clips,
            seconds=round(self._seconds, 2),
            settings={**self.settings, "share": share},
            before=figures[0],
            after=figures[1],
        )
        return VoiceLora(card, self._lora.lora)

    def _excerpts(self) -> list[_Excerpt]:
        """Return the clips whose words are known, as far as they can be used, up to
        `MOST_SECONDS`.
        """
        found: list[_Excerpt] = []
        left = MOST_SECONDS
        for reference in self._references:
            words = " ".join(reference.transcript.split())
            try:
                clip = trim(reference.clip())
                check_length(clip)
            except StudioError:
                if reference is self._references[0]:
                    raise
                continue
            if words and clip.seconds <= left:
                left -= clip.seconds
                # Clones, as what inference gave can't be differentiated through.
                before = self._model.latents(clip, "left").clone()
                after = self._model.latents(clip, "right").clone()
                found.append(_Excerpt(words, before, after, clip.seconds))
        if not found:
            raise StudioError(
                "To fine-tune a voice this model needs to know what is said in its recordings.",
                "Write down the words that are spoken in one of them.",
            )
        return found

    def _draw(self, generator: torch.Generator) -> Example:
        """Return speech of the voice: by itself, or behind another clip or reference of it."""

        def choose(count: int) -> int:
            return int(torch.randint(count, (), generator=generator))

        def chance(share: float) -> bool:
            return float(torch.rand((), generator=generator)) < share

        number = choose(len(self._clips))
        clip = self._clips[number]
        if len(self._clips) == 1 or not chance(_BEHIND_ANOTHER):
            return Example(Prompt(self._model.tokens(clip.words)), clip.right)
        other = self._clips[(number + 1 + choose(len(self._clips) - 1)) % len(self._clips)]
        if self._model.config.generation == 2 and chance(0.5):
            return Example(Prompt(self._model.tokens(clip.words), other.right), clip.right)
        words = self._model.tokens(other.words + clip.words)
        return Example(Prompt(words, None, other.left), clip.right)
