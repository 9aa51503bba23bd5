from __future__ import annotations

import pytest
import torch
from tiny_ditar import randomised, tiny_config

from ditar_studio.model.ditar import DiTAR


@pytest.fixture(params=[False, True], ids=["paper", "builtin"])
def tiny(request: pytest.FixtureRequest) -> DiTAR:
    torch.manual_seed(0)
    model = randomised(DiTAR(tiny_config(request.param)))
    assert isinstance(model, DiTAR)
    return model
