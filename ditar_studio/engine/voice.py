"""References: from a recording as it comes to a voice that a model has encoded once."""

from __future__ import annotations

import hashlib
import logging
import os
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.errors import StudioError
from ditar_studio.store.files import sha256
from ditar_studio.store.voice import sample_hash, voice_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.engine.speech_model import ModelInfo, PreparedVoice, SpeechModel

log = logging.getLogger(__name__)


SHORTEST, LONGEST = 1.0, 30.0
"""Seconds of reference that a model is given."""

USED = 20.0
"""Seconds up to which further recordings are added."""

_BETWEEN = 0.3

LEVEL = -23.0
"""dBFS RMS of speech that references are brought to, as the training data was."""

_FRAME = 0.02
_MARGIN = 0.1
_FLOOR = -60.0
_BELOW_LOUDEST = 40.0
_LARGEST_GAIN = 40.0


@dataclass(frozen=True, eq=False)
class Reference:
    """A recording to clone and what is said in it.

    Attributes:
        source: a sound file, or sound in memory.
        transcript: the words spoken.
        adapter: file of what the voice was fine-tuned to; None for an instant voice.
        further: more recordings of the same voice, heard behind this one as far as there is room.
    """

    source: Path | Clip
    transcript: str = ""
    adapter: Path | None = None
    further: tuple[Reference, ...] = ()

    def clip(self) -> Clip:
        """Return the sound as it is.

        Raises:
            StudioError: the file can't be read as sound.
        """
        if isinstance(self.source, Clip):
            return self.source
        return read_clip(self.source, max_seconds=600.0)

    def key(self) -> str:
        """Return what is equal for equal sound, transcript and adapter; for files name, size and
        time of change.
        """
        digest = hashlib.sha256(self.transcript.encode())
        if self.adapter is not None:
            _add_file(digest, self.adapter)
        if isinstance(self.source, Clip):
            digest.update(b"\0clip%d\0" % self.source.sample_rate)
            digest.update(self.source.samples.tobytes())
        else:
            _add_file(digest, self.source)
        for other in self.further:
            digest.update(other.key().encode())
        return digest.hexdigest()

    def hash(self) -> str:
        """Return what is equal for equal sound and transcript, wherever the sound is; that of a
        library's sample.

        Raises:
            StudioError: the file can't be read.
        """
        if isinstance(self.source, Clip):
            digest = hashlib.sha256(b"%d\0" % self.source.sample_rate)
            digest.update(self.source.samples.tobytes())
            return sample_hash(digest.hexdigest(), self.transcript)
        try:
            return sample_hash(sha256(self.source), self.transcript)
        except OSError as error:
            raise StudioError(
                f"“{self.source.name}” can't be read.", "Choose a file that exists."
            ) from error

    def voice_hash(self) -> str:
        """Return the hash of a library's voice: of all samples, or of the first and its adapter.

        Raises:
            StudioError: a file can't be read.
        """
        samples = [self.hash(), *(other.hash() for other in self.further)]
        return voice_hash(samples, sha256(self.adapter) if self.adapter is not None else "")


def _add_file(digest: hashlib._Hash, path: Path) -> None:
    digest.update(b"\0file\0" + os.fsencode(path.absolute()))
    if path.exists():
        status = path.stat()
        digest.update(b"\0%d\0%d" % (status.st_size, status.st_mtime_ns))


def check_length(clip: Clip) -> None:
    """Refuse a reference that no model can use.

    Raises:
        StudioError: shorter than `SHORTEST` or longer than `LONGEST`.
    """
    if clip.seconds < SHORTEST:
        raise StudioError(
            f"The reference has only {clip.seconds:.1f} s of sound; at least {SHORTEST:.0f} s is "
            "needed.",
            "Use 3 to 15 s of clear speech.",
        )
    if clip.seconds > LONGEST:
        raise StudioError(
            f"The reference is {clip.seconds:.0f} s long; at most {LONGEST:.0f} s can be used.",
            "Cut out 3 to 15 s of clear speech, and shorten the transcript to match.",
        )


def trim_and_level(clip: Clip) -> Clip:
    """Return the speech in a recording, at the loudness that models expect.

    Silence at both ends is cut to 0.1 s, the mean is removed, and the frames that hold speech are
    brought to `LEVEL`, as far as the peak allows.

    Raises:
        StudioError: nothing but silence.
    """
    samples = clip.samples - (clip.samples.mean() if len(clip.samples) else 0.0)
    speech, power = _speech(samples, clip.sample_rate)
    gain = 10.0 ** (min(_LARGEST_GAIN, LEVEL - 10.0 * float(np.log10(power))) / 20.0)
    kept = samples[speech]
    gain = min(gain, 0.99 / max(float(np.abs(kept).max()), 1e-9))
    return Clip((kept * gain).astype(np.float32), clip.sample_rate)


def trim(clip: Clip) -> Clip:
    """Return a recording at its own loudness, silence at both ends cut to 0.1 s.

    Raises:
        StudioError: nothing but silence.
    """
    return Clip(clip.samples[_speech(clip.samples, clip.sample_rate)[0]], clip.sample_rate)


def _speech(samples: NDArray[np.float32], sample_rate: int) -> tuple[slice, float]:
    """Return where speech is in samples [n], and its mean square.

    Raises:
        StudioError: nothing but silence.
    """
    loud = _frame_levels(samples, sample_rate)
    if not len(loud) or loud.max() < _FLOOR:
        raise StudioError(
            "The reference is silent.", "Record again, or choose the right microphone or channel."
        )
    speaking = np.flatnonzero(loud > loud.max() - _BELOW_LOUDEST)
    size = max(1, round(_FRAME * sample_rate))
    margin = round(_MARGIN * sample_rate)
    first = max(0, speaking[0] * size - margin)
    last = min(len(samples), (speaking[-1] + 1) * size + margin)
    return slice(first, last), float(np.mean(10.0 ** (loud[speaking] / 10.0)))


def _frame_levels(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return the RMS in dBFS of frames of 20 ms; a last part of a frame counts as one."""
    size = max(1, round(_FRAME * sample_rate))
    count = -(-len(samples) // size)
    padded = np.zeros(count * size)
    padded[: len(samples)] = samples
    power = np.square(padded).reshape(count, size).mean(axis=1)
    return np.asarray(10.0 * np.log10(power + 1e-12))


def prepare(model: SpeechModel, reference: Reference) -> PreparedVoice:
    """Read, check, trim, level and encode a reference.

    Raises:
        StudioError: the sound or the transcript can't be used.
    """
    info = model.info
    transcript = unicodedata.normalize("NFC", reference.transcript).strip()
    if info.needs_transcript and not transcript:
        raise StudioError(
            "The reference has no transcript.", "Write down the words that are spoken in it."
        )
    clip = _levelled(reference, info)
    check_length(clip)
    clip, transcript = _with_further(clip, transcript, reference.further, info)
    return model.prepare_voice(clip, transcript, reference.adapter if info.fine_tunes else None)


def _levelled(reference: Reference, info: ModelInfo) -> Clip:
    return trim_and_level(reference.clip()) if info.levels_reference else reference.clip()


def _with_further(
    clip: Clip, transcript: str, further: Sequence[Reference], info: ModelInfo
) -> tuple[Clip, str]:
    """Return a clip with those of further recordings behind it, `USED` seconds of sound at most.

    Words that are known go with words that are known only, so that all of what is heard is written
    down or nothing. What can't be read is left out.
    """
    for other in further:
        words = unicodedata.normalize("NFC", other.transcript).strip()
        if bool(words) != bool(transcript):
            continue
        try:
            more = _levelled(other, info).resample(clip.sample_rate)
            check_length(more)
        except StudioError as error:
            log.info("a further sample is left out: %s", error)
            continue
        if clip.seconds + _BETWEEN + more.seconds > USED:
            continue
        gap = np.zeros(round(_BETWEEN * clip.sample_rate), np.float32)
        joined = np.concatenate([clip.samples, gap, more.samples])
        clip, transcript = Clip(joined, clip.sample_rate), f"{transcript} {words}".strip()
    return clip, transcript


class VoiceCache:
    """The voices that a model has encoded, the last used ones kept.

    Args:
        model: whose voices they are.
        capacity: how many to keep.
    """

    def __init__(self, model: SpeechModel, capacity: int = 16) -> None:
        self._model = model
        self._capacity = capacity
        self._voices: OrderedDict[str, PreparedVoice] = OrderedDict()

    def get(self, reference: Reference) -> PreparedVoice:
        """Return the encoded voice, from the cache where its sound and transcript are unchanged.

        Raises:
            StudioError: the sound or the transcript can't be used.
        """
        key = reference.key()
        if key not in self._voices:
            self._voices[key] = prepare(self._model, reference)
            while len(self._voices) > self._capacity:
                self._voices.popitem(last=False)
        self._voices.move_to_end(key)
        return self._voices[key]

    def clear(self) -> None:
        """Empty the cache."""
        self._voices.clear()
