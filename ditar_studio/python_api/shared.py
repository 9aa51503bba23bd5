"""Speaking without a model in hand: the built-in one, loaded once for the process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ditar_studio.python_api.audio import Audio
from ditar_studio.python_api.model import Model, Text, load_model
from ditar_studio.python_api.stream import AudioStream
from ditar_studio.python_api.voice import VoiceSource
from ditar_studio.services.generation_settings import GenerationSettings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ditar_studio.python_api.model import SettingChanges

_lock = threading.Lock()
_model: Model | None = None


def shared_model() -> Model:
    """Return the built-in model, loaded at the first call.

    Raises:
        StudioError: it can't be loaded.
    """
    global _model
    with _lock:
        if _model is None:
            _model = load_model()
        return _model


def speak(
    text: Text,
    voice: VoiceSource | None = None,
    *,
    settings: GenerationSettings | None = None,
    pronunciations: Mapping[str, str] | None = None,
    **changes: Unpack[SettingChanges],
) -> Audio:
    """Speak with the built-in model; see `Model.speak`.

    Raises:
        StudioError: it can't be spoken.
    """
    return shared_model().speak(
        text, voice, settings=settings, pronunciations=pronunciations, **changes
    )


def stream(
    text: Text,
    voice: VoiceSource | None = None,
    *,
    settings: GenerationSettings | None = None,
    pronunciations: Mapping[str, str] | None = None,
    **changes: Unpack[SettingChanges],
) -> AudioStream:
    """Speak with the built-in model while it is made; see `Model.stream`.

    Raises:
        StudioError: a setting, the voice or a pronunciation can't be used.
    """
    return shared_model().stream(
        text, voice, settings=settings, pronunciations=pronunciations, **changes
    )
