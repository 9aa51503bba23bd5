"""Measure the watermark: what it survives, what it costs, and how often it is seen where it isn't.

    python packaging/measure_watermark.py --takes TAKES --real CLIPS [--quality]

TAKES is a folder for 200 takes without a watermark, which are spoken if they aren't there: by the
built-in voice as 100 people of the development sets. CLIPS is a folder of recordings of people.
Needs ffmpeg, and for --quality the `evaluation` extra (DNSMOS, Reddy et al. 2022). Prints a table
in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

import ditar_studio as ds
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.watermark import Watermarker, detect, watermarked

DEVELOPMENT = Path(__file__).parents[1] / "resources" / "models" / "dev"
TAKES = 200
SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")
EXCERPT = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--takes", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--most-real", type=int, default=1500, help="real clips")
    parser.add_argument("--quality", action="store_true")
    given = parser.parse_args()
    speak(given.takes)
    takes = [read_clip(path) for path in sounds(given.takes)[:TAKES]]
    marked = [watermarked(clip) for clip in takes]
    print(f"| {len(takes)} takes | found | lowest score |\n|---|---|---|")
    for name, change in CHANGES.items():
        found = [detect(change(clip)) for clip in marked]
        share = 100 * np.mean([each.found for each in found])
        print(f"| {name} | {share:.1f} % | {min(each.score for each in found):.1f} |", flush=True)
    clips = sounds(given.real)
    random.Random(1).shuffle(clips)
    for name, change in (("whole", same), ("3 s excerpt", excerpt)):
        seen = [detect(change(read_clip(path))) for path in clips[: given.most_real]]
        wrong, highest = sum(each.found for each in seen), max(each.score for each in seen)
        print(f"Real clips, {name}: {wrong} of {len(seen)} taken for marked, score {highest:.2f}")
    print(f"Time: {cost(takes):.1f} ms for a second of speech")
    if given.quality:
        before = np.array([quality(clip) for clip in takes])
        after = np.array([quality(clip) for clip in marked])
        change, error = (after - before).mean(), (after - before).std() / np.sqrt(len(takes))
        print(f"DNSMOS overall: {before.mean():.3f}, {change:+.4f} ± {error:.4f} by the watermark")


def speak(folder: Path) -> None:
    """Speak the takes that a folder lacks, two in each voice, with sentences of other rows."""
    lists = [DEVELOPMENT / f"dev_{name}.jsonl" for name in ("accents", "real", "synth")]
    rows = [json.loads(line) for path in lists for line in path.read_text("utf-8").splitlines()]
    folder.mkdir(parents=True, exist_ok=True)
    model = ds.load_model()
    for number in range(TAKES):
        path = folder / f"take{number:03}.wav"
        if path.exists():
            continue
        reference = DEVELOPMENT / rows[number // 2]["reference"]
        text = rows[7 * number % len(rows)]["text"]
        audio = model.speak(text, model.voice(reference), seed=1000 + number)
        soundfile.write(path, audio.samples, audio.rate, subtype="PCM_24")


def sounds(folder: Path) -> list[Path]:
    """Sound files of at least a second in a folder, in the order of their names."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return [path for path in found if soundfile.info(str(path)).duration >= 1]


def same(clip: Clip) -> Clip:
    return clip


def excerpt(clip: Clip) -> Clip:
    """Three seconds from somewhere in it, the same at each run."""
    length = round(EXCERPT * clip.sample_rate)
    last = len(clip.samples) - length
    if last <= 0:
        return clip
    start = random.Random(len(clip.samples)).randrange(last)
    return Clip(clip.samples[start : start + length], clip.sample_rate)


def resampled(clip: Clip) -> Clip:
    return Clip(soxr.resample(clip.samples, clip.sample_rate, 16000), 16000)


def coded(codec: str, bits: str) -> Callable[[Clip], Clip]:
    """To a lossy codec and back, by ffmpeg."""

    def change(clip: Clip) -> Clip:
        with tempfile.TemporaryDirectory() as folder:
            plain, lossy, back = (Path(folder, name) for name in ("a.wav", "b.mka", "c.wav"))
            soundfile.write(plain, clip.samples, clip.sample_rate, subtype="PCM_16")
            for command in ((plain, "-c:a", codec, "-b:a", bits, lossy), (lossy, back)):
                arguments = ["ffmpeg", "-v", "error", "-i", *map(str, command)]
                subprocess.run(arguments, check=True)
            return read_clip(back)

    return change


MP3, OPUS = coded("libmp3lame", "128k"), coded("libopus", "48k")
CHANGES: dict[str, Callable[[Clip], Clip]] = {
    "as written": same,
    "MP3, 128 kbit/s": MP3,
    "Opus, 48 kbit/s": OPUS,
    "resampled to 16 kHz": resampled,
    "3 s excerpt": excerpt,
    "MP3, then 3 s excerpt": lambda clip: excerpt(MP3(clip)),
    "Opus, then 3 s excerpt": lambda clip: excerpt(OPUS(clip)),
    "16 kHz, then 3 s excerpt": lambda clip: excerpt(resampled(clip)),
    "MP3, Opus, 16 kHz, then 3 s excerpt": lambda clip: excerpt(resampled(OPUS(MP3(clip)))),
}


def cost(takes: list[Clip]) -> float:
    """Milliseconds of CPU for a second of speech, fed by tenths of a second."""
    used = seconds = 0.0
    for clip in takes[:20]:
        start, marker, step = time.process_time(), Watermarker(clip.sample_rate), clip.sample_rate
        for at in range(0, len(clip.samples), step // 10):
            marker.feed(clip.samples[at : at + step // 10])
        marker.finish()
        used += time.process_time() - start
        seconds += clip.seconds
    return 1000 * used / seconds


def quality(clip: Clip) -> float:
    """DNSMOS, overall, 1..5."""
    from speechmos import dnsmos

    samples = np.clip(soxr.resample(clip.samples, clip.sample_rate, 16000), -1, 1)
    judged: dict[str, Any] = dnsmos.run(samples, 16000)
    return float(judged["ovrl_mos"])


if __name__ == "__main__":
    main()
