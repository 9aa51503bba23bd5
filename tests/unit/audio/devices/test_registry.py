from __future__ import annotations

import queue

import pytest
from fake_sound import FakeBackend, InlineControl, device

from ditar_studio.audio.devices import portaudio
from ditar_studio.audio.devices.registry import (
    DeviceRegistry,
    DevicesChanged,
    RescanPending,
    default_device,
    device_fingerprint,
    list_devices,
)


class Open:
    """An open stream as the control sees it."""

    def __init__(self, how):
        self.how = how
        self.interrupted = False

    def yields(self):
        return self.how

    def interrupt(self):
        self.interrupted = True


@pytest.fixture
def backend():
    return FakeBackend(
        device("mic", inputs=1, default=True),
        device("headset", inputs=1, outputs=2),
        device("speakers", outputs=2, default=True),
    )


@pytest.fixture
def control(backend):
    return InlineControl(backend)


def test_listing_by_direction_and_finding_the_default(control):
    assert [d.name for d in list_devices("input", control)] == ["mic", "headset"]
    assert [d.name for d in list_devices("output", control)] == ["headset", "speakers"]
    assert default_device("output", control).name == "speakers"


def test_without_any_device_there_is_no_default():
    assert default_device("input", InlineControl(FakeBackend())) is None


def test_a_rescan_tells_what_came_and_went(control, backend):
    registry = DeviceRegistry(control)
    registry.rescan().wait()
    backend.plugged = [backend.plugged[0], device("usb mic", inputs=1)]
    event = registry.rescan().wait()
    assert isinstance(event, DevicesChanged)
    assert event.appeared == ("usb mic",)
    assert event.vanished == ("headset", "speakers")
    assert [d.name for d in registry.serving("input")] == ["mic", "usb mic"]
    assert registry.find("Fake: usb mic", "input").name == "usb mic"
    assert registry.find("Fake: headset", "input") is None
    assert registry.find(None, "input").name == "mic"


@pytest.mark.parametrize(
    ("how", "asked", "happens"),
    [
        ("always", False, True),
        ("asked", False, False),
        ("asked", True, True),
        ("never", True, False),
    ],
)
def test_a_rescan_never_kills_a_stream_that_does_not_yield(control, backend, how, asked, happens):
    stream = Open(how)
    control.streams.append(stream)
    event = DeviceRegistry(control).rescan(asked).wait()
    assert isinstance(event, DevicesChanged if happens else RescanPending)
    assert stream.interrupted == happens
    assert backend.refreshes == int(happens)


def test_the_watcher_tells_the_first_list_and_every_change(control, backend):
    signs = ["a"]
    events: queue.Queue[object] = queue.Queue()
    registry = DeviceRegistry(control, signs=lambda: signs[0])
    registry.watch(events.put, every=0.01)
    try:
        first = events.get(timeout=5)
        assert first.appeared == ("mic", "headset", "speakers")
        backend.plugged.append(device("usb mic", inputs=1))
        signs[0] = "b"
        assert events.get(timeout=5).appeared == ("usb mic",)
        assert backend.refreshes == 2  # and none without a sign
    finally:
        registry.close()


def test_while_recording_the_watcher_says_so_and_rescans_afterwards(control, backend):
    signs = ["a"]
    events: queue.Queue[object] = queue.Queue()
    registry = DeviceRegistry(control, signs=lambda: signs[0])
    registry.watch(events.put, every=0.01)
    try:
        events.get(timeout=5)
        recording = Open("never")
        control.streams.append(recording)
        backend.plugged.append(device("usb mic", inputs=1))
        signs[0] = "b"
        assert events.get(timeout=5) == RescanPending()
        assert not recording.interrupted
        control.streams.remove(recording)
        assert events.get(timeout=5).appeared == ("usb mic",)
    finally:
        registry.close()


def test_the_fingerprint_of_devices_is_steady_and_open_nothing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    assert device_fingerprint() == device_fingerprint()


class FakeSoundDevice:
    """The part of sounddevice's face that lists devices."""

    _initialized = 1

    class default:
        device = (-1, 3)

    def __init__(self, hosts, devices):
        self._hosts, self._devices = hosts, devices

    def query_hostapis(self):
        return tuple(
            {"name": n, "default_input_device": i, "default_output_device": o}
            for n, i, o in self._hosts
        )

    def query_devices(self):
        return [
            {
                "index": index,
                "name": name,
                "hostapi": host,
                "max_input_channels": inputs,
                "max_output_channels": outputs,
                "default_samplerate": float(rate),
            }
            for index, (name, host, inputs, outputs, rate) in enumerate(self._devices)
        ]


def test_of_the_hosts_of_windows_only_the_best_is_shown_with_its_defaults():
    module = FakeSoundDevice(
        [("MME", 0, 1), ("Windows WASAPI", 2, 3)],
        [
            ("Microphone (A very long name in", 0, 2, 0, 44100),
            ("Speakers", 0, 0, 2, 44100),
            ("Line in", 1, 2, 0, 48000),
            ("Microphone (A very long name indeed)", 1, 1, 0, 48000),
            ("Speakers", 1, 0, 2, 48000),
        ],
    )
    module.default = type("default", (), {"device": (0, 1)})
    system = portaudio.PortAudio()
    system._module = module
    devices = system.devices()
    assert [d.host for d in devices] == ["Windows WASAPI"] * 3
    assert [d.name for d in devices if d.default_input] == ["Microphone (A very long name indeed)"]
    assert [d.name for d in devices if d.default_output] == ["Speakers"]


def test_a_stream_is_closed_once_even_if_its_device_is_gone():
    calls = []

    class Raw:
        latency = 0.1

        def abort(self):
            calls.append("abort")
            raise RuntimeError("device is gone")

        def close(self):
            calls.append("close")

    stream = portaudio._PortAudioStream(Raw())
    stream.close()
    stream.close()
    assert calls == ["abort", "close"]


def test_plumbing_is_not_shown():
    module = FakeSoundDevice(
        [("ALSA", 0, 1)],
        [
            ("HDA Intel: ALC257 (hw:0,0)", 0, 2, 2, 44100),
            ("sysdefault", 0, 2, 2, 48000),
            ("surround51", 0, 0, 6, 44100),
            ("pulse", 0, 32, 32, 44100),
            ("dmix", 0, 0, 2, 44100),
            ("default", 0, 32, 32, 44100),
        ],
    )
    module.default = type("default", (), {"device": (5, 5)})
    system = portaudio.PortAudio()
    system._module = module
    names = [d.name for d in system.devices()]
    assert names == ["HDA Intel: ALC257 (hw:0,0)", "pulse", "default"]


def test_two_devices_of_one_name_are_distinguished_and_missing_defaults_filled_in():
    module = FakeSoundDevice(
        [("ALSA", 1, -1)],
        [("USB", 0, 1, 0, 44100), ("USB", 0, 1, 0, 16000), ("out", 0, 0, 2, 96000)],
    )
    module.default = type("default", (), {"device": (-1, -1)})
    system = portaudio.PortAudio()
    system._module = module
    devices = system.devices()
    assert [d.id for d in devices] == ["ALSA: USB", "ALSA: USB #2", "ALSA: out"]
    assert [d.sample_rate for d in devices] == [48000, 16000, 96000]
    assert [d.default_input for d in devices] == [False, True, False]
