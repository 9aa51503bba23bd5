"""The microphones and loudspeakers of this machine, and their changes.

The sound system shows a new device only after its list has been taken anew, which kills every
open stream. So a watcher looks at cheap outward signs of change (it opens nothing), and the list
is taken anew when no recording or playback would be hurt by it; until then the change is
*pending*.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.audio.devices.control import AudioControl, Job, shared_control
from ditar_studio.audio.devices.portaudio import Device, Direction
from ditar_studio.errors import StudioError

__all__ = [
    "Device",
    "DeviceEvent",
    "DeviceRegistry",
    "DevicesChanged",
    "Direction",
    "RescanPending",
    "default_device",
    "list_devices",
]


@dataclass(frozen=True)
class DevicesChanged:
    """The list was taken anew and differs.

    Attributes:
        devices: the whole list.
        appeared, vanished: names of the devices that came and went.
    """

    devices: tuple[Device, ...]
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]


@dataclass(frozen=True)
class RescanPending:
    """Something was plugged in or out, but the list is only taken anew after the recording or
    playback.
    """


DeviceEvent = DevicesChanged | RescanPending


def list_devices(
    direction: Direction | None = None, control: AudioControl | None = None, limit: float = 5.0
) -> tuple[Device, ...]:
    """Return devices in the list taken last. Blocks until the sound system answers or `limit`
    seconds.

    Args:
        direction: "input" for microphones, "output" for loudspeakers, None for all.

    Raises:
        StudioError: there is no sound system, or it does not answer.
    """
    control = control or shared_control()
    devices = control.call(control.backend.devices, limit)
    return tuple(d for d in devices if direction is None or d.serves(direction))


def default_device(direction: Direction, control: AudioControl | None = None) -> Device | None:
    """Return the device used where none is chosen, or None where there is none at all."""
    devices = list_devices(direction, control)
    return next((d for d in devices if d.is_default(direction)), devices[0] if devices else None)


class DeviceRegistry:
    """A snapshot of the devices that never blocks, and the watcher that keeps it true.

    Args:
        control: the sound system; the process-wide one unless a test says otherwise.
        signs: what the watcher compares; any change in it means that the devices may have changed.
    """

    def __init__(
        self, control: AudioControl | None = None, signs: Callable[[], object] | None = None
    ) -> None:
        self._control = control or shared_control()
        self._signs = signs or device_fingerprint
        self._lock = threading.Lock()
        self._devices: tuple[Device, ...] = ()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def devices(self) -> tuple[Device, ...]:
        """The latest snapshot; empty before the first rescan. Never blocks."""
        with self._lock:
            return self._devices

    def serving(self, direction: Direction) -> tuple[Device, ...]:
        """Return microphones ("input") or loudspeakers ("output") of the latest snapshot. Never
        blocks.
        """
        return tuple(device for device in self.devices if device.serves(direction))

    def find(self, device_id: str | None, direction: Direction) -> Device | None:
        """Find the device with this id in the latest snapshot, or the default one for None."""
        devices = self.serving(direction)
        if device_id is None:
            return next((d for d in devices if d.is_default(direction)), None)
        return next((d for d in devices if d.id == device_id), None)

    def rescan(self, asked: bool = True) -> Job[DeviceEvent]:
        """Take the list anew, without blocking; `job.wait()` waits for it.

        A monitoring microphone is closed and opened again; so is playback if the user asked, with a
        short gap; a recording is never touched, then the outcome is `RescanPending`.

        Args:
            asked: whether the user asked for it.
        """
        return self._control.submit(lambda: self._rescan(asked))

    def watch(self, on_event: Callable[[DeviceEvent], None], every: float = 2.0) -> None:
        """Start to notice changes: a scan at once, then a look at the signs every few seconds.

        Args:
            on_event: called on the watcher's thread; a first `DevicesChanged` gives the initial
                list.
            every: seconds between looks.
        """
        if self._thread is not None:
            raise RuntimeError("the registry is watching already")
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._watch, args=(on_event, every), name="audio-devices", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop watching and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _rescan(self, asked: bool) -> DeviceEvent:
        if not self._control.rescan(asked):
            return RescanPending()
        devices = self._control.backend.devices()
        with self._lock:
            before, self._devices = self._devices, devices
        known = {device.id for device in before}
        present = {device.id for device in devices}
        return DevicesChanged(
            devices=devices,
            appeared=tuple(d.name for d in devices if d.id not in known),
            vanished=tuple(d.name for d in before if d.id not in present),
        )

    def _watch(self, on_event: Callable[[DeviceEvent], None], every: float) -> None:
        signs = self._signs()
        first, reported, pending = True, False, True
        while True:
            if pending:
                event: DeviceEvent | None = None
                with contextlib.suppress(StudioError):
                    event = self._wait(self.rescan(asked=False))
                pending = not isinstance(event, DevicesChanged)
                if isinstance(event, DevicesChanged):
                    if first or event.appeared or event.vanished:
                        on_event(event)
                    first, reported = False, False
                elif isinstance(event, RescanPending) and not reported:
                    on_event(event)
                    reported = True
            if self._stop.wait(every):
                return
            now = self._signs()
            if now != signs:
                signs, pending = now, True

    def _wait(self, job: Job[DeviceEvent]) -> DeviceEvent | None:
        while not job.done:
            if self._stop.wait(0.05):
                return None
        return job.result()


def device_fingerprint() -> object:
    """Return a value that changes when sound devices come or go, without opening any of them."""
    if sys.platform == "win32":
        winmm = ctypes.WinDLL("winmm")
        return winmm.waveInGetNumDevs(), winmm.waveOutGetNumDevs()
    if sys.platform == "darwin":
        return _core_audio_devices()
    return _alsa_cards(), _alsa_configuration(), _sound_server()


def _alsa_cards() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/asound/cards").read_text(encoding="utf-8", errors="replace")
    return ""


def _alsa_configuration() -> float:
    with contextlib.suppress(OSError):
        return os.stat(os.environ.get("ALSA_CONFIG_PATH", str(Path.home() / ".asoundrc"))).st_mtime
    return 0.0


def _sound_server() -> str:
    """Return sinks and sources of a PulseAudio or PipeWire server, by its own lister where
    installed.
    """
    lister = shutil.which("pactl")
    if lister is None:
        return ""
    listing = []
    for kind in ("sinks", "sources"):
        try:
            done = subprocess.run(
                [lister, "list", "short", kind],
                capture_output=True,
                timeout=2.0,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "no answer"
        # Column 2 is the name; the last one, the state, changes whenever something plays.
        rows = done.stdout.decode(errors="replace").splitlines()
        listing += [row.split("\t")[1] for row in rows if row.count("\t")]
    return "\n".join(listing)


def _core_audio_devices() -> int:
    """Return size in bytes of Core Audio's list of devices."""

    class Address(ctypes.Structure):
        _fields_ = (
            ("selector", ctypes.c_uint32),
            ("scope", ctypes.c_uint32),
            ("element", ctypes.c_uint32),
        )

    def code(text: bytes) -> int:
        return int.from_bytes(text, "big")

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("/System/Library/Frameworks/CoreAudio.framework/CoreAudio")
        address = Address(code(b"dev#"), code(b"glob"), 0)
        size = ctypes.c_uint32(0)
        library.AudioObjectGetPropertyDataSize(
            1, ctypes.byref(address), 0, None, ctypes.byref(size)
        )
        return size.value
    return 0
