"""Sound in memory and in files, for front ends without devices: its speed, mark and likeness."""

from ditar_studio.audio.analysis.likeness import LIKENESS, likeness, speaker_encoder
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import StreamingWavWriter, Subtype, read_clip
from ditar_studio.audio.clips.speed import FASTEST, SLOWEST, Stretcher
from ditar_studio.audio.clips.watermark import Watermarker

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
