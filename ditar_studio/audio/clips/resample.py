"""Sample rate conversion by torchaudio, and the guarded way to import torchaudio at all.

PyPI's torchaudio wheel is built for CUDA: over a CPU torch its extension library fails to load and
takes the whole import down. What this program uses of it is plain Python over torch, so on that
failure the extension module is replaced by one that says "not available" and the import is tried
again. Nothing on disk is touched.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_KERNEL = 2_000_000
"""torchaudio's filter bank has about up x down entries (reduced rates): 44100 -> 24000 has 12 k,
11127 -> 24000 would have 30 M; beyond this limit soxr does the work."""


@functools.cache
def import_torchaudio() -> Any:
    """Import torchaudio, with its native extension stubbed out where that can't be loaded.

    Raises:
        ImportError: torchaudio is not installed or can't work even without its extension.
    """
    try:
        return importlib.import_module("torchaudio")
    except (OSError, RuntimeError):
        for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stub: Any = types.ModuleType("torchaudio._extension")
        stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
        stub._IS_RIR_AVAILABLE = False
        stub._IS_ALIGN_AVAILABLE = False
        stub.fail_if_no_align = lambda function: function
        stub.lazy_import_sox_ext = None
        sys.modules["torchaudio._extension"] = stub
        return importlib.import_module("torchaudio")


def resample(samples: NDArray[np.float32], source: int, target: int) -> NDArray[np.float32]:
    """Resample by a windowed sinc.

    Args:
        samples: float32 [n].
        source: their rate in Hz.
        target: the wanted rate in Hz.

    Returns:
        float32 [ceil(n * target / source)].
    """
    if source == target or not len(samples):
        return samples
    length = math.ceil(len(samples) * target / source)
    common = math.gcd(source, target)
    if (source // common) * (target // common) > LARGEST_KERNEL:
        import soxr

        result = np.asarray(soxr.resample(samples, source, target, quality="VHQ"), np.float32)
    else:
        import torch

        functional = import_torchaudio().functional
        with torch.inference_mode():
            wave = torch.from_numpy(np.array(samples, dtype=np.float32))
            result = functional.resample(wave, source, target).numpy()
    if len(result) < length:
        result = np.pad(result, (0, length - len(result)))
    return result[:length]
