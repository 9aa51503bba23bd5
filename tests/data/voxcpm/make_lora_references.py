"""Record what PyPI ``voxcpm`` 2.0.3 makes of the test folders with a LoRA, and its training losses.

    PYTHONPATH=.:tests/support python tests/data/voxcpm/make_lora_references.py

It runs in float32 on the CPU. All that its losses draw is given to it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import voxcpm_folders as folders

from ditar_studio.audio.clips.resample import import_torchaudio
from ditar_studio.inference.voxcpm.lora import write_lora
from ditar_studio.model.voxcpm.config import AUDIO_START, REFERENCE_END, REFERENCE_START

PATCHES = 2
AUDIO_END = 102


def main() -> None:
    import_torchaudio()
    from voxcpm import VoxCPM

    outputs: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for generation in ("0.5b", "2"):
            folder = folders.make_folder(Path(scratch) / generation, generation)
            lora = write_lora(
                Path(scratch) / f"lora-{generation}", folders.lora_tensors(generation)
            )
            model = VoxCPM(
                str(folder),
                enable_denoiser=False,
                optimize=False,
                device="cpu",
                lora_weights_path=str(lora),
            )
            loaded, skipped = model.load_lora(str(lora))
            assert not skipped
            assert set(loaded) == set(model.tts_model.get_lora_state_dict())
            torch.manual_seed(folders.SEED)
            outputs[f"{generation}.speech"] = model.generate(
                text=folders.TEXT, min_len=PATCHES, max_len=PATCHES, retry_badcase=False
            ).astype(np.float32)
            outputs[f"{generation}.losses"] = losses(model.tts_model, generation)
            print(generation, len(loaded), outputs[f"{generation}.losses"])
    np.savez_compressed(Path(__file__).parent / "lora.npz", **outputs)


def losses(model: torch.nn.Module, generation: str) -> np.ndarray:
    """The two losses of the package's own training pass."""
    example, draws = folders.training_example(generation)
    text, reference = list(example.prompt.text), example.prompt.reference
    ids: list[int] = [*text, AUDIO_START]
    audio = [False] * len(ids)
    patches = [torch.zeros_like(example.target[:1])] * len(ids)
    if reference is not None:
        ids = [REFERENCE_START, *[0] * len(reference), REFERENCE_END, *ids]
        audio = [False, *[True] * len(reference), False, *audio]
        patches = [patches[0], *reference[:, None], patches[0], *patches]
    count, before = len(example.target), len(ids)
    ids += [0] * count + [AUDIO_END]
    is_audio = torch.tensor([*audio, *[True] * count, False])
    loss_mask = torch.zeros(1, before + count + 1)
    loss_mask[0, before:-1] = 1
    labels = torch.zeros(1, before + count + 1, dtype=torch.long)
    labels[0, -2] = 1

    def placed(values: torch.Tensor, others: float) -> torch.Tensor:
        filled = torch.full((before + count + 1, *values.shape[1:]), others, dtype=values.dtype)
        filled[before:-1] = values
        return filled

    levels = torch.logit(placed(draws.times, 0.5)) + 0.4
    dropped = placed(draws.kept.float(), 1.0)
    given = {
        "rand": [dropped, torch.zeros(len(levels)), torch.ones(len(levels))],
        "randn": [torch.zeros_like(levels), levels],
        "randn_like": [torch.zeros(()), placed(draws.noise, 0.0).transpose(1, 2)],
    }
    with mock.patch.multiple(torch, **{name: _giving(values) for name, values in given.items()}):
        found = model.eval()(
            torch.tensor([ids]),
            (~is_audio)[None],
            torch.cat([*patches, example.target, patches[0]])[None],
            is_audio[None],
            loss_mask,
            None,
            labels,
        )
    return np.array([float(found["loss/diff"]), float(found["loss/stop"])], np.float32)


def _giving(values: list[torch.Tensor]) -> Callable[..., torch.Tensor]:
    left = iter(values)
    return lambda *_, **__: next(left)


if __name__ == "__main__":
    main()
