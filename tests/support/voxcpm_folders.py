"""Small VoxCPM folders with seeded random weights, in the released layout."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from ditar_studio.model.voxcpm.audio_vae import vae_shapes
from ditar_studio.model.voxcpm.config import parse_config
from ditar_studio.model.voxcpm.lora import RANK, lora_places
from ditar_studio.model.voxcpm.objective import Draws, Example
from ditar_studio.model.voxcpm.released_names import main_shapes
from ditar_studio.model.voxcpm.voxcpm import Prompt

DATA = Path(__file__).parents[1] / "data" / "voxcpm"
GENERATIONS = ("0.5b", "1.5", "2")
TEXT = "Hello world, 你好世界 again."
PROMPT_TEXT = "Hello 世界."
PROMPT_RATE = 24000
PATCHES = 4
SEED = 1234

# numpy's legacy generator promises the same numbers for ever, torch's does not.


def prompt_samples() -> np.ndarray:
    """Make 0.7 s of a wavering buzz, float32 at PROMPT_RATE."""
    seconds = np.arange(int(0.7 * PROMPT_RATE)) / PROMPT_RATE
    pitch = 2 * np.pi * (140 * seconds + 3 * np.sin(2 * np.pi * 4 * seconds))
    buzz = sum(np.sin(k * pitch) / k for k in range(1, 12))
    noise = np.random.RandomState(7).standard_normal(seconds.shape)
    samples = 0.15 * buzz * (0.6 + 0.4 * np.sin(9 * seconds)) + 0.01 * noise
    return np.asarray(samples, np.float32)


def config_values(generation: str) -> dict[str, Any]:
    second = generation == "2"
    head_dim = 16
    factors = [1.0 + 0.7 * k * k for k in range(head_dim // 2)]
    local = {"hidden_dim": 48, "ffn_dim": 80, "num_heads": 4, "num_layers": 2}
    if second:
        local["kv_channels"] = head_dim
    else:
        local["hidden_dim"] = 64
    lm: dict[str, Any] = {
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_size": 64,
        "intermediate_size": 96,
        "max_position_embeddings": 32768,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000,
        "rope_scaling": {
            "type": "longrope",
            "long_factor": factors,
            "short_factor": factors,
            "original_max_position_embeddings": 32768,
        },
        "vocab_size": 1024,
        "use_mup": False,
        "scale_emb": 12,
        "dim_model_base": 256,
        "scale_depth": 1.4,
    }
    if second:
        lm["kv_channels"] = head_dim
    vae: dict[str, Any] = {
        "0.5b": {
            "encoder_dim": 4,
            "encoder_rates": [2, 5, 8, 8],
            "decoder_dim": 32,
            "decoder_rates": [8, 8, 5, 2],
            "sample_rate": 16000,
        },
        "1.5": {
            "encoder_dim": 2,
            "encoder_rates": [2, 3, 6, 7, 7],
            "decoder_dim": 32,
            "decoder_rates": [7, 7, 6, 3, 2],
            "sample_rate": 44100,
        },
        "2": {
            "encoder_dim": 4,
            "encoder_rates": [2, 5, 8, 8],
            "decoder_dim": 64,
            "decoder_rates": [8, 6, 5, 2, 2, 2],
            "sr_bin_boundaries": [20000, 30000, 40000],
            "sample_rate": 16000,
            "out_sample_rate": 48000,
        },
    }[generation]
    values: dict[str, Any] = {
        "architecture": "voxcpm2" if second else "voxcpm",
        "lm_config": lm,
        "patch_size": 2 if generation == "0.5b" else 4,
        "feat_dim": 64,
        "scalar_quantization_latent_dim": 24,
        "scalar_quantization_scale": 9,
        "residual_lm_num_layers": 2,
        "encoder_config": dict(local),
        "dit_config": {
            **local,
            "cfm_config": {
                "sigma_min": 1e-6,
                "solver": "euler",
                "t_scheduler": "log-norm",
                "inference_cfg_rate": 2.0,
            },
        },
        "audio_vae_config": {"latent_dim": 64, **vae},
        "max_length": 256,
        "device": "cpu",
        "dtype": "float32",
    }
    if second:
        values["residual_lm_no_rope"] = True
    return values


def main_tensors(values: dict[str, Any], seed: int) -> dict[str, Tensor]:
    draw = np.random.RandomState(seed).standard_normal
    tensors = {}
    for name, shape in sorted(main_shapes(parse_config(values)).items()):
        if "norm" in name:
            array = 1 + 0.1 * draw(shape)
        elif name.endswith(".bias"):
            array = 0.1 * draw(shape)
        elif "embed" in name or "special_token" in name:
            array = draw(shape)
        else:
            array = draw(shape) / math.sqrt(shape[-1])
        tensors[name] = torch.from_numpy(array.astype(np.float32))
    return tensors


def _gain(name: str, shape: tuple[int, ...]) -> float:
    """Return small residual branches and a small output, so that rounding errors stay small as
    well.
    """
    if shape[0] == 1:
        return 0.02
    return 0.3 if name.count(".block.") == 3 and name.endswith("3.weight_g") else 1.0


def vae_tensors(values: dict[str, Any], seed: int) -> dict[str, Tensor]:
    config = parse_config(values).vae
    random = np.random.RandomState(seed)
    tensors = {}
    for name, shape in sorted(vae_shapes(config).items()):
        if name.endswith("boundaries"):
            tensors[name] = torch.tensor(config.rate_boundaries, dtype=torch.int32)
            continue
        if name.endswith("alpha"):
            array = random.uniform(0.5, 1.5, shape)
        elif name.endswith(".bias"):
            array = 0.05 * random.standard_normal(shape)
        elif name.endswith("weight_g"):
            array = random.uniform(0.5, 0.8, shape) * _gain(name, shape)
        elif name.endswith("scale_embed.weight"):
            array = 1 + 0.1 * random.standard_normal(shape)
        else:
            array = random.standard_normal(shape)
        tensors[name] = torch.from_numpy(array.astype(np.float32))
    return tensors


def make_folder(folder: Path, generation: str, seed: int = 3) -> Path:
    """Write a whole model folder; the first generation as pickles, the others as safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    values = config_values(generation)
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(DATA / name, folder / name)
    main = main_tensors(values, seed)
    if generation == "0.5b":
        torch.save({"state_dict": main}, folder / "pytorch_model.bin")
    else:
        save_file(main, folder / "model.safetensors")
    torch.save({"state_dict": vae_tensors(values, seed + 1)}, folder / "audiovae.pth")
    return folder


def lora_tensors(generation: str, seed: int = 9) -> dict[str, Tensor]:
    """Make a LoRA that changes much, by its names in a file."""
    draw = np.random.RandomState(seed).standard_normal
    tensors = {}
    for place, (outputs, inputs) in sorted(
        lora_places(parse_config(config_values(generation))).items()
    ):
        for side, shape in (("A", (RANK, inputs)), ("B", (outputs, RANK))):
            array = 0.3 * draw(shape) / math.sqrt(shape[1])
            tensors[f"{place}.lora_{side}"] = torch.from_numpy(array.astype(np.float32))
    return tensors


def training_example(generation: str) -> tuple[Example, Draws]:
    """Make speech to learn behind a reference, where the model takes one, and all chance
    in a pass.
    """
    random, config = np.random.RandomState(11), parse_config(config_values(generation))

    def latents(count: int) -> Tensor:
        shape = (count, config.patch_size, config.latent_dim)
        return torch.from_numpy(random.standard_normal(shape).astype(np.float32))

    reference = latents(3) if generation == "2" else None
    example = Example(Prompt((200, 300, 400), reference), latents(5))
    times = torch.from_numpy(random.uniform(0.1, 0.9, 5).astype(np.float32))
    return example, Draws(times, latents(5), torch.tensor([True, True, False, True, True]))
