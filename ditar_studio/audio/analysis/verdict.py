"""The verdict on a clip as a reference: findings in words, each with a remedy.

The measures are simple on purpose, so that what is said can be understood and checked: frame
powers for speech, noise and silence, flat tops for clipping, characters per second for the
transcript.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip

Severity = Literal["good", "advice", "problem"]
Topic = Literal["length", "noise", "clipping", "level", "silence", "transcript", "sample rate"]

SHORTEST_SECONDS, SHORT_SECONDS, LONG_SECONDS, LONGEST_SECONDS = 1.0, 3.0, 20.0, 45.0
NOISY_SNR_DB, CLEAN_SNR_DB = 15.0, 25.0
FEWEST_CPS, FEW_CPS, MANY_CPS, MOST_CPS = 4.0, 7.0, 22.0, 28.0
"""Characters per second of speech; English read aloud has about 14."""

LEAST_SPEECH_SECONDS = 0.6

_FRAME_SECONDS = 0.02
_SPECTRUM_SECONDS = 0.1
_BANDS = 12
_EVEN_DB = 6.0
_STEADY_DB = 3.0
"""Standard deviation of a band's level; in speech without pauses it is twice as much and more."""
_QUIETEST_DB = -55.0
_BRIDGE_SECONDS = 0.25
_DIGIT_CHARACTERS = 4
"""A digit is spoken as about so many characters."""


@dataclass(frozen=True)
class Finding:
    """One thing about the clip.

    Attributes:
        severity: "good", "advice" (works, could be better) or "problem" (the clone will suffer).
        message: what is so.
        remedy: what to do about it; empty where all is well.
        topic: what it is about.
        blocks: whether no voice can be made of such a clip.
    """

    severity: Severity
    message: str
    remedy: str
    topic: Topic
    blocks: bool = False


@dataclass(frozen=True)
class Measures:
    """Measured properties of a clip.

    Attributes:
        seconds: length of the clip.
        speech_seconds: of which speech, short pauses included.
        lead, trail: silence in seconds before and after the speech.
        longest_pause: seconds, inside the speech.
        snr_db: speech level above the noise between the words; None where it can't be told.
        speech_db: level of the speech, dBFS.
        clipped: number of places where the wave is cut flat.
        characters_per_second: of the transcript over the speech; None without either.
    """

    seconds: float
    speech_seconds: float
    lead: float
    trail: float
    longest_pause: float
    snr_db: float | None
    speech_db: float
    clipped: int
    characters_per_second: float | None


@dataclass(frozen=True)
class Verdict:
    """All findings, worst first, and the measures behind them."""

    items: list[Finding]
    measures: Measures

    @property
    def severity(self) -> Severity:
        """The worst of the findings."""
        return self.items[0].severity if self.items else "good"

    @property
    def refusal(self) -> Finding | None:
        """Why no voice can be made of the clip; None if one can."""
        return next((item for item in self.items if item.blocks), None)


def judge(clip: Clip, transcript: str) -> Verdict:
    """Judge a clip and its transcript as a reference for cloning."""
    measures = measure(clip, transcript)
    items = [_length(measures)]
    if measures.speech_seconds < LEAST_SPEECH_SECONDS or is_steady(clip):
        items.append(
            Finding(
                "problem",
                "No speech can be heard.",
                "Choose a clear recording of one voice, or check the microphone and record again.",
                "silence",
                blocks=True,
            )
        )
    else:
        items += [_noise(measures), _level(measures), _silence(measures)]
        items.append(_transcript(measures, transcript))
    items.append(_clipping(measures))
    if clip.sample_rate < 16000:
        items.append(
            Finding(
                "advice",
                f"The sample rate of {clip.sample_rate / 1000:g} kHz sounds like a telephone.",
                "Use a recording of 24 kHz or more.",
                "sample rate",
            )
        )
    order: dict[Severity, int] = {"problem": 0, "advice": 1, "good": 2}
    return Verdict(sorted(items, key=lambda item: order[item.severity]), measures)


def is_steady(clip: Clip) -> bool:
    """Return whether the sound hardly changes, as a hum, a tone or a hiss does and speech never."""
    levels = _frame_levels(clip)
    if len(levels) < 2 or np.percentile(levels, 95) - np.percentile(levels, 10) >= _EVEN_DB:
        return False
    size = max(1, round(_SPECTRUM_SECONDS * clip.sample_rate))
    frames = clip.samples[: len(clip.samples) // size * size].reshape(-1, size)
    if len(frames) < 2:
        return True
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32))))
    edges = np.unique(np.geomspace(2, power.shape[1] - 1, _BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    change = np.std(10.0 * np.log10(bands + 1e-10), axis=0)
    return bool(np.median(change) < _STEADY_DB)


def measure(clip: Clip, transcript: str) -> Measures:
    """Measure the numbers behind the verdict."""
    powers = _frame_levels(clip)
    spoken, noise, speech = _speech_frames(powers)
    where = np.flatnonzero(spoken)
    lead = trail = longest = spoken_seconds = 0.0
    if len(where):
        lead = float(where[0]) * _FRAME_SECONDS
        trail = float(len(spoken) - 1 - where[-1]) * _FRAME_SECONDS
        spoken_seconds = min(clip.seconds, float(len(where)) * _FRAME_SECONDS)
        longest = float(max(np.diff(where), default=1) - 1) * _FRAME_SECONDS
    characters = spoken_characters(transcript)
    known = len(where) > 0 and characters > 0
    return Measures(
        seconds=clip.seconds,
        speech_seconds=spoken_seconds,
        lead=lead,
        trail=trail,
        longest_pause=longest,
        snr_db=speech - noise if len(where) and noise < speech else None,
        speech_db=speech,
        clipped=clipped_places(clip.samples),
        characters_per_second=characters / spoken_seconds if known else None,
    )


def spoken_characters(transcript: str) -> int:
    """Return letters in a transcript, where a digit counts as the letters of its word."""
    count = 0
    for character in transcript:
        if character.isdigit():
            count += _DIGIT_CHARACTERS
        elif unicodedata.category(character)[0] == "L":
            count += 1
    return count


def clipped_places(samples: npt.NDArray[np.float32]) -> int:
    """Return places where at least three samples in a row stand at the same extreme.

    Finds clipping at full scale, and also in a recording that was made quieter after it had
    clipped.
    """
    if len(samples) < 3:
        return 0
    peak = float(np.abs(samples).max())
    if peak < 0.1:
        return 0
    count = 0
    for side in (samples, -samples):
        top = float(side.max())
        if top < 0.5 * peak:
            continue
        flat = side >= top - max(2e-4 * top, 1e-5)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
        runs = edges[1::2] - edges[::2]
        count += int(np.count_nonzero(runs >= 3))
    return count


def _frame_levels(clip: Clip) -> npt.NDArray[np.float64]:
    """Return level of each frame of 20 ms, dBFS."""
    size = max(1, round(_FRAME_SECONDS * clip.sample_rate))
    whole = clip.samples[: len(clip.samples) // size * size].astype(np.float64)
    frames = whole.reshape(-1, size)
    frames = frames - frames.mean(axis=1, keepdims=True)
    powers: npt.NDArray[np.float64] = np.square(frames).mean(axis=1)
    return 10.0 * np.log10(powers + 1e-10)


def _speech_frames(
    levels: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.bool_], float, float]:
    """Return which frames are speech (short gaps bridged), the noise level and the speech level."""
    if not len(levels):
        return np.zeros(0, np.bool_), -100.0, -100.0
    noise = float(np.percentile(levels, 10))
    loud = float(np.percentile(levels, 95))
    threshold = max(noise + max(6.0, 0.35 * (loud - noise)), _QUIETEST_DB)
    if loud - noise < 6.0:  # even all through: hum and hiss, or speech without any pause
        threshold = _QUIETEST_DB
    spoken = levels > threshold
    if not spoken.any():
        return spoken, noise, loud
    speech = float(10.0 * np.log10(np.mean(10.0 ** (levels[spoken] / 10.0))))
    where = np.flatnonzero(spoken)
    bridge = round(_BRIDGE_SECONDS / _FRAME_SECONDS)
    for before, after in pairwise(where):
        if after - before <= bridge:
            spoken[before:after] = True
    return spoken, noise, speech


def _length(measures: Measures) -> Finding:
    seconds = measures.seconds
    words = f"{seconds:.1f} s long"
    if seconds < SHORTEST_SECONDS:
        return Finding(
            "problem",
            f"The clip is only {words}.",
            "Record 5 to 15 seconds of speech.",
            "length",
            blocks=True,
        )
    if seconds < SHORT_SECONDS:
        return Finding(
            "advice",
            f"The clip is {words}; the voice comes out truer with more.",
            "Record 5 to 15 seconds of speech.",
            "length",
        )
    if seconds > LONGEST_SECONDS:
        return Finding(
            "problem",
            f"The clip is {words}; so much slows generation down and adds nothing.",
            "Select the best 5 to 15 seconds.",
            "length",
        )
    if seconds > LONG_SECONDS:
        return Finding(
            "advice",
            f"The clip is {words}; 5 to 15 seconds are enough.",
            "Select a shorter part: generation starts sooner.",
            "length",
        )
    return Finding("good", f"The length is right: {words}.", "", "length")


def _noise(measures: Measures) -> Finding:
    snr = measures.snr_db
    if snr is None or snr >= CLEAN_SNR_DB:
        return Finding("good", "The background is quiet.", "", "noise")
    words = f"the speech is only {snr:.0f} dB above the background"
    if snr < NOISY_SNR_DB:
        return Finding(
            "problem",
            f"The recording is noisy: {words}.",
            "Switch off fans, move closer to the microphone, and record again.",
            "noise",
        )
    return Finding(
        "advice",
        f"Some background noise: {words}.",
        "A quieter room or a closer microphone gives a cleaner voice.",
        "noise",
    )


def _level(measures: Measures) -> Finding:
    level = measures.speech_db
    if level < -45.0:
        return Finding(
            "problem",
            f"The speech is very quiet ({level:.0f} dB).",
            "Move closer or raise the input volume; aim for peaks of about -6 dB.",
            "level",
        )
    if level < -35.0:
        return Finding(
            "advice", f"The speech is quiet ({level:.0f} dB).", "Normalise the clip.", "level"
        )
    return Finding("good", "The level is right.", "", "level")


def _silence(measures: Measures) -> Finding:
    if measures.lead > 1.0 or measures.trail > 1.0:
        where = "beginning" if measures.lead >= measures.trail else "end"
        longest = max(measures.lead, measures.trail)
        return Finding(
            "advice", f"{longest:.1f} s of silence at the {where}.", "Trim it off.", "silence"
        )
    if measures.longest_pause > 1.5:
        return Finding(
            "advice",
            f"There is a pause of {measures.longest_pause:.1f} s in the middle.",
            "Cut it out, or select a part without it; the voice may copy the pause.",
            "silence",
        )
    return Finding("good", "No long silence.", "", "silence")


def _transcript(measures: Measures, transcript: str) -> Finding:
    pace = measures.characters_per_second
    if not transcript.strip():
        return Finding(
            "advice",
            "The words of the clip are not written down.",
            "The built-in voice reads them from the sound; other models may ask for them.",
            "transcript",
        )
    if pace is None:
        return Finding(
            "problem",
            "The transcript has no words.",
            "Type exactly what is said in the clip.",
            "transcript",
        )
    if pace > MANY_CPS:
        return Finding(
            "problem" if pace > MOST_CPS else "advice",
            f"The transcript is too long for the sound ({pace:.0f} characters a second).",
            "Remove words that are not spoken, or check that the end was not cut off.",
            "transcript",
        )
    if pace < FEW_CPS:
        return Finding(
            "problem" if pace < FEWEST_CPS else "advice",
            f"The transcript is too short for the sound ({pace:.0f} characters a second).",
            "Add the words that are missing, or trim the clip to what is written.",
            "transcript",
        )
    return Finding("good", "The transcript fits the sound.", "", "transcript")


def _clipping(measures: Measures) -> Finding:
    count = measures.clipped
    if not count:
        return Finding("good", "Nothing is clipped.", "", "clipping")
    times = "once" if count == 1 else f"in {count} places"
    return Finding(
        "problem" if count > 5 else "advice",
        f"The sound is clipped {times}.",
        "Lower the input volume or move back a little, and record again.",
        "clipping",
    )
