"""Where the frozen program begins."""

from __future__ import annotations

import multiprocessing
import sys

from ditar_studio.app import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
