"""PortAudio behind a small interface: the only module that touches sounddevice.

Everything here may block for as long as the sound system likes (a frozen sound server never
answers), so nothing but the control thread (`control.AudioControl`) calls it. Facts about
PortAudio that shape this face: the list of devices is taken once, at initialisation; taking it
anew kills every open stream; `stop()` waits for the device and may hang, `abort()` does not; a
callback stream with blocks of 1024 frames and "high" latency survives a busy machine.
"""

from __future__ import annotations

import atexit
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ditar_studio.errors import StudioError

Samples = npt.NDArray[np.float32]
Direction = Literal["input", "output"]

BLOCK_FRAMES = 1024
"""Frames in each callback."""

LEAST_LATENCY = 0.15
"""Seconds between a callback and the air, at least: what a machine that generates speech meanwhile
needs to play without drop-outs, and little enough for a stop to be heard at once."""

# Entries of ALSA's configuration that are plumbing rather than devices.
_PLUMBING = re.compile(
    r"(sysdefault|front|rear|center_lfe|side|surround\d\d|iec958|spdif|dmix|dsnoop|modem|phoneline"
    r"|lavrate|samplerate|speexrate|upmix|vdownmix|jack|oss|null)$"
)

# Hosts worth showing where a system offers the same device several times over.
_PREFERRED_HOSTS = ("Windows WASAPI", "Core Audio")


@dataclass(frozen=True)
class Device:
    """One sound device as the sound system offers it.

    Attributes:
        id: what to store in settings; stays the same between runs and rescans.
        name: what to show.
        host: the sound system it belongs to, such as "ALSA" or "Core Audio".
        index: PortAudio's number; valid until the next rescan only.
        inputs, outputs: how many channels it records and plays.
        sample_rate: its own rate in hertz.
        default_input, default_output: whether the system uses it where no device is chosen.
    """

    id: str
    name: str
    host: str
    index: int
    inputs: int
    outputs: int
    sample_rate: int
    default_input: bool = False
    default_output: bool = False

    def serves(self, direction: Direction) -> bool:
        """Return whether this device records ("input") or plays ("output")."""
        return (self.inputs if direction == "input" else self.outputs) > 0

    def is_default(self, direction: Direction) -> bool:
        """Return whether the system uses this device where none is chosen."""
        return self.default_input if direction == "input" else self.default_output


InputCallback = Callable[[Samples, bool], None]
"""Called with a block [frames, channels] (valid during the call only) and whether sound was
dropped before it.
"""

OutputCallback = Callable[[Samples, bool], None]
"""Called with a block [frames, channels] to fill and whether the device ran dry before it."""


class Stream(Protocol):
    """An open stream. Every method belongs to the control thread."""

    @property
    def latency(self) -> float:
        """Seconds between the callback and the air."""

    def start(self) -> None:
        """Begin calling back."""

    def close(self) -> None:
        """Stop at once, dropping what is in flight, and release the device."""


class AudioBackend(Protocol):
    """The protocol of a sound system for the control thread."""

    def refresh(self) -> None:
        """Take the list of devices anew; every open stream dies."""

    def devices(self) -> tuple[Device, ...]:
        """Return devices in the list taken last."""

    def open(
        self,
        direction: Direction,
        device: Device,
        sample_rate: int,
        channels: int,
        callback: InputCallback | OutputCallback,
        finished: Callable[[], None],
    ) -> Stream:
        """Open a stream without starting it; `finished` is called when it ends for whatever
        reason.
        """

    def shutdown(self) -> None:
        """Leave the sound system."""


class _PortAudioStream:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def latency(self) -> float:
        return float(self._stream.latency)

    def start(self) -> None:
        self._stream.start()

    def close(self) -> None:
        # A second close, after a rescan, would reach into memory that PortAudio has freed.
        stream, self._stream = self._stream, None
        if stream is None:
            return
        with contextlib.suppress(Exception):  # the device may be gone already
            stream.abort()
        with contextlib.suppress(Exception):
            stream.close()


class PortAudio:
    """The real sound system."""

    def __init__(self) -> None:
        self._module: Any = None

    def _sounddevice(self) -> Any:
        if self._module is None:
            try:
                import sounddevice
            except (ImportError, OSError) as error:
                raise StudioError(
                    "The sound library PortAudio is not installed.",
                    "Install it (Debian, Ubuntu: sudo apt install libportaudio2) and start again.",
                ) from error
            # Its own handler waits for the sound system at exit, however long; ours has a limit.
            atexit.unregister(sounddevice._exit_handler)
            if not sounddevice._initialized:
                sounddevice._initialize()
            self._module = sounddevice
        return self._module

    def refresh(self) -> None:
        first_load = self._module is None
        module = self._sounddevice()
        if not first_load:
            if module._initialized:
                module._terminate()
            module._initialize()

    def devices(self) -> tuple[Device, ...]:
        module = self._sounddevice()
        hosts = module.query_hostapis()
        default_input, default_output = (int(index) for index in module.default.device)
        if default_input < 0 or default_output < 0:
            for host in hosts:
                if default_input < 0 <= host["default_input_device"]:
                    default_input = int(host["default_input_device"])
                if default_output < 0 <= host["default_output_device"]:
                    default_output = int(host["default_output_device"])
        found: list[Device] = []
        taken: dict[str, int] = {}
        for entry in module.query_devices():
            name, host = str(entry["name"]), str(hosts[entry["hostapi"]]["name"])
            identity = f"{host}: {name}"
            taken[identity] = taken.get(identity, 0) + 1
            if taken[identity] > 1:
                identity = f"{identity} #{taken[identity]}"
            index = int(entry["index"])
            rate = int(entry["default_samplerate"])
            if host == "ALSA" and rate == 44100:
                rate = 48000  # what PortAudio asked for first, not what the device runs at
            found.append(
                Device(
                    id=identity,
                    name=name,
                    host=host,
                    index=index,
                    inputs=int(entry["max_input_channels"]),
                    outputs=int(entry["max_output_channels"]),
                    sample_rate=rate,
                    default_input=index == default_input,
                    default_output=index == default_output,
                )
            )
        return _worth_showing(found)

    def open(
        self,
        direction: Direction,
        device: Device,
        sample_rate: int,
        channels: int,
        callback: InputCallback | OutputCallback,
        finished: Callable[[], None],
    ) -> Stream:
        module = self._sounddevice()

        def on_block(block: Samples, frames: int, time: object, status: Any) -> None:
            callback(block, bool(status))

        usual = module.query_devices(device.index)[f"default_high_{direction}_latency"]
        kind = module.InputStream if direction == "input" else module.OutputStream
        stream = kind(
            device=device.index,
            samplerate=sample_rate,
            channels=channels,
            dtype="float32",
            blocksize=BLOCK_FRAMES,
            latency=max(usual, LEAST_LATENCY),
            callback=on_block,
            finished_callback=finished,
        )
        return _PortAudioStream(stream)

    def shutdown(self) -> None:
        if self._module is not None and self._module._initialized:
            self._module._terminate()


def _worth_showing(devices: list[Device]) -> tuple[Device, ...]:
    """Leave out plumbing, and keep one host where the system shows each device under several."""
    devices = [d for d in devices if not _PLUMBING.match(d.name)] or devices
    for host in _PREFERRED_HOSTS:
        chosen = [device for device in devices if device.host == host]
        if chosen:
            return _with_defaults(chosen, devices)
    return tuple(devices)


def _with_defaults(chosen: list[Device], everything: list[Device]) -> tuple[Device, ...]:
    def match(direction: Direction) -> str | None:
        for device in everything:
            if device.is_default(direction):
                for candidate in chosen:
                    # MME cuts names off at 31 characters.
                    if candidate.serves(direction) and candidate.name.startswith(device.name[:31]):
                        return candidate.id
        return next((device.id for device in chosen if device.serves(direction)), None)

    recording, playing = match("input"), match("output")
    return tuple(
        Device(
            id=device.id,
            name=device.name,
            host=device.host,
            index=device.index,
            inputs=device.inputs,
            outputs=device.outputs,
            sample_rate=device.sample_rate,
            default_input=device.id == recording,
            default_output=device.id == playing,
        )
        for device in chosen
    )
