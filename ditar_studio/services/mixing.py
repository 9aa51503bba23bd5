"""New voices between voices of the library, marked as made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine.mixing import MixedVoice, mix
from ditar_studio.errors import StudioError
from ditar_studio.services.metadata import mark
from ditar_studio.services.references import reference_of
from ditar_studio.store.voice import NewSample, Voice

if TYPE_CHECKING:
    import threading

    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import VoiceCache
    from ditar_studio.store.library import Library

__all__ = ["MOST_VOICES", "Ingredient", "MixedVoice", "mix_clip", "mix_voice", "shares"]

MOST_VOICES = 8
TAG = "mixed"


@dataclass(frozen=True)
class Ingredient:
    """A voice in a mixture, and its share of it, above 0."""

    voice: Voice
    share: float


def shares(ingredients: Sequence[Ingredient]) -> tuple[tuple[str, float], ...]:
    """Return names and shares of the voices of a mixture; the shares are 1 together.

    Raises:
        StudioError: fewer than two voices, too many, or one twice.
    """
    used = [each for each in ingredients if each.share > 0]
    if len({each.voice.id for each in used}) != len(used):
        raise StudioError("A voice is in the mixture twice.", "Name it only once.")
    if not 2 <= len(used) <= MOST_VOICES:
        raise StudioError(
            f"A mixture has 2 to {MOST_VOICES} voices.", "Choose others, or give them a share."
        )
    total = sum(each.share for each in used)
    return tuple((each.voice.name, round(each.share / total, 4)) for each in used)


def mix_clip(
    model: SpeechModel,
    ingredients: Sequence[Ingredient],
    cancel: threading.Event,
    voices: VoiceCache | None = None,
) -> Clip | None:
    """Return a sentence in a voice between voices; None if it was cancelled. Nothing is kept.

    Raises:
        StudioError: see `shares` and `engine.mixing.mix`.
    """
    made = _mixed(model, ingredients, cancel, voices, whole=False)
    return made.clip if made is not None else None


def mix_voice(
    library: Library,
    model: SpeechModel,
    name: str,
    ingredients: Sequence[Ingredient],
    cancel: threading.Event,
    voices: VoiceCache | None = None,
) -> Voice | None:
    """Save a voice between voices; None if it was cancelled.

    It has a sample of its own, which the model spoke, and can be used, fine-tuned and carried away
    as any other. What it was mixed of stays with it; so does the consent to each of its voices.

    Raises:
        StudioError: see `shares` and `engine.mixing.mix`.
    """
    if not name.strip():
        raise StudioError("A voice needs a name.", "Type a name.")
    made_of = shares(ingredients)
    made = _mixed(model, ingredients, cancel, voices, whole=True)
    if made is None:
        return None
    voices_used = [each.voice for each in ingredients if each.share > 0]
    consents = [f"{voice.name}: {voice.consent}" for voice in voices_used if voice.consent]
    with tempfile.TemporaryDirectory(prefix="ditar-mix-") as folder:
        path = Path(folder) / "mixed.wav"
        with StreamingWavWriter(path, made.clip.sample_rate, "PCM_24", comment=mark()) as writer:
            writer.append(made.clip.samples)
        return library.voices.create(
            name.strip(),
            [NewSample(path, made.transcript)],
            consent="\n".join(consents),
            tags=[TAG],
            made_of=made_of,
        ).value


def _mixed(
    model: SpeechModel,
    ingredients: Sequence[Ingredient],
    cancel: threading.Event,
    voices: VoiceCache | None,
    *,
    whole: bool,
) -> MixedVoice | None:
    shares(ingredients)
    parts = [(reference_of(each.voice), each.share) for each in ingredients if each.share > 0]
    return mix(model, parts, cancel, voices, whole=whole)
