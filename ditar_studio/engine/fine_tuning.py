"""Fine-tuning a voice: from clips of it to weights of its own, verified by the model itself.

The voice speaks fixed sentences before and after. The tuned one is kept if the model's reader makes
out the words as well as before and its speaker encoder takes it for the person of the reference;
else it is taken less far, and if that doesn't help either, the instant voice stays.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ditar_studio.engine.attempt import Attempt, Work
from ditar_studio.engine.native import EncodedClip, NativeModel
from ditar_studio.engine.native_utterance import NativeVoice
from ditar_studio.engine.speech_model import SpeechModel, Verification
from ditar_studio.engine.tuner import Tuner, TuningPlan
from ditar_studio.engine.tuning_clips import speech_of
from ditar_studio.engine.tuning_data import collect
from ditar_studio.engine.tuning_events import (
    InstantStays,
    Level,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.engine.voice import Reference, check_length, trim_and_level
from ditar_studio.errors import StudioError
from ditar_studio.inference.adapter import AdapterCard, VoiceAdapter

METHOD = "2"
"""Of tuning; what was tuned by an earlier one is not taken for what this one would make."""

PROBES = (
    "The ferry leaves the harbour every morning at eight.",
    "She found an old photograph inside a dusty book.",
    "Please wash your hands before you touch the cheese.",
    "Why would nobody choose the shorter road?",
)
_SHARES = (1.0, 0.6, 0.3)
"""Of the way from the model's own weights to the tuned ones, tried in this order."""

_WORSE = 0.03
"""So much larger a share of wrong sounds is put down to chance."""

_SAME_PERSON = 0.7
"""Two recordings of one person have a likeness of 0.79 on average. Instant voices often have 0.9,
as embeddings of the same encoder steer them: that is not closer to the person."""

_SAVED_EVERY = 20.0  # seconds
_DRAWS = 4
_QUICK_STEPS = 20
_STEPS_A_MINUTE, _MOST_STEPS = 240, 480


def plan_of(level: Level, seconds: float, seed: int = 0) -> TuningPlan:
    """How a voice with so many seconds of speech is tuned."""
    if level == "quick":
        return TuningPlan(steps=_QUICK_STEPS, rate=2e-4, seed=seed)
    steps = max(2 * _QUICK_STEPS, min(_MOST_STEPS, round(_STEPS_A_MINUTE * seconds / 60)))
    return TuningPlan(steps=steps, rate=2e-4, seed=seed)


def fine_tune(
    model: SpeechModel,
    references: Sequence[Reference],
    level: Level = "quick",
    *,
    seed: int = 0,
    control: TuningControl | None = None,
    checkpoint: Path | None = None,
) -> Iterator[TuningEvent]:
    """Fine-tune a voice while the events are drawn.

    Args:
        model: the model that is to speak in it.
        references: clips of the voice; it speaks from the first.
        level: how much time is taken.
        seed: the same seed gives the same result on the same machine.
        control: pauses and cancels.
        checkpoint: a file from which the same tuning goes on after a crash; gone afterwards.

    Yields:
        `TuningProgress`, at the end one of `VoiceTuned`, `InstantStays` and `TuningCancelled`.

    Raises:
        StudioError: the model can't be fine-tuned, or the clips can't be used.
    """
    if not isinstance(model, NativeModel) or not model.info.fine_tunes:
        raise StudioError(
            f"Voices of {model.info.name} can't be fine-tuned.", "Choose the built-in model."
        )
    if not references:
        raise StudioError("The voice has no recording.", "Add one.")
    run = _Run(model, references, level, seed, control or TuningControl(), checkpoint)
    try:
        yield from run.events()
    except MemoryError as error:
        raise StudioError(
            "There is not enough memory to fine-tune the voice.", "Close other programs."
        ) from error


class _Run:
    """One tuning in progress."""

    def __init__(
        self,
        model: NativeModel,
        references: Sequence[Reference],
        level: Level,
        seed: int,
        control: TuningControl,
        checkpoint: Path | None,
    ) -> None:
        self._model, self._references, self._level = model, references, level
        self._seed, self._control, self._checkpoint = seed, control, checkpoint
        self._spent = self._probe_seconds = 0.0  # while it was at work itself
        self._progress = TuningProgress(0.0, None)

    def events(self) -> Iterator[TuningEvent]:
        yield self._progress
        start = time.monotonic()
        clip = trim_and_level(self._references[0].clip())
        check_length(clip)
        encoded = self._model.encode(clip, self._references[0].transcript)
        instant = self._model.corrected(encoded, encoded.voice)
        self._spent += time.monotonic() - start
        before = yield from self._probe(instant)
        start = time.monotonic()
        tuner = None if self._control.cancelled.is_set() else self._tuner(instant)
        self._spent += time.monotonic() - start
        if tuner is not None:
            with tuner:
                yield from self._train(tuner)
        if tuner is None or self._control.cancelled.is_set():
            self._delete_checkpoint()
            yield TuningCancelled()
            return
        yield (yield from self._choose(tuner, encoded, before))
        self._delete_checkpoint()

    def _tuner(self, voice: NativeVoice) -> Tuner:
        network = self._model.runtime.model
        clips = speech_of(self._model, self._references)
        self._seconds = sum(len(each.latents) for each in clips) / network.config.vae.latent_rate
        plan = plan_of(self._level, self._seconds, self._seed)
        self._clips = tuple(reference.hash() for reference in self._references)
        embedding = voice.speaker
        assert embedding is not None
        assert network.voice is not None
        generator = torch.Generator().manual_seed(self._seed)
        with torch.no_grad():
            patches = collect(network, clips, embedding, plan.losses, _DRAWS, generator)
            condition = network.voice(embedding[None])[1][0]
        tuner = Tuner(network.locdit, condition, patches, plan)
        values = [self._model.info.weights_hash, self._clips, asdict(plan)]
        self._key = hashlib.sha256(json.dumps(values).encode()).hexdigest()
        if self._checkpoint is not None:
            tuner.resume(self._checkpoint, self._key)
        return tuner

    def _train(self, tuner: Tuner) -> Iterator[TuningEvent]:
        first, trained, saved = tuner.step, 0.0, time.monotonic()
        while not tuner.done:
            self._control.wait()
            if self._control.cancelled.is_set():
                return
            start = time.monotonic()
            tuner.advance()
            now = time.monotonic()
            trained += now - start
            a_step = trained / (tuner.step - first)
            remaining = a_step * (tuner.plan.steps - tuner.step) + 1.2 * self._probe_seconds
            elapsed = self._spent + trained
            self._progress = TuningProgress(elapsed / (elapsed + remaining), remaining)
            yield self._progress
            if self._checkpoint is not None and now - saved > _SAVED_EVERY:
                tuner.save(self._checkpoint, self._key)
                saved = now

    def _choose(
        self, tuner: Tuner, encoded: EncodedClip, before: Verification
    ) -> Generator[TuningProgress, None, TuningEvent]:
        """The furthest that the voice can go without losing words."""
        best: Verification | None = None
        for share in _SHARES:
            locdit, shift = tuner.result(share)
            level = tuner.plan.highest
            tuned = self._model.runtime.tuned(locdit, shift, level)
            # What was tuned for long knows the voice better than its embedding does.
            correct = self._model.corrected if self._level == "quick" else self._model.with_timbre
            voice = correct(encoded, replace(encoded.voice, tuned=tuned))
            after = yield from self._probe(voice)
            if self._control.cancelled.is_set():
                return TuningCancelled()
            if best is None or after.score > best.score:
                best = after
            if not _better(after, before):
                continue
            weights = {name: weight.bfloat16() for name, weight in locdit.state_dict().items()}
            card = AdapterCard(
                model_hash=self._model.info.weights_hash,
                highest=level,
                clips=self._clips,
                seconds=round(self._seconds, 2),
                settings={"level": self._level, "share": share, **asdict(tuner.plan)},
                before=_figures(before),
                after=_figures(after),
            )
            return VoiceTuned(VoiceAdapter(card, weights, shift, voice.timbre, voice.prompt.voice))
        assert best is not None
        return InstantStays(_reason(best, before), _figures(before), _figures(best))

    def _probe(self, voice: NativeVoice) -> Generator[TuningProgress, None, Verification]:
        """Verify the probe sentences, spoken in a voice; between two of them others may have the
        thread."""
        info, settings = self._model.info, self._model.info.default_settings
        checks: list[Verification] = []
        spent = 0.0
        for number, sentence in enumerate(PROBES):
            if number:
                yield self._progress
            start = time.monotonic()
            generator = torch.Generator().manual_seed(number)
            utterance = self._model.begin(sentence, voice, settings, generator)
            attempt = Attempt(utterance, settings, info, self._control.cancelled, Work())
            for _ in attempt.make():
                pass
            if self._control.cancelled.is_set():
                break
            attempt.verify()
            assert attempt.verification is not None
            checks.append(attempt.verification)
            spent += time.monotonic() - start
        self._probe_seconds = spent
        self._spent += spent
        likeness = sum(each.likeness or 0.0 for each in checks) / max(1, len(checks))
        return Verification(
            sum(each.sounds for each in checks), sum(each.errors for each in checks), likeness
        )

    def _delete_checkpoint(self) -> None:
        if self._checkpoint is not None:
            self._checkpoint.unlink(missing_ok=True)


def _better(after: Verification, before: Verification) -> bool:
    return _like(after, before) and after.error_rate <= before.error_rate + _WORSE


def _like(after: Verification, before: Verification) -> bool:
    likeness = after.likeness or 0.0
    return likeness >= _SAME_PERSON or likeness > (before.likeness or 0.0)


def _reason(after: Verification, before: Verification) -> str:
    if not _like(after, before):
        return "The voice would not have come closer to the recording."
    return "The words would have become less clear."


def _figures(check: Verification) -> dict[str, float]:
    return {
        "error_rate": round(check.error_rate, 4),
        "likeness": round(check.likeness or 0.0, 4),
    }
