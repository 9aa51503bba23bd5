"""Events and states of a player, and the settings of its buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ditar_studio.audio.devices.portaudio import Device
from ditar_studio.errors import StudioError

PlayerState = Literal["empty", "paused", "waiting", "playing", "ended", "device lost"]


@dataclass(frozen=True)
class BufferSettings:
    """The sound that has to be ready before playback starts or goes on.

    Attributes:
        start: seconds at the beginning.
        growth: seconds added at each underrun.
        most: seconds it never exceeds.
    """

    start: float = 0.2
    growth: float = 0.4
    most: float = 4.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.most or self.growth < 0:
            raise StudioError("The buffer settings contradict each other.", "Reset them.")


@dataclass(frozen=True)
class PlayerStatus:
    """The state of a player at one moment.

    Attributes:
        state: "waiting" means that playback is wanted and waits for sound or for the device.
        position: seconds that have been played.
        generated: seconds fed so far.
        finished: whether the sound is complete.
        buffered: seconds that are ready and not yet played.
        buffer_target: seconds that must be ready before playback starts or goes on.
        underruns: how often sound ran out since `begin`.
        dropouts: how often the device itself ran dry meanwhile, because the machine was too busy.
        device: what plays, None while closed.
    """

    state: PlayerState
    position: float
    generated: float
    finished: bool
    buffered: float
    buffer_target: float
    underruns: int
    dropouts: int
    device: Device | None


@dataclass(frozen=True)
class PlaybackStarted:
    """Sound comes out, from this position in seconds; also after an interruption."""

    position: float
    device: Device


@dataclass(frozen=True)
class PlaybackPaused:
    """Playback was paused."""

    position: float


@dataclass(frozen=True)
class PlaybackEnded:
    """The finished sound has been played to its end."""


@dataclass(frozen=True)
class Underrun:
    """Sound ran out while it was being generated; playback goes on when more of it is buffered."""

    count: int
    buffer_target: float


@dataclass(frozen=True)
class OutputLost:
    """The device vanished or stopped responding; playback waits and goes on by itself."""

    device: Device
    message: str
    remedy: str = "Playback goes on when the device is back, or choose another one."


@dataclass(frozen=True)
class OutputChanged:
    """Playback uses this device from now on.

    Attributes:
        fell_back: whether it is another one than the chosen one, which is not there.
    """

    device: Device
    fell_back: bool


@dataclass(frozen=True)
class PlayerFailed:
    """No device could be opened. The player goes on trying."""

    message: str
    remedy: str


PlayerEvent = (
    PlaybackStarted
    | PlaybackPaused
    | PlaybackEnded
    | Underrun
    | OutputLost
    | OutputChanged
    | PlayerFailed
)
