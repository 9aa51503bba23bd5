"""Pitch tracks for training the VAE's oscillator (WORLD's DIO and StoneMask, through pyworld)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add

FLOOR_HZ, CEILING_HZ = 55.0, 500.0


def track_pitch(samples: NDArray[np.float32], sample_rate: int, hop: int) -> NDArray[np.float32]:
    """Track the pitch of speech in Hz, 0 where unvoiced.

    Args:
        samples: [n] mono, n a multiple of `hop`.
        hop: samples between two values.

    Returns:
        [n / hop] values, the k-th at the middle of the k-th hop.

    Raises:
        StudioError: pyworld is not installed, or can't be imported.
    """
    try:
        import pyworld
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "pyworld":
            raise StudioError(
                "Training needs pyworld, which is not installed.", how_to_add("training")
            ) from error
        raise StudioError(
            f"Training needs pyworld, which is installed but can't be imported: {error}.",
            "Remove the package pyworld, and install pyworld-prebuilt in its place.",
        ) from error
    wave = np.pad(samples.astype(np.float64), (0, hop))
    coarse, times = pyworld.dio(
        wave,
        sample_rate,
        frame_period=1000 * hop / sample_rate / 2,
        f0_floor=FLOOR_HZ,
        f0_ceil=CEILING_HZ,
        speed=4,
    )
    fine = pyworld.stonemask(wave, coarse, times, sample_rate)
    return np.asarray(fine[1::2][: len(samples) // hop], np.float32)
