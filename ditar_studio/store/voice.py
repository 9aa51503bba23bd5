"""A voice: a name and one or several reference samples with their transcripts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ditar_studio.store.adapter import Adapter
from ditar_studio.store.own_settings import OwnSettings


def sample_hash(sha256: str, transcript: str) -> str:
    """Return the hash of a sample from that of its audio and its transcript."""
    return hashlib.sha256(f"{sha256}\n{transcript}".encode()).hexdigest()[:32]


def voice_hash(samples: Sequence[str], adapter: str) -> str:
    """Return the hash of a voice from its samples' and its adapter's.

    Args:
        samples: of all samples, the reference first; at least one.
        adapter: empty for an instant voice, which speaks from all of its samples. A fine-tuned one
            has learnt the others and speaks from its reference.
    """
    parts = [samples[0], adapter] if adapter else samples
    if len(parts) == 1:
        return parts[0]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class NewSample:
    """A sample to be added.

    Args:
        path: an audio file, copied into the library.
        transcript: what is said in it.
        verdict: the judgement of it, as plain values.
        recording_id: the recording that it was made from; it is removed, as it is a sample now.
    """

    path: Path
    transcript: str
    verdict: Mapping[str, object] = field(default_factory=dict)
    recording_id: str | None = None


@dataclass(frozen=True)
class Sample:
    """A reference recording of a voice, with the judgement of it."""

    id: str
    voice_id: str
    path: Path
    transcript: str
    seconds: float
    sha256: str
    verdict: Mapping[str, object]
    created: float

    @property
    def hash(self) -> str:
        """Hash of the audio and the transcript: what a take made with this sample depends on."""
        return sample_hash(self.sha256, self.transcript)


@dataclass(frozen=True)
class Voice:
    """A voice; its first sample is the reference that it speaks from, before the others.

    With an adapter it is fine-tuned, without one it is an instant voice. Its `settings` are
    generation settings, as plain values, of whatever is spoken in it. `made_of` are names and
    shares of the voices that it was mixed of; empty for a voice of a person.
    """

    id: str
    name: str
    tags: tuple[str, ...]
    note: str
    consent: str
    origin: str
    created: float
    samples: tuple[Sample, ...]
    adapter: Adapter | None = None
    settings: OwnSettings = field(default_factory=OwnSettings)
    made_of: tuple[tuple[str, float], ...] = ()

    @property
    def reference(self) -> Sample | None:
        return self.samples[0] if self.samples else None

    @property
    def hash(self) -> str:
        """Hash of the samples and of what it was fine-tuned to; empty without a sample."""
        if not self.samples:
            return ""
        hashes = [sample.hash for sample in self.samples]
        return voice_hash(hashes, self.adapter.sha256 if self.adapter else "")

    @property
    def mixture(self) -> str:
        """The voices that it was mixed from, as "Emma 60 %, Ben 40 %"; empty for a person's."""
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in self.made_of)

    @property
    def built_in(self) -> bool:
        """Whether it came with the application."""
        return bool(self.origin)
