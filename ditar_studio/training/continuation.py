"""Going on with the training of a model: from its weights, also with another speaker encoder."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.training.corpus import PreparedCorpus

_CLIPS = 2500
_SECONDS = 5.0
_RIDGE = 1e-2


def replace_speaker_encoder(
    model: DiTAR, speaker: SpeakerEncoder, corpus: PreparedCorpus
) -> tuple[DiTAR, float]:
    """Give a model another speaker encoder, and what it knows of embeddings with it.

    The new encoder's embeddings are fitted to the old one's by ridge regression over clips of the
    corpus, and the fit is multiplied into every layer that embeddings go into.

    Returns:
        A copy of the model, and the mean cosine of fitted and old embeddings on clips that were
        not fitted.

    Raises:
        StudioError: the model has no speaker encoder.
    """
    model = copy.deepcopy(model)
    to_model, to_decoder = model.voice, model.vae.decoder.voice
    if model.speaker is None or to_model is None or to_decoder is None:
        raise StudioError("The model has no speaker encoder that could be replaced.")
    old, new = _embeddings(corpus, model.speaker, speaker)
    fitted = len(new) * 4 // 5
    known = new[:fitted]
    squares = known.t() @ known + _RIDGE * torch.eye(new.shape[1])
    fit = torch.linalg.solve(squares, known.t() @ old[:fitted])
    with torch.no_grad():
        for layer in (to_model.text, to_model.patch, to_decoder):
            layer.weight.copy_(layer.weight @ fit.t())
    model.speaker = copy.deepcopy(speaker)
    rest = slice(fitted, None) if fitted < len(new) else slice(None)
    likeness = torch.cosine_similarity(new[rest] @ fit, old[rest], dim=-1)
    return model, float(likeness.mean())


@torch.inference_mode()
def _embeddings(corpus: PreparedCorpus, *encoders: SpeakerEncoder) -> list[Tensor]:
    """Return embeddings [clips, SIZE] of the same clips by each encoder."""
    chosen = np.random.default_rng(0).permutation(len(corpus.entries))[:_CLIPS]
    rows: list[list[Tensor]] = [[] for _ in encoders]
    for index in chosen:
        entry = corpus.entries[index]
        samples = corpus.samples(entry, 0, int(_SECONDS * encoders[0].config.sample_rate))
        wave = torch.from_numpy(samples)[None]
        for encoder, row in zip(encoders, rows, strict=True):
            row.append(encoder(wave)[0])
    return [torch.stack(row) for row in rows]
