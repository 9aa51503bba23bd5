"""Torch's library is loaded while other threads run on; no garbage is looked for in it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ditar_studio.engine.preload import preload_torch

PROGRAM = """
import sys
from ditar_studio.engine.preload import preload_torch
assert preload_torch() == (sys.platform in ("linux", "darwin"))
assert "torch" not in sys.modules
import torch
assert torch.ones(2).sum() == 2
if sys.platform == "linux":
    loaded = {line.split()[-1] for line in open("/proc/self/maps") if "libtorch_cpu" in line}
    assert len(loaded) == 1, loaded
assert not preload_torch()
"""

RESTING = """
import gc, sys
from ditar_studio.engine.preload import import_torch
looks = []
gc.callbacks.append(lambda phase, info: looks.append(phase))
gc.collect()
assert looks
looks.clear()
gc.disable() if sys.argv[1] == "disabled" else gc.enable()
import_torch()
assert "torch" in sys.modules
assert gc.isenabled() == (sys.argv[1] != "disabled")
assert not looks, looks
frozen = gc.get_freeze_count()
assert frozen > 100_000, frozen
import_torch()
assert gc.get_freeze_count() == frozen
"""


def test_the_library_is_there_before_torch_and_only_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_with_torch_imported_there_is_nothing_to_do() -> None:
    import torch  # noqa: F401

    assert not preload_torch()


@pytest.mark.parametrize("collector", ["enabled", "disabled"])
def test_no_garbage_is_looked_for_in_torch(collector: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RESTING, collector],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
