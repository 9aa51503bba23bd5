"""Noise removal by RNNoise (Valin 2018), an optional extra.

The extra is the package pyrnnoise, of which only the library inside is used: its own Python part
converts to 16 bits and wants a video framework.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.extras import Extra
from ditar_studio.errors import StudioError

DENOISING = Extra("Noise removal", "denoise", ("pyrnnoise",))

_RATE = 48000
_FULL_SCALE = 32768.0
_MOST_FRAMES_LATE = 4


def denoise(clip: Clip, amount: float = 1.0) -> Clip:
    """Return the clip with steady noise, hum and hiss taken out of it.

    Args:
        clip: of speech.
        amount: 1 leaves only what the network takes for speech, 0 leaves the clip as it is; between
            them both are mixed, which sounds less processed.

    Returns:
        As many samples at the same rate.

    Raises:
        StudioError: the extra is not installed or does not work here.
    """
    import soxr

    if not 0.0 <= amount <= 1.0:
        raise StudioError(f"An amount of {amount:g} is not possible.", "Choose one from 0 to 1.")
    DENOISING.require()
    if not len(clip.samples) or amount == 0.0:
        return clip
    rate = clip.sample_rate
    wide = soxr.resample(clip.samples, rate, _RATE, quality="HQ") if rate != _RATE else clip.samples
    clean = _process(np.asarray(wide, np.float32))
    if rate != _RATE:
        clean = soxr.resample(clean, _RATE, rate, quality="HQ")
    out = np.zeros(len(clip.samples), np.float32)
    count = min(len(out), len(clean))
    out[:count] = clean[:count]
    return Clip(amount * out + (1.0 - amount) * clip.samples, rate)


def _process(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    library = _library()
    size = int(library.rnnoise_get_frame_size())
    frames = -(-len(samples) // size) + _MOST_FRAMES_LATE
    sound = np.zeros(frames * size, np.float32)
    sound[: len(samples)] = samples * _FULL_SCALE
    pointer = ctypes.POINTER(ctypes.c_float)
    state = library.rnnoise_create(None)
    try:
        for first in range(0, len(sound), size):
            frame = sound[first : first + size].ctypes.data_as(pointer)
            library.rnnoise_process_frame(state, frame, frame)
    finally:
        library.rnnoise_destroy(state)
    # How late it is differs between versions of the library, but is a number of whole frames.
    late = max(
        (number * size for number in range(_MOST_FRAMES_LATE + 1)),
        key=lambda delay: float(np.dot(sound[delay : delay + len(samples)], samples)),
    )
    return sound[late : late + len(samples)] / np.float32(_FULL_SCALE)


@cache
def _library() -> ctypes.CDLL:
    """Return the shared library inside the package, found without importing the package."""
    spec = find_spec("pyrnnoise")
    assert spec is not None
    assert spec.origin is not None
    names = {"win32": "rnnoise.dll", "darwin": "librnnoise.dylib"}
    path = Path(spec.origin).parent / names.get(sys.platform, "librnnoise.so")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise StudioError(
            "Noise removal does not work on this system.", "Use a cleaner recording."
        ) from error
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    floats = ctypes.POINTER(ctypes.c_float)
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, floats, floats]
    library.rnnoise_process_frame.restype = ctypes.c_float
    library.rnnoise_get_frame_size.restype = ctypes.c_int
    return library
