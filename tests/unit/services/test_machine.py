"""What is said about the computer, and why something is slow."""

from __future__ import annotations

from dataclasses import replace

from ditar_studio.engine.device import Device
from ditar_studio.services.machine import Machine, Speed, examine, remarks

QUIET = Machine("A CPU", 4, 3, 16.0, 8.0, (Device("cpu", True, "4 cores"),), "", 0.2)


def test_nothing_is_wrong_with_a_quiet_machine() -> None:
    assert [remark.tone for remark in remarks(QUIET, Speed(6.0, 0.2))] == ["success"]


def test_each_cause_of_slowness_is_reported_with_a_remedy() -> None:
    for machine, speed, word in (
        (QUIET, Speed(0.8, 0.9), "more slowly"),
        (replace(QUIET, load=2.5), None, "busy"),
        (replace(QUIET, without_kernels="no compiler"), None, "no compiler"),
        (replace(QUIET, free_memory=0.4), None, "memory"),
    ):
        (remark,) = remarks(machine, speed)
        assert remark.tone == "warning"
        assert word in remark.message
        assert remark.remedy


def test_this_computer_is_known() -> None:
    here = examine()
    assert here.cores >= 1
    assert here.threads >= 1
    assert here.processor
    assert here.devices[0].name == "cpu"
