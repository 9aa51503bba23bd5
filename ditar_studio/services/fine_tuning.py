"""The fine-tuning of voices: of those in the library, and of references that are in none."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import assert_never

import platformdirs

from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.tuning_events import InstantKept as InstantKept
from ditar_studio.engine.tuning_events import Level as Level
from ditar_studio.engine.tuning_events import TuningCancelled as TuningCancelled
from ditar_studio.engine.tuning_events import TuningControl as TuningControl
from ditar_studio.engine.tuning_events import TuningEvent as TuningEvent
from ditar_studio.engine.tuning_events import TuningProgress as TuningProgress
from ditar_studio.engine.tuning_events import VoiceTuned as VoiceTuned
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.store.adapter import SUFFIX
from ditar_studio.store.library import Library
from ditar_studio.store.voice import Voice

_MOST_CACHED = 50
"""Fine-tuned voices of references that are in no library."""


def tune_voice(
    library: Library,
    voice_id: str,
    model: SpeechModel,
    level: Level,
    control: TuningControl | None = None,
) -> Iterator[TuningEvent]:
    """Fine-tune a voice of the library on all of its samples, and save the result.

    A tuning that was killed goes on where it was. What the voice was fine-tuned to before stays
    until then, and undo brings it back.

    Yields:
        Events of `engine.fine_tuning.fine_tune`; `VoiceTuned` once it is saved.

    Raises:
        StudioError: as there; or the voice is gone.
    """
    from ditar_studio.engine.fine_tuning import fine_tune

    voice = library.voices.get(voice_id)
    references = [Reference(sample.path, sample.transcript) for sample in voice.samples]
    checkpoint = library.root / "voices" / f".{voice_id}.tuning"
    events = fine_tune(model, references, level, control=control, checkpoint=checkpoint)
    for event in events:
        if isinstance(event, VoiceTuned):
            with tempfile.TemporaryDirectory(prefix="ditar-voice-") as folder:
                path = Path(folder) / f"voice{SUFFIX}"
                event.adapter.save(path)
                library.voices.fine_tune(voice_id, path)
        yield event


def is_outdated(voice: Voice, model: SpeechModel) -> bool:
    """Return whether a voice was fine-tuned for another model, or before its samples were what they
    are: fine-tuning it again then brings it up to date.
    """
    if voice.adapter is None:
        return False
    clips = [sample.hash for sample in voice.samples]
    other = voice.adapter.model_hash != model.info.weights_hash
    return other or list(voice.adapter.card.get("clips", [])) != clips


def export_lora(voice: Voice, folder: Path) -> None:
    """Write what a voice was fine-tuned to as a LoRA folder, which VoxCPM's own package loads.

    Args:
        voice: of the library.
        folder: to be made.

    Raises:
        StudioError: the voice isn't fine-tuned to a LoRA, or there is such a folder already.
    """
    from ditar_studio.inference.voxcpm import voice_lora

    adapter = voice.adapter
    if adapter is None or "model_name" not in adapter.card:
        raise StudioError(
            f"“{voice.name}” is not fine-tuned for a VoxCPM.",
            "Fine-tune it with such a model first.",
        )
    voice_lora.export_lora(adapter.checked(), str(adapter.card["model_name"]), folder)


class TunedReferences:
    """Fine-tunes references that are in no library, each once; the results are cached by
    content in the user's cache.

    Args:
        model: that is to speak.
        level: how much time is taken for each.
        on_event: called with every event of a tuning.
        folder: where to keep them; None for the user's cache.
    """

    def __init__(
        self,
        model: SpeechModel,
        level: Level,
        on_event: Callable[[TuningEvent], None],
        folder: Path | None = None,
    ) -> None:
        self._model, self._level, self._on_event = model, level, on_event
        self._folder = folder or platformdirs.user_cache_path("ditar-studio", False) / "voices"

    def get(
        self,
        reference: Reference,
        control: TuningControl | None = None,
        more: Sequence[Reference] = (),
    ) -> Reference:
        """Return a reference with what it was fine-tuned to, or as it is where that did not help or
        was cancelled.

        Args:
            reference: the recording that the voice speaks from.
            control: pauses and cancels.
            more: further recordings of it to fine-tune it on.

        Raises:
            StudioError: as `engine.fine_tuning.fine_tune`.
        """
        from ditar_studio.engine.fine_tuning import METHOD, fine_tune
        from ditar_studio.inference.voice_file import VERSION

        references = [reference, *more]
        clips = [each.hash() for each in references]
        parts = [VERSION, METHOD, self._model.info.weights_hash, *clips, self._level]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
        path, useless = self._folder / f"{key}{SUFFIX}", self._folder / f"{key}.instant"
        if useless.is_file():
            return reference
        if not path.is_file():
            for event in fine_tune(self._model, references, self._level, control=control):
                self._on_event(event)
                match event:
                    case TuningProgress():
                        pass
                    case VoiceTuned():
                        self._folder.mkdir(parents=True, exist_ok=True)
                        event.adapter.save(path)
                    case InstantKept():
                        self._folder.mkdir(parents=True, exist_ok=True)
                        useless.write_text(event.reason, encoding="utf-8")
                        return reference
                    case TuningCancelled():
                        return reference
                    case _:
                        assert_never(event)
            self._delete_oldest()
        path.touch()
        return dataclasses.replace(reference, adapter=path)

    def _delete_oldest(self) -> None:
        cached = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in cached[_MOST_CACHED:]:
            with contextlib.suppress(OSError):
                path.unlink()
