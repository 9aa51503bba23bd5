"""Microphones and loudspeakers: which there are, which are chosen, and that they come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.preferences import PreferenceFile

if TYPE_CHECKING:
    from ditar_studio.audio.devices.control import Job
    from ditar_studio.audio.devices.portaudio import Device, Direction
    from ditar_studio.audio.devices.registry import DeviceEvent


class Registry(Protocol):
    """The protocol of a list of devices; `audio.devices.registry.DeviceRegistry` has it."""

    def serving(self, direction: Direction) -> tuple[Device, ...]: ...
    def rescan(self, asked: bool = True) -> Job[DeviceEvent]: ...
    def watch(self, on_event: Callable[[DeviceEvent], None], every: float = 2.0) -> None: ...
    def close(self) -> None: ...


class Devices(QObject):
    """The devices as the window sees them; the choice is kept by name in the preferences.

    Signals:
        changed: the list or the choice changed.
        happened: a `DeviceEvent`.
    """

    changed = Signal()
    happened = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        registry: Registry,
        preferences: PreferenceFile,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.registry = registry
        self._preferences = preferences
        self._applied: tuple[str, str] | None = None
        self._use_output: Callable[[str | None], None] = lambda device: None
        self._use_input: Callable[[str | None], None] = lambda device: None

    @property
    def inputs(self) -> tuple[Device, ...]:
        """The microphones."""
        return self.registry.serving("input")

    @property
    def outputs(self) -> tuple[Device, ...]:
        """The loudspeakers."""
        return self.registry.serving("output")

    @property
    def input(self) -> str:
        """Name of the chosen microphone; empty for the system's."""
        return self._preferences.value.input_device

    @property
    def output(self) -> str:
        """Name of the chosen loudspeaker; empty for the system's."""
        return self._preferences.value.output_device

    @property
    def volume(self) -> float:
        """Where the volume slider stands, 0..1."""
        return self._preferences.value.volume

    def serve(
        self,
        use_output: Callable[[str | None], None] | None = None,
        use_input: Callable[[str | None], None] | None = None,
    ) -> None:
        """Set who plays and who records: they get the id of the device to use."""
        if use_output is not None:
            self._use_output = use_output
        if use_input is not None:
            self._use_input = use_input

    def watch(self) -> None:
        """Begin to notice devices that come and go."""
        self.registry.watch(lambda event: self.bridge.post(lambda: self._on_event(event)))

    def rescan(self, then: Callable[[], object] = lambda: None) -> None:
        """Take the list anew, then call `then`."""

        def on_done(event: DeviceEvent) -> None:
            self._on_event(event)
            then()

        self.bridge.background(lambda: self.registry.rescan().wait(), done=on_done, owner=self)

    def choose_output(self, name: str) -> None:
        """Play on another loudspeaker from now on."""
        self._preferences.change(output_device=name)
        self.apply()

    def choose_input(self, name: str) -> None:
        """Record from another microphone from now on."""
        self._preferences.change(input_device=name)
        self.apply()

    def set_volume(self, volume: float) -> None:
        """Keep where the volume slider stands."""
        if abs(volume - self.volume) > 1e-6:
            self._preferences.change(volume=volume)

    def close(self) -> None:
        """End the watching."""
        self.registry.close()

    def _on_event(self, event: DeviceEvent) -> None:
        self.happened.emit(event)
        self.apply()

    def notice_choice(self) -> None:
        """Follow the preferences, in case another device has been chosen there."""
        if (self.input, self.output) != self._applied:
            self.apply()

    def apply(self) -> None:
        """Have player and recorder use what is chosen."""
        self._applied = (self.input, self.output)
        self._use_output(_id_of(self.outputs, self.output))
        self._use_input(_id_of(self.inputs, self.input))
        self.changed.emit()


def _id_of(devices: tuple[Device, ...], name: str) -> str | None:
    """Return the id of the device with this name; None for the system's, also when it
    isn't there.
    """
    return next((device.id for device in devices if device.name == name), None)
