"""Speak the clips of the README and the documentation, anew after each change of the voice.

    python packaging/make_clips.py [--only clip|voices]

`docs/media/clip.mp3` and its captions: the sample voices. `docs/media/voices/`: real speakers in no
training (half b of `dev_accents`), each as recorded, cloned at once, and after a quick fine-tuning.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile

import ditar_studio as ds
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.services.subtitles import cues, vtt

ROOT = Path(__file__).resolve().parent.parent
MEDIA = ROOT / "docs" / "media"
DEVELOPMENT = ROOT / "resources" / "models" / "dev"
PAUSE = 0.35

CLIP = (
    ("Emma", "Hello! This voice was cloned from ten seconds of speech."),
    ("Michael", "It was made on two processor cores, and nothing left the machine."),
    ("Kathleen", "You can hear me while I am still being spoken."),
)
SPEAKERS = {"accent29": "LibriSpeech 121", "accent03": "VCTK p277", "accent59": "VCC2016 SF1"}
SENTENCE = "The last train had gone, so we walked home along the river and talked until morning."
SEED = 0


def clip(model: ds.Model) -> None:
    """Make the clip of the first screen, with captions."""
    parts, captions, at = [], [], 0.0
    for name, text in CLIP:
        audio = model.speak(text, name, seed=SEED)
        captions += cues(at, audio.seconds, text, name)
        silence = np.zeros(round(PAUSE * audio.rate), np.float32)
        parts += [audio, ds.Audio(silence, audio.rate)]
        at += audio.seconds + PAUSE
    ds.Audio.join(parts[:-1]).save(MEDIA / "clip.mp3", overwrite=True)
    (MEDIA / "clip.vtt").write_text(vtt(captions), "utf-8")


def voices(model: ds.Model) -> None:
    """Make each speaker's reference, instant and fine-tuned voice."""
    lines = (DEVELOPMENT / "dev_accents.jsonl").read_text("utf-8").splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    folder = MEDIA / "voices"
    folder.mkdir(exist_ok=True)
    for name in SPEAKERS:
        reference = DEVELOPMENT / rows[name]["reference"]
        recorded = folder / f"{name}-reference.mp3"
        person = read_clip(reference)  # written without the marks of synthetic speech
        soundfile.write(recorded, person.samples, person.sample_rate, format="MP3")
        for kind, level in (("instant", "off"), ("fine-tuned", "quick")):
            voice = model.voice(reference, rows[name]["transcript"], fine_tune=level)
            spoken = model.speak(SENTENCE, voice, seed=SEED)
            spoken.save(folder / f"{name}-{kind}.mp3", overwrite=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["clip", "voices"])
    only = parser.parse_args().only
    MEDIA.mkdir(exist_ok=True)
    model = ds.load_model()
    if only != "voices":
        clip(model)
    if only != "clip":
        voices(model)


if __name__ == "__main__":
    main()
