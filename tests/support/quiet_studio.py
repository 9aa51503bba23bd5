"""What tests of the studio speak, play and record with: nothing that sounds or takes time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fake_model import FakeModel, speech_like
from fake_sound import device

from ditar_studio.audio.analysis.level import LevelReading
from ditar_studio.audio.analysis.peaks import Peaks
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.audio.devices.player_events import PlayerStatus
from ditar_studio.audio.devices.portaudio import Device
from ditar_studio.audio.devices.recorder import RecordingStopped
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.ui.shell.backends import Backends


class SilentPlayer:
    """Keeps what it is given; "plays" up to where it is told."""

    def __init__(self, on_event: Callable[[Any], None]) -> None:
        self.on_event = on_event
        self.volume = 1.0
        self.rate = 0
        self.parts: list[np.ndarray] = []
        self.playing = False
        self.complete = False
        self.position = 0.0
        self.region: tuple[float, float] | None = None
        self.device: str | None = None
        self.closed = False

    def begin(self, sample_rate: int, play: bool = True) -> None:
        self.rate, self.parts, self.playing = sample_rate, [], play
        self.complete, self.position, self.region = False, 0.0, None

    def feed(self, samples: np.ndarray) -> None:
        self.parts.append(samples)

    def finish(self) -> None:
        self.complete = True

    def load(self, clip: Clip, play: bool = False) -> None:
        self.begin(clip.sample_rate, play)
        self.feed(clip.samples)
        self.finish()

    def play(self) -> None:
        self.playing = True

    def pause(self) -> None:
        self.playing = False

    def toggle(self) -> None:
        self.playing = not self.playing

    def replay(self) -> None:
        self.position, self.playing = 0.0, True

    def seek(self, seconds: float) -> None:
        self.position = seconds

    def set_loop(self, region: tuple[float, float] | None) -> None:
        self.region = region

    def set_device(self, device: str | None) -> None:
        self.device = device

    def samples(self) -> np.ndarray:
        return np.concatenate(self.parts) if self.parts else np.zeros(0, np.float32)

    def status(self) -> PlayerStatus:
        seconds = len(self.samples()) / self.rate if self.rate else 0.0
        state = "empty" if not self.rate else "playing" if self.playing else "paused"
        return PlayerStatus(
            state=state,  # type: ignore[arg-type]
            position=self.position,
            generated=seconds,
            finished=self.complete,
            buffered=seconds - self.position,
            buffer_target=0.2,
            underruns=0,
            dropouts=0,
            device=None,
        )

    def close(self, limit: float = 5.0) -> None:
        self.closed = True


class SilentMicrophone:
    """Records six seconds as soon as it is stopped; `hear` lets it hear them bit by bit before."""

    def __init__(self, on_event: Callable[[Any], None]) -> None:
        self.on_event = on_event
        self.level = LevelReading(-20.0, -12.0, -18.0)
        self.monitoring = False
        self.path: Path | None = None
        self.peaks: Peaks | None = None
        self.device: str | None = None
        self.closed = False

    @property
    def recording(self) -> bool:
        return self.path is not None

    @property
    def recorded_seconds(self) -> float:
        return self.peaks.seconds if self.peaks is not None else 0.0

    def monitor(self, on: bool = True) -> None:
        self.monitoring = on

    def record(self, path: Path) -> None:
        self.path = path
        self.peaks = Peaks(speech_like(6.0).sample_rate)

    def hear(self, until: float) -> None:
        """Hear its sound up to this second."""
        assert self.peaks is not None
        clip = speech_like(6.0)
        self.peaks.append(clip.samples[len(self.peaks) : round(until * clip.sample_rate)])

    def stop(self) -> None:
        if self.path is not None:
            path, self.path, self.peaks = self.path, None, None
            clip = speech_like(6.0)
            with StreamingWavWriter(path, clip.sample_rate, "PCM_24") as writer:
                writer.append(clip.samples)
            self.on_event(RecordingStopped(path, clip.seconds, "asked"))

    def set_device(self, device: str | None) -> None:
        self.device = device

    def reset_clip(self) -> None:
        self.level = LevelReading()

    def close(self, limit: float = 5.0) -> None:
        self.closed = True


class FixedRegistry:
    """Two microphones and a loudspeaker that never change."""

    def __init__(self) -> None:
        self.devices = (
            device("Desk microphone", inputs=1, default=True),
            device("Headset", inputs=1, outputs=2),
            device("Loudspeakers", outputs=2, default=True),
        )
        self.closed = False

    def serving(self, direction: Any) -> tuple[Device, ...]:
        return tuple(d for d in self.devices if d.serves(direction))

    def rescan(self, asked: bool = True) -> Any:
        raise NotImplementedError

    def watch(self, on_event: Callable[[Any], None], every: float = 2.0) -> None:
        from ditar_studio.audio.devices.registry import DevicesChanged

        on_event(DevicesChanged(self.devices, (), ()))

    def close(self) -> None:
        self.closed = True


class FakeRegistry:
    """Holds the fake model."""

    def __init__(self, model: FakeModel | None = None) -> None:
        self.model = model or FakeModel()
        self.voices = VoiceCache(self.model)
        self.loaded = False

    def get(
        self, name_or_path: str | None = None, precision: str | None = None
    ) -> tuple[SpeechModel, VoiceCache]:
        self.loaded = True
        return self.model, self.voices

    def unload(self) -> None:
        self.loaded = False


def quiet_backends(model: FakeModel | None = None) -> Backends:
    """Return backends that need no model and no sound device."""
    return Backends(
        lambda: FakeRegistry(model),
        SilentPlayer,
        SilentMicrophone,
        FixedRegistry(),
        lambda take, reference: 0.75 if take != reference else None,
        lambda take, by: None,
    )
