"""DiTAR as a whole: cached stepping, guidance, determinism, published sizes."""

from __future__ import annotations

import pytest
import torch
from tiny_ditar import randomised, tiny_config

from ditar_studio.errors import StudioError
from ditar_studio.model.config import PRESETS
from ditar_studio.model.ditar import DiTAR, Prompt
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.objective import DiTARLosses, DiTARObjective
from ditar_studio.model.sampling import Sampling

TEXT = torch.tensor([5, 6, 2, 7, 8, 9, 4])
PROMPT_TEXT = torch.tensor([10, 11, 2, 12, 4])


def make_prompt(model: DiTAR) -> Prompt:
    wave = torch.randn(24_000, generator=torch.Generator().manual_seed(3)) * 0.1
    return model.encode_prompt(wave, PROMPT_TEXT)


@torch.inference_mode()
def speak(model: DiTAR, sampling: Sampling, seed: int, patches: int = 6) -> torch.Tensor:
    state = model.prefill(TEXT, make_prompt(model))
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([model.step(state, sampling, generator)[0] for _ in range(patches)], dim=1)


def test_temperature_zero_ignores_the_seed_and_one_does_not(tiny: DiTAR) -> None:
    assert torch.equal(speak(tiny, Sampling(0.0), 1), speak(tiny, Sampling(0.0), 2))
    assert torch.equal(speak(tiny, Sampling(1.0), 1), speak(tiny, Sampling(1.0), 1))
    assert not torch.equal(speak(tiny, Sampling(1.0), 1), speak(tiny, Sampling(1.0), 2))


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
    torch.testing.assert_close(tiny.guided(h, history, content, 0.0)(x, 0.4), conditional)
    torch.testing.assert_close(
        tiny.guided(h, history, content, 1.5)(x, 0.4),
        2.5 * conditional - 1.5 * unconditional,
        atol=1e-5,
        rtol=1e-4,
    )
    assert not torch.allclose(conditional, unconditional)


@torch.inference_mode()
def test_cached_stepping_equals_the_full_forward(tiny: DiTAR) -> None:
    language_model = tiny.language_model
    text, patches = torch.randn(2, 7, 32), torch.randn(2, 9, 32)
    whole = language_model(text, torch.tensor([7, 7]), patches)
    cache = language_model.transformer.empty_cache(2)
    outputs = [language_model.extend(text, cache)[:, -1:]]
    outputs += [language_model.extend(patches[:, i : i + 1], cache) for i in range(3)]
    outputs += [language_model.extend(patches[:, 3:9], cache)]
    torch.testing.assert_close(torch.cat(outputs, dim=1), whole, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("guidance", [0.0, 2.0])
def test_speeding_up_changes_nothing(tiny: DiTAR, guidance: float) -> None:
    for parameter in tiny.parameters():
        parameter.copy_(parameter.bfloat16())  # as they are stored
    sampling = Sampling(0.5, guidance, 4)
    prompt = make_prompt(tiny)

    def content() -> tuple[torch.Tensor, torch.Tensor]:
        state, decoder = tiny.prefill(TEXT, prompt), tiny.vae.start()
        generator = torch.Generator().manual_seed(0)
        latents, pieces = [], []
        for _ in range(6):
            latents.append(tiny.step(state, sampling, generator)[0])
            samples, decoder = tiny.vae.decode_step(latents[-1], decoder)
            pieces.append(samples)
        return torch.cat(latents, dim=1), torch.cat([*pieces, tiny.vae.flush(decoder)], dim=1)

    expected = content()
    tiny.speed_up()
    torch.testing.assert_close(content(), expected, atol=1e-3, rtol=1e-3)


@torch.inference_mode()
def test_padding_does_not_reach_shorter_texts(tiny: DiTAR) -> None:
    language_model = tiny.language_model
    text, patches = torch.randn(2, 7, 32), torch.randn(2, 5, 32)
    both = language_model(text, torch.tensor([7, 4]), patches)
    alone = language_model(text[1:, :4], torch.tensor([4]), patches[1:])
    torch.testing.assert_close(both[1:], alone, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_generation_is_what_training_sees(tiny: DiTAR) -> None:
    """Teacher-forced conditions on what was generated equal those that generation used."""
    prompt = make_prompt(tiny)
    state = tiny.prefill(TEXT, prompt)
    hs, latents = [], [prompt.latents[None]]
    for _ in range(5):
        hs.append(state.h)
        patch, _ = tiny.step(state, Sampling(1.0, 0.0, 3), torch.Generator().manual_seed(0))
        latents.append(patch)
    mark = torch.tensor([tiny.begin_mark])
    text = torch.cat((mark, PROMPT_TEXT, mark, TEXT, mark))
    batch = {"text": text[None], "text_lengths": torch.tensor([len(text)])}
    everything = torch.cat(latents, dim=1)
    if prompt.units is not None:
        frames = replay_units(tiny, prompt, hs)
        batch["units"] = torch.cat((prompt.units, torch.tensor(frames)))[None]
        batch["positions"] = tiny.unit_positions(text)[None]
    if prompt.voice is not None:
        batch["voice"] = prompt.voice[None]
    outputs, _, voice = DiTARObjective(tiny, DiTARLosses()).conditions(batch, everything)
    first = len(prompt.latents) // 4
    torch.testing.assert_close(outputs[0, first : first + 5], torch.cat(hs), atol=1e-4, rtol=1e-3)
    assert (voice is None) == (state.voice is None)
    if voice is not None and state.voice is not None:
        torch.testing.assert_close(voice, state.voice)


def replay_units(model: DiTAR, prompt: Prompt, hs: list[torch.Tensor]) -> list[int]:
    """The pointer's positions, latent by latent, from its definition."""
    from ditar_studio.model.pointer import choose_pattern

    unit = int((model.boundary != PROMPT_TEXT).sum()) + 1
    last = unit + int((model.boundary != TEXT).sum())
    survival, frames = 1.0, []
    assert model.pointer is not None
    for patch, h in enumerate(hs):
        pattern, survival = choose_pattern(model.pointer.pattern(h)[0], survival, 4)
        for latent in range(4):
            if pattern >> latent & 1 and not (patch == 0 and latent == 0):
                unit = min(unit + 1, last)
            frames.append(unit)
    return frames


def test_history_reaches_the_next_patch(tiny: DiTAR) -> None:
    with torch.inference_mode():
        state = tiny.prefill(TEXT, make_prompt(tiny))
        generator = torch.Generator().manual_seed(0)
        for _ in range(2):
            latents, _ = tiny.step(state, Sampling(1.0), generator)
            assert torch.equal(state.history, latents)


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


def test_a_transcript_that_cannot_fit_is_refused() -> None:
    model = randomised(DiTAR(tiny_config(True)))
    with pytest.raises(StudioError, match="too many"):
        model.encode_prompt(torch.zeros(4800), torch.arange(3, 30).repeat(3))  # type: ignore[operator]
    with pytest.raises(StudioError, match="shorter"):
        model.encode_prompt(torch.zeros(100), TEXT)  # type: ignore[operator]
