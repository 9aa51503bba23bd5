"""DiTAR as a whole: guidance, padding, published sizes."""

from __future__ import annotations

import pytest
import torch

from ditar_studio.model.config import PRESETS
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.locdit import LocDiT


@torch.inference_mode()
def test_guidance_zero_equals_the_conditional_branch(tiny: DiTAR) -> None:
    config = tiny.config
    h = torch.randn(1, config.language_model.dim)
    history = torch.randn(1, 4, 8)
    content = torch.randn(1, 4, config.language_model.dim) if config.pointer else None
    x = torch.randn(1, 4, 8)
    t = torch.full((1,), 0.4)
    conditional = tiny.locdit(x, t, h, history, content)
    nothing = None if content is None else torch.zeros_like(content)
    unconditional = tiny.locdit(x, t, torch.zeros_like(h), history, nothing)
    torch.testing.assert_close(tiny.locdit.guided(h, history, content, 0.0)(x, 0.4), conditional)
    torch.testing.assert_close(
        tiny.locdit.guided(h, history, content, 1.5)(x, 0.4),
        2.5 * conditional - 1.5 * unconditional,
        atol=1e-5,
        rtol=1e-4,
    )
    assert not torch.allclose(conditional, unconditional)


@torch.inference_mode()
def test_padding_does_not_reach_shorter_texts(tiny: DiTAR) -> None:
    language_model = tiny.language_model
    text, patches = torch.randn(2, 7, 32), torch.randn(2, 5, 32)
    both = language_model(text, torch.tensor([7, 4]), patches)
    alone = language_model(text[1:, :4], torch.tensor([4]), patches[1:])
    torch.testing.assert_close(both[1:], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "transformers", "published"),
    [
        ("0.1b", 75.5e6, 0.12e9),
        ("0.4b", 402.7e6, 0.44e9),
        ("0.6b", 604.0e6, 0.66e9),
        ("1b", 881.0e6, 0.95e9),
    ],
)
def test_the_presets_have_the_papers_sizes(
    name: str, transformers: float, published: float
) -> None:
    with torch.device("meta"):
        model = DiTAR(PRESETS[name])
    parts = [
        model.aggregator.transformer,
        model.language_model.transformer,
        model.locdit.transformer,
    ]
    matrices = sum(p.numel() for part in parts for p in part.parameters() if p.dim() == 2)
    assert matrices == pytest.approx(transformers, rel=0.01)
    # What is left to the published sizes is the VAE (a BigVGAN there) and the embeddings.
    assert 30e6 < published - matrices < 75e6


def test_the_06b_preset_costs_the_published_flops() -> None:
    """Ten seconds, NFE 10, guidance: two FLOPs a weight and token in every transformer."""
    config = PRESETS["0.6b"]
    with torch.device("meta"):
        model = DiTAR(config)

    def weights(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters() if p.dim() == 2)

    patches = round(10 * config.patch_rate)
    tokens = 1 + config.history * config.patch + config.patch
    locdit = weights(model.locdit.transformer) * tokens * 10 * 2
    aggregator = weights(model.aggregator.transformer) * (1 + config.patch)
    total = 2 * patches * (locdit + aggregator + weights(model.language_model.transformer))
    assert total == pytest.approx(2.75e12, rel=0.15)


def test_locdit_starts_from_zero() -> None:
    config = PRESETS["builtin"]
    latent, wide = config.vae.latent_dim, config.language_model.dim
    net = LocDiT(config)
    out = net(
        torch.randn(2, 4, latent),
        torch.rand(2),
        torch.randn(2, wide),
        torch.zeros(2, 4, latent),
        torch.zeros(2, 4, wide),
    )
    assert torch.equal(out, torch.zeros_like(out))
