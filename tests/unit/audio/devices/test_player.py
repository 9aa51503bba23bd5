from __future__ import annotations

import queue

import numpy as np
import pytest
import soxr
from fake_sound import BLOCK, Clock, FakeBackend, InlineControl, device

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.devices.control import AudioControl
from ditar_studio.audio.devices.player import StreamPlayer
from ditar_studio.audio.devices.player_events import (
    BufferSettings,
    OutputChanged,
    OutputLost,
    PlaybackEnded,
    PlaybackPaused,
    PlaybackStarted,
    PlayerFailed,
    Underrun,
)
from ditar_studio.errors import StudioError

RATE = 48000
FADE = 256


class Bench:
    """Moves time on block by block: the card takes a block, the player takes a step."""

    def __init__(self, **settings):
        self.clock = Clock()
        self.speakers = device("speakers", outputs=2, default=True)
        self.headphones = device("headphones", outputs=2, rate=44100)
        self.backend = FakeBackend(self.speakers, self.headphones)
        self.control = InlineControl(self.backend)
        self.player = StreamPlayer(
            control=self.control, clock=self.clock.monotonic, threaded=False, **settings
        )
        self.events: list[object] = []
        self.heard: list[np.ndarray] = []

    def step(self, times=1):
        for _ in range(times):
            self.events += self.player.step()

    def run(self, seconds: float, rate: int = RATE) -> np.ndarray:
        """Let time pass; returns what came out of the speakers [n]."""
        out = []
        for _ in range(max(1, round(seconds * rate / BLOCK))):
            self.step()
            if self.backend.open_streams:
                out.append(self.backend.stream.take())
            self.clock.now += BLOCK / rate
        self.step()
        self.heard += out
        return np.concatenate(out) if out else np.zeros(0, np.float32)

    def received(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def bench():
    return Bench()


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, round(seconds * rate)).astype(np.float32)


def ramp(seconds: float, rate: int = RATE) -> np.ndarray:
    """Samples that tell their own position: value = seconds / 100."""
    return (np.arange(round(seconds * rate)) / rate / 100).astype(np.float32)


def where(sound: np.ndarray, part: np.ndarray) -> int:
    """The index at which a part occurs exactly in a sound."""
    starts = np.flatnonzero(sound[: len(sound) - len(part) + 1] == part[0])
    for start in starts:
        if np.array_equal(sound[start : start + len(part)], part):
            return int(start)
    raise AssertionError("the part does not occur")


def test_a_clip_is_played_sample_by_sample_to_its_end(bench):
    sound = noise(1.0)
    bench.player.load(Clip(sound, RATE), play=True)
    heard = bench.run(1.3)
    at = where(heard, sound[FADE : len(sound)]) - FADE
    assert np.abs(heard[at : at + FADE]).max() <= np.abs(sound[:FADE]).max()
    assert not heard[at + len(sound) :].any()
    assert bench.player.status().state == "ended"
    assert bench.player.status().position == pytest.approx(1.0)
    assert bench.received(Underrun) == []
    assert [type(e) for e in bench.events] == [OutputChanged, PlaybackStarted, PlaybackEnded]


@pytest.mark.parametrize("rate", [16000, 24000, 44100])
def test_another_rate_is_resampled_as_a_whole_would_be(bench, rate):
    sound = noise(0.8, rate)
    bench.player.begin(rate)
    for first in range(0, len(sound), 700):
        bench.player.feed(sound[first : first + 700])
    bench.player.finish()
    heard = bench.run(1.2)
    wanted = soxr.resample(sound, rate, RATE, quality="HQ")
    first = int(np.flatnonzero(heard)[0])
    got = heard[first : first + len(wanted) + 8]
    likeness = np.correlate(got, wanted[2000:-2000], "valid")
    at = int(np.argmax(likeness))
    assert np.abs(got[at : at + len(wanted) - 4000] - wanted[2000:-2000]).max() < 1e-4


def test_playback_starts_when_the_buffer_is_full_and_not_before(bench):
    bench.player.begin(RATE)
    bench.player.feed(noise(0.15))
    assert not bench.run(0.2).any()
    assert bench.player.status().state == "waiting"
    bench.player.feed(noise(0.1))
    assert bench.run(0.1).any()
    assert bench.player.status().state == "playing"


def test_a_short_finished_sound_does_not_wait_for_the_buffer(bench):
    bench.player.begin(RATE)
    bench.player.feed(noise(0.05))
    bench.player.finish()
    assert bench.run(0.3).any()
    assert bench.received(PlaybackEnded)


def test_an_under_run_is_counted_and_the_buffer_grows(bench):
    bench.player.begin(RATE)
    bench.player.feed(noise(0.3))
    bench.run(0.5)
    (underrun,) = bench.received(Underrun)
    assert underrun.count == 1
    assert underrun.buffer_target == pytest.approx(0.6)
    status = bench.player.status()
    assert (status.state, status.underruns) == ("waiting", 1)
    bench.player.feed(noise(0.5))
    assert not bench.run(0.2).any()  # 0.5 s is not enough any more
    bench.player.feed(noise(0.2))
    assert bench.run(0.1).any()
    assert bench.player.status().underruns == 1


def test_nothing_is_lost_or_repeated_around_an_underrun(bench):
    sound = noise(1.5)
    bench.player.begin(RATE)
    bench.player.feed(sound[:15000])
    bench.run(0.6)
    bench.player.feed(sound[15000:])
    bench.player.finish()
    bench.run(1.5)
    heard = np.concatenate(bench.heard)
    before = where(heard, sound[FADE : 15000 - BLOCK])
    after = where(heard, sound[15000 + FADE :])
    assert after - before > 15000
    spoken = heard[heard != 0]
    assert len(spoken) == pytest.approx(len(sound), abs=4)


def test_the_buffer_never_exceeds_its_most_and_is_remembered_in_part():
    bench = Bench(buffering=BufferSettings(start=0.1, growth=1.0, most=1.5))
    bench.player.begin(RATE)
    for _ in range(3):
        bench.player.feed(noise(1.6))
        bench.run(2.0)
    assert bench.player.status().buffer_target == 1.5
    bench.player.begin(RATE)
    assert bench.player.status().buffer_target == 0.75
    assert bench.player.status().underruns == 0


def test_pause_is_silent_after_one_block_and_play_goes_on_where_it_was(bench):
    sound = noise(2.0)
    bench.player.load(Clip(sound, RATE), play=True)
    bench.run(0.5)
    bench.player.pause()
    fading = bench.backend.stream.take()
    assert fading[-1] == 0.0
    assert not bench.backend.stream.take().any()
    bench.run(0.3)
    (paused,) = bench.received(PlaybackPaused)
    assert paused.position == pytest.approx(0.5, abs=0.05)
    bench.player.play()
    heard = bench.run(0.3)
    spoken = heard[np.flatnonzero(heard)[0] :]
    at = where(sound, spoken[FADE : FADE + 5000])
    assert at / RATE == pytest.approx(paused.position, abs=0.02)


def test_the_position_follows_what_is_heard(bench):
    bench.player.load(Clip(ramp(3.0), RATE), play=True)
    for _ in range(20):
        heard = bench.run(0.1)
        # A callback is ahead of the air by the latency of the device; then time goes on.
        expected = heard[-1] * 100 - bench.backend.stream.latency + BLOCK / RATE
        assert bench.player.status().position == pytest.approx(max(0, expected), abs=0.001)
        bench.clock.now += 0.01
        later = bench.player.status().position
        assert later == pytest.approx(max(0, expected + 0.01), abs=0.001)
        bench.clock.now -= 0.01


@pytest.mark.parametrize("rate", [24000, 48000])
def test_seek_jumps_there_at_once_also_backwards(bench, rate):
    bench.player.load(Clip(ramp(4.0, rate), rate), play=True)
    bench.run(0.5)
    for target in (3.0, 0.2, 1.7):
        bench.player.seek(target)
        assert bench.player.status().position == pytest.approx(target)
        heard = bench.run(0.2)
        assert heard[-1] * 100 == pytest.approx(target + 0.2, abs=0.05)
    bench.player.seek(99.0)
    bench.run(0.2)
    assert bench.player.status().state == "ended"


def test_seek_while_paused_stays_silent(bench):
    bench.player.load(Clip(ramp(4.0), RATE))
    bench.player.seek(2.0)
    assert not bench.run(0.2).any()
    assert bench.player.status().position == pytest.approx(2.0)
    bench.player.play()
    assert bench.run(0.2)[-1] * 100 == pytest.approx(2.2, abs=0.05)


def test_play_after_the_end_and_replay_begin_at_the_beginning(bench):
    bench.player.load(Clip(ramp(0.5), RATE), play=True)
    bench.run(0.8)
    assert bench.player.status().state == "ended"
    bench.player.play()
    heard = bench.run(0.2)
    assert heard[-1] * 100 == pytest.approx(0.2, abs=0.06)
    bench.player.replay()
    assert bench.run(0.1)[-1] * 100 == pytest.approx(0.1, abs=0.05)
    bench.player.stop()
    bench.run(0.1)
    assert bench.player.status().position == 0.0


@pytest.mark.parametrize("rate", [24000, 48000])
def test_a_loop_repeats_its_region_without_a_gap(bench, rate):
    bench.player.load(Clip(ramp(2.0, rate), rate), play=True)
    bench.player.set_loop((0.5, 0.8))
    heard = bench.run(2.0) * 100
    inside = heard[np.flatnonzero(heard > 0.45)[0] + FADE :]
    assert inside.max() < 0.85  # the resampler rings at the jump
    jumps = np.flatnonzero(np.diff(inside) < -0.1)
    assert len(jumps) >= 4
    periods = np.diff(jumps)
    assert np.all(np.abs(periods[periods > 1000] - 0.3 * RATE) <= 50)
    position = bench.player.status().position
    assert 0.5 <= position <= 0.8
    bench.player.set_loop(None)
    bench.run(2.0)
    assert bench.player.status().state == "ended"


def test_a_loop_without_length_is_refused(bench):
    with pytest.raises(StudioError, match="no length"):
        bench.player.set_loop((1.0, 1.0))


def test_volume_changes_without_a_jump(bench):
    bench.player.load(Clip(np.full(RATE * 2, 0.5, np.float32), RATE), play=True)
    bench.run(0.3)
    bench.player.volume = 0.2
    heard = bench.run(0.1)
    assert heard[-1] == pytest.approx(0.1)
    assert np.abs(np.diff(heard)).max() < 0.01
    bench.player.volume = 7.0
    assert bench.player.volume == 1.0
    assert bench.run(0.1)[-1] == pytest.approx(0.5)


def test_a_lost_device_pauses_and_goes_on_by_itself_where_it_was(bench):
    bench.player.load(Clip(ramp(5.0), RATE), play=True)
    bench.run(1.0)
    bench.backend.plugged = []
    bench.backend.stream.die()
    bench.step(3)
    (lost,) = bench.received(OutputLost)
    assert "speakers" in lost.message
    assert lost.remedy
    status = bench.player.status()
    assert status.state == "device lost"
    assert status.position == pytest.approx(0.95, abs=0.05)
    bench.clock.now += 1.0
    bench.step(3)
    bench.backend.plugged = [bench.speakers]
    bench.clock.now += 1.0
    bench.step(3)
    heard = bench.run(0.2) * 100
    spoken = heard[np.flatnonzero(heard)[0] + FADE :]
    assert spoken[0] == pytest.approx(status.position, abs=0.02)
    assert bench.player.status().state == "playing"


def test_a_lost_device_is_replaced_by_the_default_one_after_a_while(bench):
    bench.player.set_device(bench.headphones.id)
    bench.player.load(Clip(ramp(9.0), RATE), play=True)
    bench.run(1.0, 44100)
    bench.backend.plugged = [bench.speakers]
    bench.backend.stream.die()
    while len(bench.received(OutputChanged)) < 2:
        bench.clock.now += 0.5
        bench.step(3)
    changed = bench.received(OutputChanged)[-1]
    assert changed.device == bench.speakers
    assert changed.fell_back
    assert bench.run(0.2).any()


def test_changing_the_device_goes_on_from_the_same_position(bench):
    bench.player.load(Clip(ramp(5.0), RATE), play=True)
    bench.run(1.0)
    bench.player.set_device(bench.headphones.id)
    bench.step(3)
    heard = bench.run(0.5, 44100) * 100
    assert bench.backend.stream.device == bench.headphones
    assert heard[-1] == pytest.approx(1.0 - 0.05 + 0.5, abs=0.06)
    assert len(bench.backend.open_streams) == 1


def test_without_any_device_it_says_so_and_plays_when_one_comes(bench):
    bench.backend.plugged = []
    bench.backend.refresh()
    bench.player.load(Clip(noise(2.0), RATE), play=True)
    bench.step(3)
    assert bench.received(PlayerFailed)[0].message == "No loudspeaker or headphones found."
    bench.backend.plugged = [bench.speakers]
    bench.clock.now += 1.0
    bench.step(3)
    assert bench.run(0.2).any()


def test_an_idle_player_gives_the_device_back(bench):
    bench.player.load(Clip(noise(0.2), RATE), play=True)
    bench.run(0.5)
    assert len(bench.backend.open_streams) == 1
    bench.run(2.5)
    assert bench.backend.open_streams == []
    bench.player.play()
    assert bench.run(0.2).any()


def test_a_new_sound_takes_the_place_of_the_old_one_at_once(bench):
    bench.player.load(Clip(np.full(RATE * 3, 0.5, np.float32), RATE), play=True)
    bench.run(0.5)
    bench.player.begin(24000)
    bench.player.feed(np.full(24000, -0.5, np.float32))
    heard = bench.run(0.4)
    assert heard[-1] == pytest.approx(-0.5, abs=0.01)
    assert np.flatnonzero(heard > 0.01)[-1] < 2 * BLOCK
    assert bench.player.status().generated == 1.0
    assert np.array_equal(bench.player.samples(), np.full(24000, -0.5, np.float32))


def test_stopping_the_generation_keeps_what_was_fed(bench):
    sound = noise(1.0)
    bench.player.begin(RATE)
    bench.player.feed(sound)
    bench.run(0.4)
    bench.player.pause()
    bench.player.finish()
    bench.run(0.1)
    assert np.array_equal(bench.player.samples(), sound)
    status = bench.player.status()
    assert (status.state, status.finished) == ("paused", True)


def test_a_device_that_ran_dry_while_playing_is_counted(bench):
    bench.player.load(Clip(noise(2.0), RATE), play=True)
    bench.run(0.2)
    block = np.zeros((BLOCK, 2), np.float32)
    bench.backend.stream.callback(block, True)
    assert bench.player.status().dropouts == 1
    bench.player.pause()
    bench.run(0.1)
    bench.backend.stream.callback(block, True)
    assert bench.player.status().dropouts == 1
    bench.player.begin(RATE)
    assert bench.player.status().dropouts == 0


def test_feeding_before_beginning_is_an_error(bench):
    with pytest.raises(RuntimeError, match="begin"):
        bench.player.feed(noise(0.1))
    assert len(bench.player.samples()) == 0


def test_contradictory_buffer_settings_are_refused():
    with pytest.raises(StudioError):
        BufferSettings(start=3.0, most=1.0)


def test_a_rescan_asked_for_interrupts_playback_only_for_a_moment(bench):
    bench.player.load(Clip(ramp(5.0), RATE), play=True)
    bench.run(1.0)
    assert not bench.control.rescan(asked=False)
    assert bench.control.rescan(asked=True)
    bench.step(2)
    heard = bench.run(0.3) * 100
    assert heard[-1] == pytest.approx(1.0 - 0.05 + 0.3, abs=0.06)
    assert bench.received(OutputLost) == []


def test_with_its_own_thread_it_starts_sends_events_and_ends():
    backend = FakeBackend(device("speakers", outputs=1, default=True))
    control = AudioControl(backend)
    events: queue.Queue[object] = queue.Queue()
    player = StreamPlayer(events.put, control=control)
    player.load(Clip(noise(0.1), RATE), play=True)
    while not isinstance(events.get(timeout=10), PlaybackStarted):
        pass
    for _ in range(20):
        backend.stream.take()
    assert isinstance(events.get(timeout=10), PlaybackEnded)
    player.close()
    control.close()
    assert backend.open_streams == []


def test_closing_ends_the_thread_even_while_the_sound_system_is_frozen():
    backend = FakeBackend(device("speakers", outputs=1, default=True))
    control = AudioControl(backend)
    player = StreamPlayer(control=control)
    backend.freeze()
    player.load(Clip(noise(0.1), RATE), play=True)
    assert backend.frozen.wait(5)
    player.close(limit=0.2)
    backend.thaw()
    player.close()
    control.close()
    assert backend.open_streams == []
