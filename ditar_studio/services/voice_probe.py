"""A voice with and without its fine-tuning, speaking the same sentence for comparison."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.generate import generate
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.engine.voice import Reference
from ditar_studio.services.machine import Speed
from ditar_studio.services.references import reference_of
from ditar_studio.text.lexicon import Lexicon

if TYPE_CHECKING:
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import VoiceCache
    from ditar_studio.store.voice import Voice

_SENTENCE = "This is how the voice sounds. Would anyone take it for a recording?"


def speak_test(
    model: SpeechModel, voices: VoiceCache, reference: Reference, cancel: threading.Event
) -> Clip:
    """Speak two short sentences in the voice of a reference that is in no library yet.

    Raises:
        StudioError: the reference can't be used, or speaking failed.
    """
    request = GenerationRequest.of(_SENTENCE, reference, model.info.default_settings)
    return generate(model, request, cancel, voices).clip


def speak_word(
    model: SpeechModel,
    voices: VoiceCache,
    voice: Voice | None,
    word: str,
    pronunciation: str,
    cancel: threading.Event,
) -> Clip:
    """Speak one word as a pronunciation has it.

    Raises:
        StudioError: it can't be spoken.
    """
    reference = reference_of(voice) if voice is not None and voice.reference else None
    request = GenerationRequest(
        (SpokenLine(f"{word}."),),
        reference,
        model.info.default_settings,
        Lexicon({word: pronunciation}),
    )
    return generate(model, request, cancel, voices).clip


def measure_speed(
    model: SpeechModel, voices: VoiceCache, voice: Voice | None, cancel: threading.Event
) -> Speed:
    """Speak two short sentences and say how fast that was.

    Raises:
        StudioError: speaking failed.
    """
    reference = reference_of(voice) if voice is not None else None
    request = GenerationRequest.of(_SENTENCE, reference, model.info.default_settings)
    stats = generate(model, request, cancel, voices).stats
    return Speed(1 / stats.rtf if stats.rtf else 0.0, stats.first_patch_seconds)


def speak_probes(
    model: SpeechModel, voices: VoiceCache, voice: Voice, cancel: threading.Event
) -> tuple[Clip, Clip]:
    """Speak two short sentences as the instant voice and as the fine-tuned one, from one seed.

    Raises:
        StudioError: the voice has no sample, or speaking failed.
    """
    tuned = reference_of(voice)
    settings = model.info.default_settings
    first, second = (
        generate(model, GenerationRequest.of(_SENTENCE, reference, settings), cancel, voices).clip
        for reference in (replace(tuned, adapter=None), tuned)
    )
    return first, second
