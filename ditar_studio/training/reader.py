"""Trainer of the phonetic reader: CTC on whole clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.reader import PhoneticReader
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.vae import ClipBatch, VaeData


class ReaderObjective(nn.Module):
    """CTC loss in nats a phoneme on a batch of `VaeData`."""

    def __init__(self, reader: PhoneticReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, batch: ClipBatch) -> dict[str, Tensor]:
        log_probs = self.reader(batch["wave"])
        lengths = batch["label_lengths"]
        loss = F.ctc_loss(
            log_probs.transpose(0, 1), batch["labels"], batch["frames"], lengths, zero_infinity=True
        )
        return {"loss": loss}


def reader_loop(
    reader: PhoneticReader,
    data: VaeData,
    config: LoopConfig,
    out: Path,
    times: Sequence[int] | None = None,
) -> Loop:
    """Return a loop that trains a phonetic reader; `times` is how often each entry is drawn."""
    return Loop(ReaderObjective(reader), data.load, data.seconds, config, out, times=times)
