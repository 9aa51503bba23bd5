"""Record what PyPI ``voxcpm`` 2.0.3 makes of the test folders (run by hand where it is installed).

    PYTHONPATH=.:tests/support python tests/data/voxcpm/make_references.py

The package runs in float32 on the CPU, offline (not streaming), with four patches per call.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio
import voxcpm_folders as folders
from voxcpm import VoxCPM

MODES = {
    "zero_shot": (False, False),
    "continuation": (True, False),
    "reference": (False, True),
    "reference_continuation": (True, True),
}


def _load(path: str) -> tuple[torch.Tensor, int]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate


def main() -> None:
    torchaudio.load = _load  # the real one needs FFmpeg
    with tempfile.TemporaryDirectory() as scratch:
        wav = Path(scratch) / "prompt.wav"
        soundfile.write(wav, folders.prompt_samples(), folders.PROMPT_RATE, subtype="FLOAT")
        for generation in folders.GENERATIONS:
            folder = folders.make_folder(Path(scratch) / generation, generation)
            model = VoxCPM(str(folder), enable_denoiser=False, optimize=False, device="cpu")
            outputs = {}
            for mode, (continues, refers) in MODES.items():
                if refers and generation != "2":
                    continue
                torch.manual_seed(folders.SEED)
                outputs[mode] = model.generate(
                    text=folders.TEXT,
                    prompt_wav_path=str(wav) if continues else None,
                    prompt_text=folders.PROMPT_TEXT if continues else None,
                    **({"reference_wav_path": str(wav)} if refers else {}),
                    min_len=folders.PATCHES,
                    max_len=folders.PATCHES,
                    retry_badcase=False,
                ).astype(np.float32)
                print(generation, mode, outputs[mode].shape, np.abs(outputs[mode]).max())
            target = Path(__file__).parent / f"voxcpm-{generation}.npz"
            np.savez_compressed(target, **outputs)


if __name__ == "__main__":
    main()
