"""Where the endpoint listens: this machine's loopback, or what a container names."""

from __future__ import annotations

import pytest

from ditar_studio.api.server import BIND_VARIABLE, reserve_port
from ditar_studio.errors import StudioError


def test_only_this_machine_is_served_unless_another_address_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(BIND_VARIABLE, raising=False)
    with reserve_port() as usual:
        assert usual.getsockname()[0] == "127.0.0.1"
    monkeypatch.setenv(BIND_VARIABLE, "0.0.0.0")
    with reserve_port() as named:
        assert named.getsockname()[0] == "0.0.0.0"


def test_an_address_that_this_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BIND_VARIABLE, "192.0.2.1")
    with pytest.raises(StudioError, match="cannot be used"):
        reserve_port()
