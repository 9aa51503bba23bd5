"""Measure the watermark: what it survives, what it costs, and how often it is seen where it isn't.

    python packaging/measure_watermark.py --takes TAKES --real CLIPS [--quality]

TAKES is a folder for 200 takes without a watermark, which are spoken if they aren't there: by the
built-in voice as 100 people of the development sets. CLIPS is a folder of recordings of people.
Needs the `dev` extra, and for --quality the `evaluation` extra (DNSMOS, Reddy et al. 2022). Prints
a table in Markdown.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

import ditar_studio as ds
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.watermark import Detection, Watermarker, detect, watermarked

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
    found: dict[str, list[Detection]] = {}
    for clip in marked:
        for name, changed in changes(clip).items():
            found.setdefault(name, []).append(detect(changed))
    print(f"| {len(takes)} takes | found | lowest score |\n|---|---|---|")
    for name, each in found.items():
        share = 100 * np.mean([one.found for one in each])
        print(f"| {name} | {share:.1f} % | {min(one.score for one in each):.1f} |", flush=True)
    clips = sounds(given.real)
    random.Random(1).shuffle(clips)
    for name, change in (("whole", same), ("3 s excerpt", excerpt)):
        seen = [detect(change(read_clip(path))) for path in clips[: given.most_real]]
        wrong, highest = sum(each.found for each in seen), max(each.score for each in seen)
        print(f"Real clips, {name}: {wrong} of {len(seen)} taken for marked, score {highest:.2f}")
    print(f"Time: {cost(takes):.1f} ms for a second of speech")
    if given.quality:
        before = np.array([quality(clip) for clip in takes[::2]])  # one of each voice
        after = np.array([quality(clip) for clip in marked[::2]])
        change, error = (after - before).mean(), (after - before).std() / np.sqrt(len(before))
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
    """Return sound files of at least a second in a folder, in the order of their names."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return [path for path in found if soundfile.info(str(path)).duration >= 1]


def same(clip: Clip) -> Clip:
    return clip


def excerpt(clip: Clip) -> Clip:
    """Cut three seconds from somewhere in it, the same at each run."""
    length = round(EXCERPT * clip.sample_rate)
    last = len(clip.samples) - length
    if last <= 0:
        return clip
    start = random.Random(len(clip.samples)).randrange(last)
    return Clip(clip.samples[start : start + length], clip.sample_rate)


def resampled(clip: Clip) -> Clip:
    return Clip(soxr.resample(clip.samples, clip.sample_rate, 16000), 16000)


def coded(clip: Clip, codec: str, kilobits: int) -> Clip:
    """Pass sound through a lossy codec and back, by FFmpeg's libraries."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=clip.sample_rate, layout="mono")
        stream.bit_rate = 1000 * kilobits
        frame = av.AudioFrame.from_ndarray(clip.samples[None], format="fltp", layout="mono")
        frame.sample_rate = clip.sample_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        to_float = av.AudioResampler("fltp")
        rate = container.streams.audio[0].rate
        frames = [
            part.to_ndarray() for f in container.decode(audio=0) for part in to_float.resample(f)
        ]
    return Clip(np.concatenate(frames, axis=1)[0], rate)


def changes(clip: Clip) -> dict[str, Clip]:
    """Return what becomes of a sound on its way, by name."""
    mp3, opus = coded(clip, "libmp3lame", 128), coded(clip, "libopus", 48)
    both = coded(mp3, "libopus", 48)
    return {
        "as written": clip,
        "MP3, 128 kbit/s": mp3,
        "Opus, 48 kbit/s": opus,
        "resampled to 16 kHz": resampled(clip),
        "3 s excerpt": excerpt(clip),
        "MP3, then 3 s excerpt": excerpt(mp3),
        "Opus, then 3 s excerpt": excerpt(opus),
        "16 kHz, then 3 s excerpt": excerpt(resampled(clip)),
        "MP3, Opus, 16 kHz, then 3 s excerpt": excerpt(resampled(both)),
    }


def cost(takes: list[Clip]) -> float:
    """Measure the milliseconds of CPU for a second of speech, fed by tenths of a second."""
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
    """Rate by DNSMOS, overall, 1..5."""
    from speechmos import dnsmos

    samples = np.clip(soxr.resample(clip.samples, clip.sample_rate, 16000), -1, 1)
    judged: dict[str, Any] = dnsmos.run(samples, 16000)
    return float(judged["ovrl_mos"])


if __name__ == "__main__":
    main()
