from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.errors import StudioError


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"temperature": 1.1},
        {"temperature": float("nan")},
        {"temperature": "0.5"},
        {"guidance": -1},
        {"guidance": 5.5},
        {"guidance": float("inf")},
        {"steps": 0},
        {"steps": 101},
        {"steps": 2.5},
        {"steps": True},
        {"steps": None},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": 1.5},
        {"max_seconds": 0},
        {"max_seconds": 1e9},
        {"stop_threshold": 2},
        {"pause_seconds": -1},
        {"pause_seconds": 61},
        {"exact_patches": 0},
        {"exact_patches": "3"},
        {"candidates": 0},
        {"candidates": 9},
        {"retries": -1},
        {"retries": 9},
        {"candidates": 1.5},
        {"verify": 1},
        {"verify": "yes"},
    ],
)
def test_values_out_of_range_are_refused_with_a_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(StudioError) as caught:
        GenerationSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.remedy


@given(
    temperature=st.floats(0, 1),
    guidance=st.floats(0, 5),
    steps=st.integers(1, 100),
    seed=st.integers(0, 2**63 - 1),
    candidates=st.integers(1, 8),
    verify=st.booleans(),
)
def test_a_recipe_gives_the_settings_back(
    temperature: float, guidance: float, steps: int, seed: int, candidates: int, verify: bool
) -> None:
    settings = GenerationSettings(
        temperature, guidance, steps, seed, candidates=candidates, verify=verify
    )
    assert GenerationSettings.from_dict({**settings.as_dict(), "of_tomorrow": 1}) == settings
