"""Two streams of one real network at the same time say what each says alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from small_ditar import save_small_ditar

import ditar_studio as ds


def test_streams_of_one_network_do_not_disturb_each_other(tmp_path: Path) -> None:
    model = ds.load_model(save_small_ditar(tmp_path / "small"))
    voices = model.voice("Emma"), model.voice("Kathleen")
    texts = "One two three.", "Four five."

    def stream(number: int) -> ds.AudioStream:
        return model.stream(texts[number], voices[number], seed=number, exact_patches=5)

    alone = [stream(number).collect().samples for number in (0, 1)]
    pairs = list(zip(stream(0), stream(1), strict=True))
    for number, samples in enumerate(alone):
        together = np.concatenate([pair[number].samples for pair in pairs])
        np.testing.assert_array_equal(together, samples)
    assert not np.array_equal(*alone)
