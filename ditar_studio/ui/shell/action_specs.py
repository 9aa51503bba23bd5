"""All actions of the studio, menu after menu."""

from __future__ import annotations

from ditar_studio.ui.features.script.actions import SCRIPT
from ditar_studio.ui.features.speaking.actions import SPEAK
from ditar_studio.ui.features.takes.actions import TAKES
from ditar_studio.ui.features.voices.actions import VOICES
from ditar_studio.ui.kit.action_spec import ActionSpec
from ditar_studio.ui.shell.window_actions import HELP, WINDOW

SPECS: tuple[ActionSpec, ...] = (*WINDOW, *VOICES, *SCRIPT, *SPEAK, *TAKES, *HELP)
"""In menu order."""
