from __future__ import annotations

import numpy as np
import pytest
from fake_sound import Clock, FakeBackend, InlineControl, device

from ditar_studio.audio.devices.stream_monitor import (
    FALL_BACK_SECONDS,
    LONGEST_RETRY_SECONDS,
    RETRY_SECONDS,
    STALL_SECONDS,
    StreamLost,
    StreamMonitor,
    StreamOpened,
    StreamRefused,
)


class Bench:
    def __init__(self):
        self.clock = Clock()
        self.mic = device("mic", inputs=1, default=True)
        self.headset = device("headset", inputs=2, rate=16000)
        self.backend = FakeBackend(self.mic, self.headset)
        self.control = InlineControl(self.backend)
        self.blocks: list[np.ndarray] = []
        self.monitor = StreamMonitor(
            self.control,
            "input",
            1,
            lambda block, dropped: self.blocks.append(block.copy()),
            lambda: "always",
            clock=self.clock.monotonic,
        )

    def tick(self, seconds=0.0, times=3):
        events = []
        self.clock.now += seconds
        for _ in range(times):
            events += self.monitor.tick()
        return events


@pytest.fixture
def bench():
    return Bench()


def test_it_opens_what_is_wanted_and_closes_what_is_not(bench):
    bench.monitor.want(True)
    assert not bench.monitor.settled
    (opened,) = bench.tick()
    assert isinstance(opened, StreamOpened)
    assert (opened.device, opened.sample_rate, opened.channels) == (bench.mic, 48000, 1)
    assert len(bench.control.streams) == 1
    bench.backend.stream.give(np.ones(1024))
    assert len(bench.blocks) == 1
    bench.monitor.want(False)
    assert bench.tick() == []
    assert bench.monitor.settled
    assert bench.backend.open_streams == []
    assert bench.control.streams == []


def test_a_refused_rate_or_channel_count_is_replaced_by_another(bench):
    bench.backend.refuse_rates = {16000, 48000}
    bench.backend.refuse_channels = {1}
    bench.monitor.choose(bench.headset.id)
    bench.monitor.want(True)
    (opened,) = bench.tick()
    assert (opened.sample_rate, opened.channels) == (44100, 2)


def test_the_end_of_a_stream_is_reported_and_the_device_taken_back_when_it_returns(bench):
    bench.monitor.choose(bench.headset.id)
    bench.monitor.want(True)
    bench.tick()
    bench.backend.plugged = []
    bench.backend.stream.die()
    (lost,) = bench.tick()
    assert lost == StreamLost(bench.headset, "it was disconnected")
    assert bench.tick(RETRY_SECONDS) == []  # received already, goes on trying silently
    bench.backend.plugged = [bench.mic, bench.headset]
    (opened,) = bench.tick(RETRY_SECONDS)
    assert opened.device == bench.headset
    assert not opened.fell_back


def test_after_a_while_it_falls_back_on_the_default_device(bench):
    bench.monitor.choose(bench.headset.id)
    bench.monitor.want(True)
    bench.tick()
    bench.backend.plugged = [bench.mic]
    bench.backend.stream.die()
    bench.tick()
    waited = 0.0
    while not (events := bench.tick(RETRY_SECONDS)):
        waited += RETRY_SECONDS
        assert waited < 5
    assert waited >= FALL_BACK_SECONDS - RETRY_SECONDS
    assert events[0].device == bench.mic
    assert events[0].fell_back


def test_it_falls_back_too_from_a_device_that_is_listed_but_cannot_be_opened(bench):
    bench.monitor.choose(bench.headset.id)
    bench.monitor.want(True)
    bench.tick()
    bench.backend.broken = {bench.headset}
    bench.backend.stream.die()
    bench.tick()
    attempts = 0
    while not (events := bench.tick(LONGEST_RETRY_SECONDS)):
        attempts += 1
        assert attempts < 5
    assert events[0].device == bench.mic
    assert events[0].fell_back


def test_attempts_become_rarer(bench):
    bench.backend.refuse = "Device unavailable"
    bench.monitor.want(True)
    bench.tick()
    asked = []
    submit = bench.control.submit
    bench.control.submit = lambda *a, **k: asked.append(bench.clock.now) or submit(*a, **k)
    for _ in range(100):
        bench.tick(0.1, times=1)
    assert 4 <= len(asked) <= 8


def test_a_suspended_device_is_noticed_by_the_age_of_its_last_callback(bench):
    bench.monitor.want(True)
    bench.tick()
    for _ in range(10):
        bench.backend.stream.give(np.ones(1024))
        assert bench.tick(STALL_SECONDS * 0.9) == []
    (lost,) = bench.tick(STALL_SECONDS)
    assert lost.reason == "it stopped responding"


def test_what_cannot_be_opened_is_reported_once_and_tried_again(bench):
    bench.backend.refuse = "Device unavailable"
    bench.monitor.want(True)
    (refused,) = bench.tick()
    assert isinstance(refused, StreamRefused)
    assert refused.remedy
    assert bench.tick(RETRY_SECONDS) == []
    bench.monitor.try_now()
    assert len(bench.tick()) == 1
    bench.backend.refuse = ""
    assert isinstance(bench.tick(RETRY_SECONDS)[0], StreamOpened)


def test_a_missing_device_is_refused_in_words(bench):
    bench.backend.plugged = []
    bench.backend.refresh()
    bench.monitor.want(True)
    (refused,) = bench.tick()
    assert refused.message == "No microphone found."


def test_a_sound_system_that_does_not_answer_is_reported_and_recovered_from(bench):
    bench.control.answers = False
    bench.monitor.want(True)
    (refused,) = bench.tick()
    assert "does not answer" in refused.message
    bench.control.answers = True
    (opened,) = bench.tick(RETRY_SECONDS)
    assert isinstance(opened, StreamOpened)


def test_choosing_another_device_moves_the_stream(bench):
    bench.monitor.want(True)
    bench.tick()
    bench.monitor.choose(bench.headset.id)
    (opened,) = bench.tick()
    assert opened.device == bench.headset
    assert len(bench.backend.open_streams) == 1


def test_a_rescan_interrupts_it_for_a_moment_without_a_complaint(bench):
    bench.monitor.want(True)
    bench.tick()
    assert bench.control.rescan(asked=False)
    assert bench.backend.open_streams == []
    (opened,) = bench.tick()
    assert isinstance(opened, StreamOpened)
    assert len(bench.control.streams) == 1


def test_a_stream_that_ends_late_does_not_end_the_next_one(bench):
    bench.monitor.want(True)
    bench.tick()
    first = bench.backend.stream
    bench.monitor.choose(bench.headset.id)
    bench.tick()
    first.die()
    assert bench.tick() == []
    assert bench.monitor.opened.device == bench.headset


def test_a_rescan_between_the_opening_and_the_next_look_is_survived(bench):
    bench.monitor.want(True)
    bench.monitor.tick()  # opened, not looked at yet
    assert bench.control.rescan(asked=False)
    events = bench.tick(times=5)
    assert isinstance(events[-1], StreamOpened)
    assert bench.monitor.settled
    assert len(bench.backend.open_streams) == 1


def test_no_longer_wanting_it_while_it_is_lost_ends_the_attempts(bench):
    bench.monitor.want(True)
    bench.tick()
    bench.backend.plugged = []
    bench.backend.stream.die()
    bench.tick()
    bench.monitor.want(False)
    assert bench.tick(10.0) == []
    assert bench.monitor.settled
