"""Loading of torch into memory without stopping the window.

Python loads extension modules with the interpreter locked, and torch's library has more than 400
MB: a quarter of a second and more in which no other thread moves. A foreign function is called
with the lock released.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from pathlib import Path

_LIBRARY = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}


def preload_torch() -> bool:
    """Have the system load what `import torch` will need; return whether there was anything to
    load.

    Where it can't be done (another system, no torch, another build of it), the import does it all.
    """
    if "torch" in sys.modules or sys.platform not in _LIBRARY:
        return False
    spec = importlib.util.find_spec("torch")
    folders = spec.submodule_search_locations if spec is not None else None
    path = Path(folders[0], "lib", _LIBRARY[sys.platform]) if folders else None
    if path is None or not path.exists():
        return False
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return bool(load(os.fsencode(path), os.RTLD_LAZY))


def import_torch() -> None:
    """Import torch and leave it out of all searches for cyclic garbage, then and later.

    It comes as hundreds of thousands of objects, all of which stay. To look through them again and
    again takes a sixth of the import's time, and then, with the interpreter locked, a tenth of a
    second at any moment and a third at the program's end.
    """
    if "torch" in sys.modules:
        return
    automatic = gc.isenabled()
    gc.disable()
    try:
        importlib.import_module("torch")
        gc.freeze()
    finally:
        if automatic:
            gc.enable()
