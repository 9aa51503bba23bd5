"""Named sets of parameters: those that come with the program, and the user's own in a file."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.services.files import replacing
from ditar_studio.services.generation_settings import SettingValue
from ditar_studio.ui.kit.translate import mark

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preset:
    """A named set of parameters; `own` ones were made by the user and can be deleted."""

    name: str
    values: Mapping[str, SettingValue]
    own: bool = False


BUILT_IN: tuple[Preset, ...] = (
    Preset(mark("Steady"), {"temperature": 0.2}),
    Preset(mark("Lively"), {"temperature": 0.8}),
    Preset(mark("Quick draft"), {"steps": 4}),
    Preset(mark("Finest"), {"steps": 20}),
)


class Presets:
    """The presets there are.

    Args:
        file: of the user's own.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._own = _read(file)
        self._before: tuple[str, Mapping[str, SettingValue]] | None = None

    @property
    def all(self) -> tuple[Preset, ...]:
        """The presets that come with the program, then the user's own."""
        return (*BUILT_IN, *(Preset(name, values, True) for name, values in self._own.items()))

    def save(self, name: str, values: Mapping[str, SettingValue]) -> bool:
        """Keep values under a name; return whether they replace others.

        Raises:
            StudioError: the file can't be written.
        """
        replaced = name in self._own
        if replaced:
            self._before = name, self._own[name]
        self._own[name] = values
        self._write()
        return replaced

    def delete(self, name: str) -> None:
        """Delete one of the user's own.

        Raises:
            StudioError: the file can't be written.
        """
        self._before = name, self._own.pop(name)
        self._write()

    def restore(self) -> None:
        """Bring back what was deleted or replaced last.

        Raises:
            StudioError: the file can't be written.
        """
        if self._before is not None:
            name, values = self._before
            self._own[name] = values
            self._write()

    def _write(self) -> None:
        with replacing(self._file) as partial:
            partial.write_text(json.dumps(self._own, indent=2), encoding="utf-8")


def _read(path: Path) -> dict[str, Mapping[str, SettingValue]]:
    """Read presets; a file that is damaged is put aside."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): dict(values) for name, values in read.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        log.warning("presets in %s can't be read: %s", path, error)
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".damaged"))
        return {}
