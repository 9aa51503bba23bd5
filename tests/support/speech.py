"""Recordings of people that come with the program, for tests that need real speech."""

from __future__ import annotations

from ditar_studio.assets import asset
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip


def recording(name: str = "emma", seconds: float = 6.0) -> Clip:
    """Return the beginning of a sample voice's recording: emma, kathleen or michael."""
    clip = read_clip(asset("voices", f"{name}.flac"))
    return Clip(clip.samples[: round(seconds * clip.sample_rate)], clip.sample_rate)
