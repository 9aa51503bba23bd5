"""The sound of a take as it is heard: its file after its edit list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.store.take_edit import TakeEdit

_JOIN_SECONDS = 0.004


def read_sound(path: Path, edit: TakeEdit | None) -> Clip:
    """Read a take's file, with what its edit list changes.

    Raises:
        StudioError: the file can't be read.
    """
    clip = read_clip(path)
    return clip if edit is None else edited(clip, edit)


def edited(clip: Clip, edit: TakeEdit) -> Clip:
    """Return a clip after an edit list. Where a part was cut it comes and goes within 4 ms."""
    rate, whole = clip.sample_rate, clip.samples
    parts: list[NDArray[np.float32]] = []
    for part in edit.parts:
        if part.silent:
            parts.append(np.zeros(round(part.seconds * rate), np.float32))
            continue
        begin, end = round(part.begins * rate), min(len(whole), round(part.ends * rate))
        samples = whole[begin:end].copy()
        if begin > 0:
            _ramp(samples, _JOIN_SECONDS * rate)
        if end < len(whole):
            _ramp(samples[::-1], _JOIN_SECONDS * rate)
        parts.append(samples)
    made = np.concatenate([np.zeros(0, np.float32), *parts])
    if edit.gain_db:
        made = made * np.float32(10 ** (edit.gain_db / 20))
    _ramp(made, edit.fade_in * rate)
    _ramp(made[::-1], edit.fade_out * rate)
    return Clip(np.clip(made, -1.0, 1.0), rate)


def _ramp(samples: NDArray[np.float32], length: float) -> None:
    """Fade sound in from silence over its first samples, in place."""
    count = min(len(samples), round(length))
    if count:
        samples[:count] *= np.sin(np.linspace(0, np.pi / 2, count, dtype=np.float32)) ** 2
