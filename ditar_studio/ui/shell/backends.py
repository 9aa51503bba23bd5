"""The backends that the studio speaks, plays and records with; tests give others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ditar_studio.services.fine_tuning import tune_voice
from ditar_studio.services.word_check import InstalledListeners
from ditar_studio.ui.features.player.devices import Registry
from ditar_studio.ui.features.player.playback import Player
from ditar_studio.ui.features.reference.view_model import Microphone
from ditar_studio.ui.features.script.word_checks import Listen
from ditar_studio.ui.features.speaking.engine_model import Registry as ModelRegistry
from ditar_studio.ui.features.takes.likeness import InstalledJudge, Judge
from ditar_studio.ui.features.voices.fine_tuning import Tune

if TYPE_CHECKING:
    from ditar_studio.audio.devices.player_events import PlayerEvent
    from ditar_studio.audio.devices.recorder import RecorderEvent

log = logging.getLogger("ditar_studio.sound")


@dataclass(frozen=True)
class Backends:
    """The parts that the studio speaks, plays and records with.

    Attributes:
        make_registry: gives the registry of models, on the engine's thread.
        make_player: gives a player that sends its events to a function.
        make_microphone: makes a recorder, in the same way.
        registry: the list of sound devices.
        judge: measures how like their reference takes sound.
        listen: tells which words of a take are heard otherwise.
        tune: fine-tunes a voice.
        close: closes the sound system, after all that uses it has ended.
    """

    make_registry: Callable[[], ModelRegistry]
    make_player: Callable[[Callable[[PlayerEvent], None]], Player]
    make_microphone: Callable[[Callable[[RecorderEvent], None]], Microphone]
    registry: Registry
    judge: Judge
    listen: Listen
    tune: Tune = tune_voice
    close: Callable[[], object] = lambda: None


def system_backends() -> Backends:
    """Return the backends of the program.

    What sound libraries print to standard error goes to the log until `close`.
    """
    from ditar_studio.audio.devices.control import close_shared_control
    from ditar_studio.audio.devices.player import StreamPlayer
    from ditar_studio.audio.devices.recorder import Recorder
    from ditar_studio.audio.devices.registry import DeviceRegistry
    from ditar_studio.audio.devices.stderr_filter import StderrFilter

    printed = StderrFilter(log.info)
    printed.start()

    def close() -> None:
        close_shared_control()
        printed.stop()

    def make_registry() -> ModelRegistry:
        from ditar_studio.services.loaded_model import ModelRegistry

        return ModelRegistry()

    return Backends(
        make_registry,
        StreamPlayer,
        Recorder,
        DeviceRegistry(),
        InstalledJudge(),
        InstalledListeners(),
        close=close,
    )
