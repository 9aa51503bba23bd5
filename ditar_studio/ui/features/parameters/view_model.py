"""The parameters of speaking, as the sliders show them, in the model's bounds.

They are the project's, or those of a voice, a paragraph or a line, which inherit them: for these
the inherited values are the defaults.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.errors import StudioError
from ditar_studio.services.generation_settings import (
    BOUNDS,
    GenerationSettings,
    OwnSettings,
    SettingValue,
    as_values,
)
from ditar_studio.services.loaded_model import ModelInfo
from ditar_studio.services.projects import Line, ProjectChanges
from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.parameters.presets import Preset, Presets
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.kit.translate import mark, tr

STROKE_MS = 80
_SEEDS = 2**31

NUMBERS = ("temperature", "guidance", "steps", "speed", "candidates", "retries")
"""The parameters that have a slider."""

SLIDER_RANGES: Mapping[str, tuple[float, float]] = {
    **{name: BOUNDS[name] for name in NUMBERS if name in BOUNDS},
    "guidance": (BOUNDS["guidance"][0], 3.0),
    "steps": (BOUNDS["steps"][0], 50),
    "speed": (0.5, 2.0),
}
"""Lowest and highest value of each until a model is there: what sounds well of what is possible."""

LABELS: dict[str, str] = {
    "temperature": mark("Change temperature"),
    "guidance": mark("Change guidance"),
    "steps": mark("Change steps"),
    "speed": mark("Change speed"),
    "candidates": mark("Change candidates"),
    "verify": mark("Change listening"),
    "retries": mark("Change retries"),
    "seed": mark("Change seed"),
    "mode": mark("Change mode"),
    "style": mark("Change style"),
}
"""What the undo menu says."""


MODES: dict[str, str] = {
    "zero-shot": mark("Without it"),
    "continuation": mark("Going on from it"),
    "reference": mark("Imitating it"),
    "reference+continuation": mark("Imitating it and going on"),
}
"""The ways in which a voice can be used, for models that know several."""


class Scope(Enum):
    """Whose parameters are shown and changed."""

    PROJECT = "project"
    VOICE = "voice"
    BLOCK = "block"
    LINE = "line"


class Parameters(QObject):
    """The values in force and what changes them.

    Signals:
        changed: values, bounds or presets changed.
        preset_deleted, preset_replaced: the name of a preset; `restore_preset` brings it back.
    """

    changed = Signal()
    preset_deleted = Signal(str)
    preset_replaced = Signal(str)

    def __init__(
        self,
        document: Document,
        script: Script,
        presets_file: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self._script = script
        self.scope = Scope.PROJECT
        self.info: ModelInfo | None = None
        self._first_defaults = GenerationSettings()
        self.presets = Presets(presets_file)
        self._moved: dict[str, SettingValue] = {}
        self._sent: dict[str, SettingValue] = {}
        self._seed = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STROKE_MS)
        self._timer.timeout.connect(self.flush)
        document.loaded.connect(lambda _snapshot: self.changed.emit())
        script.changed.connect(self._on_script)
        self._targets: tuple[str, ...] = ()

    # --- whose

    @property
    def line(self) -> Line | None:
        """The selected line; while another is being selected, still the one before."""
        targets, selected = self._targets, self._script.selected
        shown = selected if selected in targets else targets[0] if targets else ""
        return self._script.line(shown)

    @property
    def voice(self) -> Voice | None:
        """The voice of the selected line, else that of the project."""
        snapshot, line = self.document.snapshot, self.line
        if snapshot is None:
            return None
        return (
            snapshot.voice_of(line) if line else snapshot.voice(snapshot.project.settings.voice_id)
        )

    def choose_scope(self, scope: Scope) -> None:
        """Show and change the parameters of something else."""
        if scope is not self.scope:
            self.flush()
            self.scope = scope
            self._sent.clear()
            self.changed.emit()

    def _on_script(self) -> None:
        targets = self._script.chosen
        if targets != self._targets:
            self.flush()
            self._targets = targets
            if self.scope is not Scope.PROJECT:
                self._sent.clear()
                self.changed.emit()

    @property
    def _layers(self) -> tuple[OwnSettings, OwnSettings]:
        """The generation settings that what is shown inherits, and its own."""
        snapshot, line, voice = self.document.snapshot, self.line, self.voice
        if snapshot is None:
            return {}, {}
        project = snapshot.project.settings.generation
        of_voice = voice.settings if voice is not None else {}
        match self.scope:
            case Scope.VOICE if voice is not None:
                return project, of_voice
            case Scope.BLOCK if line is not None:
                return {**project, **of_voice}, line.block_settings
            case Scope.LINE if line is not None:
                return {**project, **of_voice, **line.block_settings}, line.settings
            case _:
                return {}, project

    # --- values

    @property
    def defaults(self) -> dict[str, SettingValue]:
        """The values that are inherited; in the end those that the model sounds best with.

        There is no seed among the model's: it is rolled for each take.
        """
        settings = self.info.default_settings if self.info else self._first_defaults
        above = as_values(self._layers[0])
        inherited = {n: v for n, v in above.items() if v is not None and n in LABELS}
        return {
            **as_values(settings.as_dict()),
            "seed": None,
            "speed": 1.0,
            "verify": True,
            **inherited,
        }

    def expect(self, settings: GenerationSettings) -> None:
        """Show these defaults until the model is there with its own."""
        self._first_defaults = settings
        self.changed.emit()

    def value(self, name: str) -> SettingValue:
        """Return the value in force."""
        for layer in (self._moved, self._sent):
            if name in layer:
                return layer[name]
        snapshot = self.document.snapshot
        if snapshot is not None and name == "speed":
            return snapshot.project.settings.speed
        own = as_values(self._layers[1]).get(name)
        return self.defaults[name] if own is None else own

    def default(self, name: str) -> float:
        """Return the inherited value of one of `NUMBERS`."""
        return cast("float", self.defaults[name])

    def number(self, name: str) -> float:
        """Return the value in force of one of `NUMBERS`."""
        return cast("float", self.value(name))

    def bounds(self, name: str) -> tuple[float, float]:
        """Return lowest and highest value of one of `NUMBERS` that the model sounds well with."""
        low, high = SLIDER_RANGES[name]
        if self.info is not None and name == "guidance":
            return self.info.guidance_range
        if self.info is not None and name == "steps":
            return self.info.least_steps, high
        return low, high

    @property
    def pinned(self) -> bool:
        """Whether every take gets the same seed."""
        return self.value("seed") is not None

    @property
    def seed(self) -> int:
        """The pinned seed, else that of the newest take."""
        pinned = self.value("seed")
        if pinned is not None:
            return int(pinned)
        snapshot = self.document.snapshot
        if snapshot is not None and snapshot.takes:
            return int(snapshot.takes[0].recipe.settings.get("seed") or 0)
        return self._seed

    def use_model(self, info: ModelInfo | None) -> None:
        """Take bounds and defaults from another model."""
        self.info = info
        self.changed.emit()

    # --- changing

    def set(self, name: str, value: SettingValue) -> None:
        """Change a parameter; the library gets it after a moment."""
        if name in ("steps", "candidates", "retries") and isinstance(value, float):
            value = round(value)
        if value != self.value(name):
            self._moved[name] = value
            self._timer.start()

    def flush(self) -> None:
        """Give what was changed to the library now."""
        self._timer.stop()
        moved, self._moved = self._moved, {}
        for name, value in moved.items():
            self._send(tr(LABELS[name]), {name: value}, merge=name)

    def pin(self, on: bool) -> None:
        """Give every take the seed that is shown, or a new one each time."""
        self._send(tr(LABELS["seed"]), {"seed": self.seed if on else None})

    def roll(self) -> None:
        """Pin a new seed."""
        self._seed = secrets.randbelow(_SEEDS)
        self._send(tr(LABELS["seed"]), {"seed": self._seed})

    def reset(self) -> None:
        """Put every parameter to its default."""
        defaults = self.defaults
        self._send(tr("Reset parameters"), {name: defaults[name] for name in LABELS})

    def use(self, values: Mapping[str, SettingValue], label: str, seed: bool = False) -> None:
        """Take over the parameters in `values`, e.g. of a take; its seed only if asked."""
        wanted = {name: values[name] for name in LABELS if name in values and name != "verify"}
        if not seed:
            wanted.pop("seed", None)
        self._send(label, wanted)

    # --- presets

    def apply_preset(self, preset: Preset) -> None:
        """Take over a preset; what it doesn't name goes to its default."""
        defaults = {name: self.defaults[name] for name in ("temperature", "guidance", "steps")}
        self.use({**defaults, **preset.values}, tr("Use preset"))

    def save_preset(self, name: str) -> None:
        """Keep the values of the sliders under a name."""
        values = {number: self.value(number) for number in NUMBERS}
        with self._reporting():
            if self.presets.save(name, values):
                self.preset_replaced.emit(name)

    def delete_preset(self, name: str) -> None:
        """Delete one of the user's own presets."""
        with self._reporting():
            self.presets.delete(name)
            self.preset_deleted.emit(name)

    def restore_preset(self) -> None:
        """Bring back the preset that was deleted or replaced last."""
        with self._reporting():
            self.presets.restore()

    # --- inside

    def _send(self, label: str, values: Mapping[str, SettingValue], merge: str = "") -> None:
        """Give values to the project; defaults as "not set", so that they make nothing stale."""
        snapshot = self.document.snapshot
        if snapshot is None or not values:
            return
        changes: ProjectChanges = {}
        defaults = self.defaults
        own = {
            name: None if value == defaults[name] else value
            for name, value in values.items()
            if name != "speed"
        }
        generation = cast("OwnSettings", own)
        if generation:
            changes["generation"] = generation
        if "speed" in values:
            changes["speed"] = cast("float", values["speed"])
        self._sent.update(values)

        def on_done(_made: object) -> None:
            for name, value in values.items():
                if self._sent.get(name) == value:
                    self._sent.pop(name, None)

        blocks, voice = self.document.library.blocks, self.voice
        for_lines: dict[Scope, Callable[..., object]] = {
            Scope.BLOCK: blocks.change_block_settings,
            Scope.LINE: blocks.change_line_settings,
        }
        submit = partial(self.document.submit, done=on_done, failed=on_done)
        if self.scope in for_lines and self._targets:
            submit(for_lines[self.scope], list(self._targets), generation, label, merge)
        elif self.scope is Scope.VOICE and voice is not None:
            submit(blocks.change_voice_settings, voice.id, generation, label, merge)
        else:
            projects = self.document.library.projects
            submit(
                projects.change_settings, snapshot.project.id, label=label, merge=merge, **changes
            )
        self.changed.emit()

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        """Report what fails, and that presets changed."""
        try:
            yield
        except StudioError as error:
            self.document.bridge.failed.emit(error.message, error.remedy)
        self.changed.emit()
