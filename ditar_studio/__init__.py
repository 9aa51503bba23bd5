"""DiTAR Studio: clone a voice on your own computer with a diffusion transformer that streams.

    import ditar_studio as ds

    model = ds.load_model()
    voice = model.voice("me.wav")
    for chunk in model.stream("Hello.", voice):
        play(chunk.samples, chunk.rate)
    ds.speak("Hello.", "Emma").save("hello.wav")

What this module names is the public Python API; everything else may change with any version. Its
names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from ditar_studio.version import __version__

if TYPE_CHECKING:
    from ditar_studio.engine.settings import GenerationSettings
    from ditar_studio.errors import StudioError
    from ditar_studio.python_api.audio import Audio, Word
    from ditar_studio.python_api.model import Model, load_model
    from ditar_studio.python_api.shared import speak, stream
    from ditar_studio.python_api.stream import AudioStream
    from ditar_studio.python_api.voice import Voice, voice_names

__all__ = [
    "Audio",
    "AudioStream",
    "GenerationSettings",
    "Model",
    "StudioError",
    "Voice",
    "Word",
    "__version__",
    "load_model",
    "speak",
    "stream",
    "voice_names",
]

_HOMES = {
    "Audio": "python_api.audio",
    "AudioStream": "python_api.stream",
    "GenerationSettings": "engine.settings",
    "Model": "python_api.model",
    "StudioError": "errors",
    "Voice": "python_api.voice",
    "Word": "python_api.audio",
    "load_model": "python_api.model",
    "speak": "python_api.shared",
    "stream": "python_api.shared",
    "voice_names": "python_api.voice",
}

# Patches are made of thousands of small operations. Threads that wait for each other by spinning
# for as long as OpenMP's do by default take the cores from interface and sound, and stand still for
# a time slice wherever another program wants a core: twenty times slower was measured. A short spin
# (about a tenth of a millisecond) is as fast on a quiet machine. Read by torch when it is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
