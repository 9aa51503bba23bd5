"""Every runtime and precision, each with a small model, for the suite that all must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import voxcpm_folders as folders
from safetensors.torch import load_file, save_file
from tiny_ditar import randomised, tiny_config
from torch import Tensor

from ditar_studio.inference.ditar import DiTARRequest, DiTARRuntime
from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.native_runtime import NativeRuntime
from ditar_studio.inference.runtime import Runtime
from ditar_studio.inference.torch_runtime import TorchRuntime
from ditar_studio.inference.voxcpm import packed_vae, precision
from ditar_studio.inference.voxcpm.checkpoint import load
from ditar_studio.inference.voxcpm.runtime import VoxCPMRequest, VoxCPMRuntime
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.voxcpm.voxcpm import Prompt

PATCHES = 6
DITARS = [
    f"{kind} {weights} weights, {runtime}"
    for kind in ("paper", "builtin")
    for weights in ("stored", "trained")
    for runtime in ("torch", "native")
]
VOXCPMS = [
    f"VoxCPM {generation} {name}, {arithmetic}"
    for generation in folders.GENERATIONS
    for name in ("fp32", "bf16", "int8")
    for arithmetic in (("torch", "native") if name == "int8" else ("torch",))
]


@dataclass
class Case:
    """A runtime to be examined.

    Attributes:
        runtime: what is examined.
        request: what it is to say; several may be under way.
        plain: the same model by the plainest arithmetic there is, for the same request.
        tolerance: relative error of latents that its precision is allowed.
        patch_samples: in a patch.
        decode: all latents [n, D] at once, into samples [m].
    """

    runtime: Runtime[Any, Any]
    request: Any
    plain: Runtime[Any, Any]
    tolerance: float
    patch_samples: int
    decode: Callable[[Tensor], Tensor]


def ditar(name: str) -> Case:
    kind, weights, _, runtime = name.replace(",", "").split()
    torch.manual_seed(0)
    model = randomised(DiTAR(tiny_config(kind == "builtin")))
    assert isinstance(model, DiTAR)
    if weights == "stored":  # in bfloat16, which is all that the kernels compute exactly
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(parameter.bfloat16())
    plain = TorchRuntime(model)
    request = request_for(plain)
    embedding = None if request.prompt is None else request.prompt.voice

    def decode(latents: Tensor) -> Tensor:
        voice = None if embedding is None else embedding[None]
        return model.vae.decode(latents[None], voice)[0]

    kinds = {"torch": TorchRuntime, "native": NativeRuntime}
    size = model.config.patch_samples
    return Case(kinds[runtime](model), request, plain, 1e-3, size, decode)


def request_for(runtime: DiTARRuntime) -> DiTARRequest:
    """Make a request for a text after a prompt."""
    wave = torch.randn(24_000, generator=torch.Generator().manual_seed(3)) * 0.1
    prompt = runtime.encode(wave, torch.tensor([10, 11, 2, 12, 4]))
    return DiTARRequest(torch.tensor([5, 6, 2, 7, 8, 9, 4]), prompt)


def voxcpm(name: str, folder: Path, patch: pytest.MonkeyPatch) -> Case:
    _, generation, chosen, arithmetic = name.replace(",", "").split()
    if arithmetic == "torch":
        patch.setattr(precision, "fits", lambda *_: False)
        patch.setattr(packed_vae, "fits", lambda *_: False)
    file = folders.make_folder(folder, generation) / "model.safetensors"
    if file.exists():  # as it is released, in 16 bits
        save_file({key: value.bfloat16() for key, value in load_file(file).items()}, file)
    runtime = load(folder, precision.choose(chosen), threads=2).runtime
    patch.setattr(precision, "multiplies_fp16", lambda: False)
    plain = load(folder).runtime
    wave = torch.randn(12_000, generator=torch.Generator().manual_seed(3)) * 0.1
    voice = plain.model.encode_audio(wave, "left")
    request = VoxCPMRequest(Prompt((200, 300, 400), continuation=voice), PATCHES)
    # What is told apart from rounding: the modules' own errors are measured in test_precision.
    tolerance = {"fp32": 1e-3, "bf16": 0.2, "int8": 0.35}[chosen]
    return Case(
        runtime,
        request,
        plain,
        tolerance,
        plain.model.config.patch_samples,
        lambda latents: _after(runtime, voice, latents),
    )


def _after(runtime: VoxCPMRuntime, voice: Tensor, latents: Tensor) -> Tensor:
    """Return samples of latents that go on from a voice."""
    context = voice[-runtime.model.config.context_patches :].flatten(0, 1)
    whole = runtime.model.vae.decode(torch.cat([context, latents]))
    hop = runtime.model.config.patch_samples // runtime.model.config.patch_size
    return whole[-len(latents) * hop :]


def cases(name: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Return the case of a name, for a fixture."""
    if name.endswith("native") and missing():
        pytest.skip(f"no compiled kernels: {missing()}")
    yield voxcpm(name, folder, patch) if name.startswith("VoxCPM") else ditar(name)
