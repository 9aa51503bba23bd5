"""Where the frozen program begins."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from ditar_studio.app import main, speech_dispatcher_module
from ditar_studio.cli.speech_dispatcher import EXECUTABLE

if __name__ == "__main__":
    multiprocessing.freeze_support()
    called = Path(sys.argv[0]).name
    sys.exit(speech_dispatcher_module() if called == EXECUTABLE else main())
