"""A project and the lines of its script, as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from ditar_studio.store.own_settings import OwnSettings

LineState = Literal["empty", "rendered", "stale", "failed"]


@dataclass(frozen=True)
class ProjectSettings:
    """The settings that a project is spoken and exported with.

    Args:
        model: name of the model.
        voice_id: the voice of lines that name none.
        generation: generation settings as plain values; a seed of None is rolled for each take.
        speed: tempo after generation, pitch kept.
        lexicon: the pronunciation list as text.
        export: the export dialog's last choices as plain values.
    """

    model: str = "builtin"
    voice_id: str | None = None
    generation: OwnSettings = field(default_factory=OwnSettings)
    speed: float = 1.0
    lexicon: str = ""
    export: Mapping[str, object] = field(default_factory=dict)


class ProjectChanges(TypedDict, total=False):
    """Fields of `ProjectSettings` that get another value."""

    model: str
    voice_id: str | None
    generation: OwnSettings
    speed: float
    lexicon: str
    export: Mapping[str, object]


@dataclass(frozen=True)
class Project:
    """A project without its lines.

    Args:
        model_hash: hash of the model's weights when they were last seen; empty before.
        created, modified, opened: in seconds since 1970.
    """

    id: str
    name: str
    settings: ProjectSettings
    model_hash: str
    created: float
    modified: float
    opened: float


@dataclass(frozen=True)
class NewLine:
    """A line to be added.

    Args:
        opens_block: whether a paragraph begins with it; else it flows on from the line before.
        section: title of the chapter that begins with it; empty if none does.
        settings: generation settings of its own, as plain values.
        block_settings: those of the block that it opens.
        starts, ends: when it is to be spoken, in seconds of the whole, as a subtitle tells it.
    """

    text: str
    voice_id: str | None = None
    speaker: str = ""
    pause_seconds: float = 0.25
    opens_block: bool = True
    section: str = ""
    settings: OwnSettings = field(default_factory=OwnSettings)
    block_settings: OwnSettings = field(default_factory=OwnSettings)
    starts: float | None = None
    ends: float | None = None


@dataclass(frozen=True)
class Line:
    """A line of a script.

    Args:
        voice_id: its voice; None means the project's.
        speaker: the name it was pasted with ("Anna: ...").
        pause_seconds: silence after it.
        locked: not to be spoken anew by "speak all that is stale".
        take_id: the take that stands for it: the chosen one, else the newest starred one,
            else the newest.
        state: "empty" (never spoken), "rendered", "stale" (something changed since,
            or it was stopped), "failed".
        failure: what went wrong when `state` is "failed".
        fingerprint: of what would be spoken now; given to `Takes.begin`.
        opens_block: whether a paragraph (block) begins with it; the first line always opens one.
        section: title of the chapter that begins with it; empty if none does.
        settings: generation settings that it has of its own.
        block_settings: those of the block that it is in.
        generation: the settings in force: the project's, changed by those of its voice, of its
            block and its own.
        starts, ends: when it is to be spoken, in seconds of the whole, as a subtitle tells it.
    """

    id: str
    project_id: str
    text: str
    voice_id: str | None
    speaker: str
    pause_seconds: float
    locked: bool
    take_id: str | None
    state: LineState
    failure: str
    fingerprint: str
    opens_block: bool = True
    section: str = ""
    settings: OwnSettings = field(default_factory=OwnSettings)
    block_settings: OwnSettings = field(default_factory=OwnSettings)
    generation: OwnSettings = field(default_factory=OwnSettings)
    starts: float | None = None
    ends: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether "speak all that is stale" speaks it."""
        return not self.locked and bool(self.text.strip()) and self.state != "rendered"
