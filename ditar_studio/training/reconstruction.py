"""Reconstruction of recordings by a VAE: the most that a model on top of it can reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.engine.voice import trim_and_level
from ditar_studio.training.evaluation import Take
from ditar_studio.training.takes import save_take

if TYPE_CHECKING:
    from ditar_studio.model.speaker import SpeakerEncoder
    from ditar_studio.model.vae import Vae
    from ditar_studio.training.jobs import Job


@torch.inference_mode()
def reconstruct(
    vae: Vae, speaker: SpeakerEncoder | None, jobs: Iterable[Job], folder: Path
) -> Iterator[Take]:
    """Encode and decode the recordings of each job's speaker.

    Args:
        vae: what encodes and decodes.
        speaker: gives the decoder the voice of the job's reference; None for a VAE that takes none.
        folder: where the files are written, replacing what is there.

    Yields:
        The reference decoded (“self”), and for jobs with a second recording that one as it is
        (“recorded”) and decoded with the voice of the reference (“decoded”). Each is judged
        against the reference, and has the recording's own words.

    Raises:
        StudioError: a recording or the folder can't be used.
    """
    rate = vae.config.sample_rate

    def wave(path: Path) -> torch.Tensor:
        samples = trim_and_level(read_clip(path)).resample(rate).samples
        return torch.from_numpy(samples.copy())[None]

    def save(job: Job, group: str, text: str, recording: torch.Tensor) -> Take:
        path = folder / group / f"{job.id}.wav"
        decoded = vae.decode(vae.encode(recording), voice)[0].numpy()
        save_take(path, Clip(decoded, rate))
        return Take(dataclasses.replace(job, text=text), path, group)

    for job in jobs:
        reference = wave(job.reference)
        voice = None if speaker is None else speaker(reference)
        yield save(job, "self", job.transcript, reference)
        if job.other is not None:
            said = dataclasses.replace(job, text=job.other_transcript)
            yield Take(said, job.other, "recorded")
            yield save(job, "decoded", job.other_transcript, wave(job.other))
