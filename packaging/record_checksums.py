"""Write down the checksum of a model's weights: run this whenever the weights are replaced.

    python packaging/record_checksums.py [FOLDER]     default: the built-in model's

The program compares the weights with it when it loads them, and says that they are damaged where
they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ditar_studio.engine import integrity  # noqa: E402

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "resources" / "models" / "builtin"
    integrity.record(folder, [path.name for path in folder.glob("*.safetensors")])
    print(f"{folder / integrity.MANIFEST} is written.")
