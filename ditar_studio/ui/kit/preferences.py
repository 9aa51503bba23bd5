"""The user's preferences, kept as one small JSON file in the configuration folder."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from ditar_studio.services.generation_settings import MOST_THREADS, PRECISIONS
from ditar_studio.ui.kit.theme import ThemeChoice
from ditar_studio.ui.kit.translate import LANGUAGES

log = logging.getLogger(__name__)

VERSION = 1
LISTENERS = ("reader", "whisper")


@dataclass(frozen=True)
class Preferences:
    """All settings of the studio that are not part of a project.

    Attributes:
        theme: "system", "light" or "dark".
        language: "system" or a code of translate.LANGUAGES.
        text_size: factor on the type scale, 0.8..2.0.
        high_contrast: whether colours stand out more; they also do where the system says so.
        reduce_motion: whether transitions are left out.
        input_device: name of the microphone; empty follows the system.
        output_device: name of the loudspeaker; empty follows the system.
        volume: linear playback volume, 0..1.
        library_folder: where voices, takes and projects lie; empty for the usual place.
        library_seen: the folder of the library that was opened last.
        model: name or folder of the model to load at start.
        threads: that models take; 0 for as many as are best.
        precision: of VoxCPM's numbers; empty for what is best.
        listener: who checks what takes say: "reader", the built-in one, or "whisper".
        fine_tune_new_voices: whether a new voice is fine-tuned at once, quickly.
        watermark: whether speech that leaves the program gets the inaudible watermark.
        look_for_updates: whether the project's releases are asked for a newer version at start.
        keep_crash_reports: whether a crash writes a report onto this computer.
        first_run_done: whether the welcome pages have been seen.
        left_open: whether the left side is shown.
        right_open: whether the right side is shown.
        window: saved window geometry, base64; empty at first start.
    """

    theme: str = ThemeChoice.SYSTEM.value
    language: str = "system"
    text_size: float = 1.0
    high_contrast: bool = False
    reduce_motion: bool = False
    input_device: str = ""
    output_device: str = ""
    volume: float = 0.9
    library_folder: str = ""
    library_seen: str = ""
    model: str = "builtin"
    threads: int = 0
    precision: str = ""
    listener: str = "reader"
    fine_tune_new_voices: bool = False
    watermark: bool = True
    look_for_updates: bool = False
    keep_crash_reports: bool = True
    first_run_done: bool = False
    left_open: bool = True
    right_open: bool = True
    window: str = ""

    def __post_init__(self) -> None:
        ThemeChoice(self.theme)
        if self.language != "system" and self.language not in LANGUAGES:
            raise ValueError(f"unknown language {self.language!r}")
        if not 0.8 <= self.text_size <= 2.0:
            raise ValueError(f"text size {self.text_size} is outside 0.8..2.0")
        if not 0 <= self.threads <= MOST_THREADS:
            raise ValueError(f"{self.threads} threads are outside 0..{MOST_THREADS}")
        if self.listener not in LISTENERS:
            raise ValueError(f"unknown listener {self.listener!r}")
        if self.precision not in ("", *PRECISIONS):
            raise ValueError(f"unknown precision {self.precision!r}")
        if not 0.0 <= self.volume <= 1.0:
            raise ValueError(f"volume {self.volume} is outside 0..1")


def default_path() -> Path:
    """Return the settings file of this user."""
    return Path(platformdirs.user_config_dir("ditar-studio", appauthor=False)) / "settings.json"


class PreferenceFile:
    """The preferences in force, written through to their file at each change.

    Attributes:
        damaged: where the file is kept that could not be understood, if that was so.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.damaged: Path | None = None
        self.value = self._read()
        self._listeners: list[Callable[[Preferences], None]] = []

    def change(self, **values: object) -> Preferences:
        """Set the named fields, save, notify the listeners and return the result.

        Raises:
            ValueError: a value is out of its range; nothing is changed then.
        """
        fields: dict[str, Any] = values
        changed = replace(self.value, **fields)
        if changed != self.value:
            self.value = changed
            self._write()
            for listener in tuple(self._listeners):
                listener(changed)
        return changed

    def listen(self, listener: Callable[[Preferences], None]) -> Callable[[], None]:
        """Call `listener` with the new preferences after each change; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _read(self) -> Preferences:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            values = {k: v for k, v in data["values"].items() if hasattr(Preferences, k)}
            for name, value in values.items():
                kind = type(getattr(Preferences, name))
                if type(value) is not kind and not (kind is float and type(value) is int):
                    raise TypeError(f"{name} is of another type")
            return Preferences(**values)
        except FileNotFoundError:
            return Preferences()
        except OSError as error:
            log.warning("settings in %s can't be read: %s", self.path, error)
            return Preferences()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("settings in %s are damaged: %s", self.path, error)
            self.damaged = self.path.with_name("settings.damaged.json")
            with contextlib.suppress(OSError):
                os.replace(self.path, self.damaged)
            return Preferences()

    def _write(self) -> None:
        text = json.dumps({"version": VERSION, "values": asdict(self.value)}, indent=2)
        partial = self.path.with_suffix(".partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, self.path)
        except OSError as error:
            log.warning("settings can't be saved to %s: %s", self.path, error)
