from __future__ import annotations

import queue
from pathlib import Path

import numpy as np
import pytest
from fake_sound import FakeBackend, device

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.devices.control import AudioControl
from ditar_studio.audio.devices.recorder import (
    InputRestored,
    InputSilent,
    MicrophoneLost,
    Monitoring,
    MonitoringEnded,
    Recorder,
    RecorderFailed,
    RecordingStarted,
    RecordingStopped,
    SoundDropped,
)
from ditar_studio.errors import StudioError

RATE = 48000


class Bench:
    def __init__(self):
        self.mic = device("mic", inputs=1, default=True)
        self.headset = device("headset", inputs=2, rate=16000)
        self.backend = FakeBackend(self.mic, self.headset)
        self.control = AudioControl(self.backend)
        self.events: queue.Queue[object] = queue.Queue()
        self.recorder = Recorder(self.events.put, control=self.control)

    def wait_for(self, kind):
        """The next event of this kind; others before it are dropped."""
        while True:
            event = self.events.get(timeout=10)
            if isinstance(event, kind):
                return event

    def close(self):
        self.recorder.close()
        self.control.close()


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.close()


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def test_a_recording_is_what_the_microphone_gave(bench, tmp_path):
    path = tmp_path / "take.wav"
    bench.recorder.record(path)
    started = bench.wait_for(RecordingStarted)
    assert (started.path, started.sample_rate) == (path, RATE)
    sound = noise(1.0)
    bench.backend.stream.give(sound)
    bench.recorder.stop()
    stopped = bench.wait_for(RecordingStopped)
    assert stopped.reason == "asked"
    assert stopped.seconds == pytest.approx(1.0)
    got = read_clip(path)
    assert got.sample_rate == RATE
    assert np.abs(got.samples - sound).max() < 2**-22
    bench.wait_for(MonitoringEnded)
    assert bench.backend.open_streams == []


def test_what_was_recorded_is_on_disk_before_it_is_stopped(bench, tmp_path):
    path = tmp_path / "take.wav"
    bench.recorder.record(path)
    bench.wait_for(RecordingStarted)
    bench.backend.stream.give(noise(0.5))
    while bench.recorder.recorded_seconds < 0.5:
        assert bench.recorder.recording
    assert read_clip(path).seconds == pytest.approx(0.5)
    assert len(bench.recorder.peaks) == RATE // 2


def test_monitoring_moves_the_meter_and_writes_nothing(bench, tmp_path):
    bench.recorder.monitor()
    monitoring = bench.wait_for(Monitoring)
    assert monitoring.device == bench.mic
    bench.backend.stream.give(np.full(2048, 0.5))
    while bench.recorder.level.peak_db < -7:
        assert bench.recorder.monitoring
    assert bench.recorder.level.peak_db == pytest.approx(-6.0, abs=0.5)
    assert list(tmp_path.iterdir()) == []
    bench.recorder.monitor(False)
    bench.wait_for(MonitoringEnded)


def test_recording_while_monitoring_keeps_the_stream_and_goes_back_to_monitoring(bench, tmp_path):
    bench.recorder.monitor()
    bench.wait_for(Monitoring)
    stream = bench.backend.stream
    stream.give(noise(0.3))
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    sound = noise(0.2, seed=1)
    stream.give(sound)
    bench.recorder.stop()
    bench.wait_for(RecordingStopped)
    assert len(read_clip(tmp_path / "take.wav").samples) == len(sound)
    assert bench.backend.open_streams == [stream]
    assert bench.recorder.monitoring


def test_two_channels_are_mixed_to_one(bench, tmp_path):
    bench.backend.refuse_channels = {1}
    bench.recorder.set_device(bench.headset.id)
    bench.recorder.record(tmp_path / "take.wav")
    assert bench.wait_for(RecordingStarted).sample_rate == 16000
    bench.backend.stream.give(np.tile([[0.5, 0.1]], (4096, 1)))
    bench.recorder.stop()
    bench.wait_for(RecordingStopped)
    assert read_clip(tmp_path / "take.wav").samples == pytest.approx(0.3, abs=1e-6)


def test_a_lost_microphone_ends_the_recording_and_keeps_it(bench, tmp_path):
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    sound = noise(0.5)
    bench.backend.stream.give(sound)
    bench.backend.plugged = []
    bench.backend.stream.die()
    assert "mic" in bench.wait_for(MicrophoneLost).message
    stopped = bench.wait_for(RecordingStopped)
    assert stopped.reason == "device lost"
    assert len(read_clip(stopped.path).samples) == len(sound)


def test_monitoring_goes_on_by_itself_when_the_microphone_is_back(bench):
    bench.recorder.monitor()
    bench.wait_for(Monitoring)
    bench.backend.plugged = []
    bench.backend.stream.die()
    bench.wait_for(MicrophoneLost)
    assert bench.recorder.level.peak_db < -80
    bench.backend.plugged = [bench.mic]
    assert bench.wait_for(Monitoring).device == bench.mic


def test_complete_silence_is_reported_and_so_is_its_end(bench):
    bench.recorder.monitor()
    bench.wait_for(Monitoring)
    bench.backend.stream.give(np.zeros(RATE + 4096))
    silent = bench.wait_for(InputSilent)
    assert silent.remedy
    bench.backend.stream.give(noise(0.1))
    bench.wait_for(InputRestored)


def test_lost_pieces_are_counted(bench, tmp_path):
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    bench.backend.stream.give(noise(0.1), dropped=True)
    assert bench.wait_for(SoundDropped).count == 1
    bench.backend.stream.give(noise(0.1), dropped=True)
    assert bench.wait_for(SoundDropped).count == 2


def test_a_place_that_cannot_be_written_is_reported_and_frees_the_recorder(bench, tmp_path):
    bench.recorder.record(tmp_path / "missing" / "take.wav")
    assert "can't be written" in bench.wait_for(RecorderFailed).message
    bench.wait_for(MonitoringEnded)
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)


def test_a_full_disk_ends_the_recording(bench, tmp_path, monkeypatch):
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)

    def full(self, samples):
        raise StudioError("Writing failed: no space left on device.", "Make room.")

    monkeypatch.setattr("ditar_studio.audio.clips.files.StreamingWavWriter.append", full)
    bench.backend.stream.give(noise(0.1))
    assert "no space" in bench.wait_for(RecorderFailed).message
    assert bench.wait_for(RecordingStopped).reason == "disk"


def test_without_a_microphone_recording_fails_in_words_and_can_be_tried_again(bench, tmp_path):
    bench.backend.plugged = []
    bench.backend.refresh()
    for _ in range(2):
        bench.recorder.record(tmp_path / "take.wav")
        assert bench.wait_for(RecorderFailed).message == "No microphone found."
    assert not (tmp_path / "take.wav").exists()


def test_a_second_recording_has_to_wait_for_the_first(bench, tmp_path):
    bench.recorder.record(tmp_path / "a.wav")
    with pytest.raises(StudioError, match="under way"):
        bench.recorder.record(tmp_path / "b.wav")
    bench.wait_for(RecordingStarted)


def test_it_stops_by_itself_at_its_longest(tmp_path):
    bench = Bench()
    bench.recorder = Recorder(bench.events.put, control=bench.control, max_seconds=0.2)
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    bench.backend.stream.give(noise(0.3))
    assert bench.wait_for(RecordingStopped).reason == "too long"
    bench.close()


def test_choosing_another_device_while_recording_takes_effect_afterwards(bench, tmp_path):
    bench.recorder.monitor()
    bench.wait_for(Monitoring)
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    bench.recorder.set_device(bench.headset.id)
    stream = bench.backend.stream
    stream.give(noise(0.1))
    while bench.recorder.recorded_seconds < 0.09:
        assert bench.backend.open_streams == [stream]
    bench.recorder.stop()
    bench.wait_for(RecordingStopped)
    assert bench.wait_for(Monitoring).device == bench.headset


def test_closing_in_the_middle_of_a_recording_finishes_the_file(bench, tmp_path):
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    bench.backend.stream.give(noise(0.25))
    bench.recorder.close()
    assert bench.wait_for(RecordingStopped).seconds == pytest.approx(0.25)
    assert bench.backend.open_streams == []


def test_a_recording_is_never_interrupted_by_a_rescan(bench, tmp_path):
    bench.recorder.record(tmp_path / "take.wav")
    bench.wait_for(RecordingStarted)
    assert not bench.control.call(lambda: bench.control.rescan(asked=True))
    assert isinstance(tmp_path / "take.wav", Path)
    assert len(bench.backend.open_streams) == 1


def test_a_frozen_sound_system_does_not_block_the_caller_or_the_end(tmp_path):
    bench = Bench()
    bench.backend.freeze()
    bench.recorder.record(tmp_path / "take.wav")
    assert bench.backend.frozen.wait(5)
    bench.recorder.stop()
    bench.recorder.close(limit=0.2)
    bench.backend.thaw()
    bench.recorder.close()
    bench.control.close()
    assert bench.backend.open_streams == []
