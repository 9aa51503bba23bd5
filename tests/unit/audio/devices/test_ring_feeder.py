"""A sound goes into the ring to its last sample, however little room there is."""

from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.devices.ring import Ring
from ditar_studio.audio.devices.ring_feeder import RingFeeder
from ditar_studio.audio.devices.ring_output import RingOutput
from ditar_studio.audio.devices.sample_buffer import SampleBuffer


@pytest.mark.parametrize("seconds", [0.169, 0.17, 0.1705, 0.5])
def test_the_end_of_a_sound_comes_out_of_a_ring_that_was_full(seconds: float) -> None:
    ring = Ring(1 << 15)
    output = RingOutput(ring, lambda: 0.0)
    output.open = True
    feeder = RingFeeder(ring, output)
    feeder.rate = 192_000  # more than the ring holds of what is put ahead
    sound = SampleBuffer(24_000)
    sound.append(np.ones(round(24_000 * seconds), np.float32))
    sound.finished = True
    feeder.go_to(sound, 0.0)
    heard = np.zeros((0, 1), np.float32)
    block = np.zeros((1024, 1), np.float32)
    for _ in range(200):
        feeder.fill(sound, None)
        output.on_block(block, False)
        heard = np.concatenate([heard, block])
        if output.drained:
            break
    assert output.drained
    assert not output.starved
    assert np.count_nonzero(heard > 0.5) == pytest.approx(seconds * feeder.rate, abs=300)
    feeder.close()
