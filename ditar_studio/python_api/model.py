"""A loaded model as the Python API gives it: it clones voices and speaks."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.python_api.audio import Audio
from ditar_studio.python_api.stream import AudioStream
from ditar_studio.python_api.voice import Voice, VoiceSource
from ditar_studio.services.generation_settings import GenerationSettings
from ditar_studio.services.loaded_model import VoiceCache
from ditar_studio.services.speaking import GenerationRequest, SpokenLine
from ditar_studio.services.voice_library import others_named
from ditar_studio.text.ssml import read_marked

if TYPE_CHECKING:
    from typing_extensions import TypedDict, Unpack

    from ditar_studio.services.loaded_model import Precision, SpeechModel
    from ditar_studio.text.lexicon import Lexicon

    class SettingChanges(TypedDict, total=False):
        """Fields of `GenerationSettings` that are to differ."""

        temperature: float
        guidance: float
        steps: int
        seed: int
        max_seconds: float
        stop_threshold: float
        pause_seconds: float
        exact_patches: int | None
        mode: str | None
        style: str | None
        candidates: int
        verify: bool
        retries: int


Text: TypeAlias = "str | Sequence[str]"


def load_model(
    name: str | os.PathLike[str] | None = None,
    *,
    precision: Precision | None = None,
    threads: int | None = None,
) -> Model:
    """Load a model. It takes about a second and stays in memory as long as it is referred to.

    Args:
        name: of an installed model (see ``ditar-studio models list``), or a model's folder; None
            for the built-in model.
        precision: fp32, bf16 or int8, as far as the model has it; None lets it choose.
        threads: cores to use, 1 to 256; None for all, up to 8. It holds for the whole process.

    Raises:
        StudioError: there is no such model, or its files can't be used.
    """
    from ditar_studio.services import loaded_model
    from ditar_studio.services.machine import default_threads, use_threads
    from ditar_studio.services.models import located

    if threads is not None and not 1 <= threads <= 256:
        raise StudioError(f"{threads} threads can't be used.", "Choose a number from 1 to 256.")
    model = loaded_model.load_model(located(name), precision)
    use_threads(threads or default_threads(model.info.parameters, beside_interface=False))
    return Model(model)


class Model:
    """A loaded model. Made by `load_model`.

    Any number of threads and tasks may use one model. Its work is done patch by patch, a tenth of
    a second of speech at a time, under one lock: streams that run at the same time take turns, and
    what one says doesn't depend on the others.
    """

    def __init__(self, model: SpeechModel) -> None:
        self._model = model
        self._voices = VoiceCache(model)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.info.name

    @property
    def rate(self) -> int:
        """Samples per second of what it says."""
        return self._model.info.sample_rate

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that it reads, in ISO 639-1."""
        return self._model.info.languages

    @property
    def modes(self) -> tuple[str, ...]:
        """Values of the setting `mode`; empty where there is one way only."""
        return self._model.info.modes

    @property
    def settings(self) -> GenerationSettings:
        """The settings that it sounds best with, which hold where nothing else is given."""
        return self._model.info.default_settings

    def voice(
        self,
        source: VoiceSource,
        transcript: str = "",
        *,
        fine_tune: Literal["off", "quick", "thorough"] = "off",
    ) -> Voice:
        """Make a voice ready, so that speaking begins at once.

        Args:
            source: see `Voice.of`.
            transcript: the words spoken in a recording. The built-in model reads them itself.
            fine_tune: make the voice closer to its recording: quick takes a quarter of a minute,
                thorough minutes. The result is kept in the user's cache, by content.

        Raises:
            StudioError: the voice can't be used, or this model can't be fine-tuned.
        """
        voice = Voice.of(source, transcript)
        with self._lock:
            if fine_tune != "off":
                from ditar_studio.services.fine_tuning import TunedReferences

                tuned = TunedReferences(self._model, fine_tune, lambda event: None)
                voice = dataclasses.replace(voice, reference=tuned.get(voice.reference))
            try:
                self._voices.get(voice.reference)
            except OtherModelError:  # the instant voice speaks then, and a warning tells it
                self._voices.get(dataclasses.replace(voice.reference, adapter=None))
        return voice

    def stream(
        self,
        text: Text,
        voice: VoiceSource | None = None,
        *,
        settings: GenerationSettings | None = None,
        pronunciations: Mapping[str, str] | None = None,
        **changes: Unpack[SettingChanges],
    ) -> AudioStream:
        """Speak, and give sound while it is made.

        Args:
            text: what to say; several texts are spoken with pauses between them.
            voice: who says it; None for the model's own voice, or the first sample voice where it
                has none.
            settings: how; None for the model's own settings.
            pronunciations: word -> how it is said, respelled ("dee tar") or in IPA between slashes.
            changes: fields of `GenerationSettings` that differ from `settings`.

        Returns:
            Pieces of sound, for ``for`` and ``async for``. Speaking begins with the first.

        Raises:
            StudioError: a setting, the voice or a pronunciation can't be used.
        """
        chosen = dataclasses.replace(settings or self.settings, **changes)
        texts = [read_marked(each) for each in ([text] if isinstance(text, str) else text)]
        who = self._default_voice() if voice is None else Voice.of(voice)
        request = GenerationRequest(
            tuple(SpokenLine(each) for each in texts),
            who.reference if who else None,
            chosen,
            _lexicon(pronunciations),
            others_named(texts),
        )
        name = who.name if who else ""
        return AudioStream(self._model, request, self._voices, self._lock, name)

    def speak(
        self,
        text: Text,
        voice: VoiceSource | None = None,
        *,
        settings: GenerationSettings | None = None,
        pronunciations: Mapping[str, str] | None = None,
        **changes: Unpack[SettingChanges],
    ) -> Audio:
        """Speak, and give all of it: what `stream` gives, joined.

        Raises:
            StudioError: it can't be spoken.
        """
        with self.stream(
            text, voice, settings=settings, pronunciations=pronunciations, **changes
        ) as stream:
            return stream.collect()

    async def voice_async(self, source: VoiceSource, transcript: str = "") -> Voice:
        """Do what `voice` does, in another thread."""
        return await asyncio.to_thread(self.voice, source, transcript)

    async def speak_async(
        self,
        text: Text,
        voice: VoiceSource | None = None,
        *,
        settings: GenerationSettings | None = None,
        pronunciations: Mapping[str, str] | None = None,
        **changes: Unpack[SettingChanges],
    ) -> Audio:
        """Do what `speak` does in other threads, until the task is done or cancelled."""
        stream = await asyncio.to_thread(
            self.stream, text, voice, settings=settings, pronunciations=pronunciations, **changes
        )
        async with stream:
            parts = [part async for part in stream]
        return stream.joined(parts)

    def _default_voice(self) -> Voice | None:
        if not self._model.info.needs_voice:
            return None
        from ditar_studio.sample_voices import sample_voices

        return Voice.of(sample_voices()[0].name)

    def __repr__(self) -> str:
        return f"<Model “{self.name}”>"


def _lexicon(pronunciations: Mapping[str, str] | None) -> Lexicon | None:
    if not pronunciations:
        return None
    from ditar_studio.text.lexicon import Lexicon

    return Lexicon(dict(pronunciations))
