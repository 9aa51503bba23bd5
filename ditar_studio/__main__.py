"""`python -m ditar_studio`."""

from __future__ import annotations

import sys

from ditar_studio.app import main

sys.exit(main())
