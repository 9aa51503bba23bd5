"""Fine-tuning voices of the built-in model: LocDiT and the voice vectors learn, see `tuner`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import torch

from ditar_studio.engine.native_utterance import NativeVoice
from ditar_studio.engine.tuner import Tuner, TuningPlan
from ditar_studio.engine.tuning_clips import speech_of
from ditar_studio.engine.tuning_data import collect
from ditar_studio.engine.voice import check_length, trim_and_level
from ditar_studio.inference.adapter import AdapterCard, VoiceAdapter

if TYPE_CHECKING:
    from ditar_studio.engine.attempt import Attempt
    from ditar_studio.engine.native import NativeModel
    from ditar_studio.engine.speech_model import PreparedVoice, Verification
    from ditar_studio.engine.tuning_events import Level
    from ditar_studio.engine.voice import Reference

_DRAWS = 4
_QUICK_STEPS = 20
_STEPS_A_MINUTE, _MOST_STEPS = 240, 480

_SHARES: dict[Level, tuple[float, ...]] = {"quick": (0.7, 0.5, 0.3), "thorough": (0.8, 0.6, 0.3)}
"""By level, see `VoiceTuning`. What is beyond brings little likeness, and costs words."""


def plan_of(level: Level, seconds: float, seed: int = 0) -> TuningPlan:
    """Return how a voice with so many seconds of speech is tuned."""
    if level == "quick":
        return TuningPlan(steps=_QUICK_STEPS, rate=2e-4, seed=seed)
    steps = max(2 * _QUICK_STEPS, min(_MOST_STEPS, round(_STEPS_A_MINUTE * seconds / 60)))
    return TuningPlan(steps=steps, rate=2e-4, seed=seed)


class NativeTuning:
    """The fine-tuning of one voice; implements `VoiceTuning`."""

    def __init__(
        self, model: NativeModel, references: Sequence[Reference], level: Level, seed: int
    ) -> None:
        self._model, self._references = model, references
        self._level, self._seed = level, seed
        self.settings: dict[str, float | str] = {"level": level, "seed": seed}
        self.shares = _SHARES[level]

    def instant(self) -> NativeVoice:
        """Return the voice as it is; see `VoiceTuning`.

        Raises:
            StudioError: the first clip can't be used.
        """
        clip = trim_and_level(self._references[0].clip())
        check_length(clip)
        self._encoded = self._model.encode(clip, self._references[0].transcript)
        self._instant = self._model.corrected(self._encoded, self._encoded.voice)
        return self._instant

    def estimate(self) -> float | None:
        """Return None: it takes minutes at most."""
        return None

    def trainer(self) -> Tuner:
        """Get ready to train; see `VoiceTuning`."""
        network = self._model.runtime.model
        clips = speech_of(self._model, self._references)
        self._seconds = sum(len(each.latents) for each in clips) / network.config.vae.latent_rate
        plan = plan_of(self._level, self._seconds, self._seed)
        self.settings |= asdict(plan)
        embedding = self._instant.speaker
        assert embedding is not None
        assert network.voice is not None
        generator = torch.Generator().manual_seed(self._seed)
        with torch.no_grad():
            patches = collect(network, clips, embedding, plan.losses, _DRAWS, generator)
            condition = network.voice(embedding[None])[1][0]
        self._tuner = Tuner(network.locdit, condition, patches, plan)
        return self._tuner

    def tuned(self, share: float) -> NativeVoice:
        """Return the voice as it was trained; see `VoiceTuning`."""
        self._locdit, self._shift = self._tuner.result(share)
        tuned = self._model.runtime.tuned(self._locdit, self._shift, self._tuner.plan.highest)
        # What was tuned for long knows the voice better than its embedding does.
        correct = self._model.corrected if self._level == "quick" else self._model.with_timbre
        return correct(self._encoded, replace(self._encoded.voice, tuned=tuned))

    def verify(self, sentence: str, attempt: Attempt) -> Verification:
        """Return what the model's own reader and speaker encoder recognised; see `VoiceTuning`."""
        attempt.verify()
        assert attempt.verification is not None, f"“{sentence}” was not heard"
        return attempt.verification

    def result(
        self,
        share: float,
        voice: PreparedVoice,
        clips: tuple[str, ...],
        figures: tuple[dict[str, float], dict[str, float]],
    ) -> VoiceAdapter:
        """Return what to keep; see `VoiceTuning`."""
        assert isinstance(voice, NativeVoice)
        weights = {name: weight.bfloat16() for name, weight in self._locdit.state_dict().items()}
        card = AdapterCard(
            model_hash=self._model.info.weights_hash,
            highest=self._tuner.plan.highest,
            clips=clips,
            seconds=round(self._seconds, 2),
            settings={**self.settings, "share": share},
            before=figures[0],
            after=figures[1],
        )
        return VoiceAdapter(card, weights, self._shift, voice.timbre, voice.prompt.voice)
