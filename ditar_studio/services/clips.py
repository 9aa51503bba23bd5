"""Sound in memory and in files, for front ends without devices: its speed, mark and likeness."""

from ditar_studio.audio.clip import Clip
from ditar_studio.audio.io import StreamingWavWriter, Subtype, read_clip
from ditar_studio.audio.likeness import LIKENESS, likeness, speaker_encoder
from ditar_studio.audio.speed import FASTEST, SLOWEST, Stretcher
from ditar_studio.audio.watermark import Watermarker

__all__ = [
    "FASTEST",
    "LIKENESS",
    "SLOWEST",
    "Clip",
    "StreamingWavWriter",
    "Stretcher",
    "Subtype",
    "Watermarker",
    "likeness",
    "read_clip",
    "speaker_encoder",
]
