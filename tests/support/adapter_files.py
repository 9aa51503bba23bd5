"""Files of fine-tuned voices, without a model that they are for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ditar_studio.store.adapter import FORMAT


def write_adapter(path: Path, number: float = 1.0, **card: object) -> Path:
    metadata = {
        "format": FORMAT,
        "format_version": "1",
        "card": json.dumps({"model_hash": "m", "highest": 0.75, **card}),
    }
    save_file({"shift": np.full(4, number, np.float32)}, path, metadata)
    return path
