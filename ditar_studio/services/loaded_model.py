"""A model in memory: how it is loaded, what it is and can, and the voices it has encoded."""

from ditar_studio.engine.load import (
    BUILT_IN,
    Adapter,
    ModelRegistry,
    built_in_folder,
    load_model,
)
from ditar_studio.engine.preload import preload_torch
from ditar_studio.engine.speech_model import ModelInfo, SpeechModel
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.inference.precisions import Precision

__all__ = [
    "BUILT_IN",
    "Adapter",
    "ModelInfo",
    "ModelRegistry",
    "Precision",
    "SpeechModel",
    "VoiceCache",
    "built_in_folder",
    "load_model",
    "preload_torch",
]
