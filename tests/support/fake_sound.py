"""A sound system made of nothing: tests call the audio callbacks themselves, at their own pace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ditar_studio.audio.devices.control import AudioControl, Job
from ditar_studio.audio.devices.portaudio import Device, Direction
from ditar_studio.errors import StudioError

T = TypeVar("T")
BLOCK = 1024


def device(
    name: str, inputs: int = 0, outputs: int = 0, rate: int = 48000, default: bool = False
) -> Device:
    return Device(
        id=f"Fake: {name}",
        name=name,
        host="Fake",
        index=sum(map(ord, name)),
        inputs=inputs,
        outputs=outputs,
        sample_rate=rate,
        default_input=default and inputs > 0,
        default_output=default and outputs > 0,
    )


class FakeStream:
    """An open stream; `give` and `take` are what the sound card would do."""

    def __init__(
        self,
        backend: FakeBackend,
        direction: Direction,
        opened_on: Device,
        rate: int,
        channels: int,
        callback: Callable[[Any, bool], None],
        finished: Callable[[], None],
    ) -> None:
        self.backend = backend
        self.direction = direction
        self.device = opened_on
        self.rate = rate
        self.channels = channels
        self.callback = callback
        self.finished = finished
        self.latency = 0.05
        self.started = False
        self.closed = False

    def start(self) -> None:
        self.backend.block_if_frozen()
        self.started = True

    def close(self) -> None:
        self.backend.block_if_frozen()
        self.closed = True

    @property
    def alive(self) -> bool:
        return self.started and not self.closed

    def give(self, samples: np.ndarray, dropped: bool = False) -> None:
        """Deliver samples [n] or [n, channels] from the microphone, in blocks."""
        samples = np.asarray(samples, np.float32)
        if samples.ndim == 1:
            samples = np.repeat(samples[:, None], self.channels, axis=1)
        for first in range(0, len(samples), BLOCK):
            self.callback(samples[first : first + BLOCK], dropped)
            dropped = False

    def take(self, frames: int = BLOCK) -> np.ndarray:
        """Ask for a block to play and return its first channel."""
        block = np.full((frames, self.channels), np.nan, np.float32)
        self.callback(block, False)
        assert np.isfinite(block).all()
        assert (block == block[:, :1]).all()
        return block[:, 0].copy()

    def die(self) -> None:
        """Do what a vanished device does: no error, no callbacks, only this."""
        self.finished()


class FakeBackend:
    """Devices that tests plug in and out."""

    def __init__(self, *devices: Device) -> None:
        self.plugged = list(devices)
        self._listed = tuple(devices)
        self.streams: list[FakeStream] = []
        self.refreshes = 0
        self.refuse_rates: set[int] = set()
        self.refuse_channels: set[int] = set()
        self.refuse: str = ""
        self.broken: set[Device] = set()
        self.frozen = threading.Event()
        self.thawed = threading.Event()
        self.thawed.set()
        self.gone = False

    @property
    def open_streams(self) -> list[FakeStream]:
        return [stream for stream in self.streams if not stream.closed]

    @property
    def stream(self) -> FakeStream:
        return self.open_streams[-1]

    def freeze(self) -> None:
        self.thawed.clear()

    def thaw(self) -> None:
        self.thawed.set()

    def block_if_frozen(self) -> None:
        if not self.thawed.is_set():
            self.frozen.set()
            assert self.thawed.wait(20)

    def refresh(self) -> None:
        self.block_if_frozen()
        self.refreshes += 1
        for stream in self.open_streams:
            stream.closed = True
        self._listed = tuple(self.plugged)

    def devices(self) -> tuple[Device, ...]:
        self.block_if_frozen()
        return self._listed

    def open(
        self,
        direction: Direction,
        chosen: Device,
        sample_rate: int,
        channels: int,
        callback: Callable[[Any, bool], None],
        finished: Callable[[], None],
    ) -> FakeStream:
        self.block_if_frozen()
        if self.refuse:
            raise RuntimeError(self.refuse)
        if chosen in self.broken:
            raise RuntimeError("Unanticipated host error")
        if chosen not in self.plugged:
            raise RuntimeError("Device unavailable")
        if sample_rate in self.refuse_rates:
            raise RuntimeError("Invalid sample rate")
        if channels in self.refuse_channels:
            raise RuntimeError("Invalid number of channels")
        stream = FakeStream(self, direction, chosen, sample_rate, channels, callback, finished)
        self.streams.append(stream)
        return stream

    def shutdown(self) -> None:
        self.gone = True


class InlineControl(AudioControl):
    """Runs every job at once on the caller's thread, so that a test decides the order of things."""

    def __init__(self, backend: FakeBackend) -> None:
        super().__init__(backend)
        self.answers = True

    def submit(
        self, work: Callable[[], T], limit: float = 5.0, dispose: Callable[[T], None] | None = None
    ) -> Job[T]:
        job = Job(work, limit, dispose)
        if self.answers:
            job.run()
        else:
            job.fail(StudioError("The sound system does not answer.", "Wait."))
        return job


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now
