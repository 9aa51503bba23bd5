from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from endpoint import Endpoint, HeldModel, endpoint
from fake_model import FakeModel


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint that speaks at once."""
    with endpoint(tmp_path, FakeModel()) as running:
        yield running


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Endpoint, HeldModel]]:
    """An endpoint that makes patches only while its model's `go` is set."""
    model = HeldModel(supports_style=True)
    with endpoint(tmp_path, model) as running:
        yield running, model


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One endpoint for many cases; its threads run before the first and after the last."""
    with endpoint(tmp_path_factory.mktemp("endpoint"), FakeModel()) as running:
        assert running.speech()[0] == 200
        yield running
        assert running.speech()[0] == 200
