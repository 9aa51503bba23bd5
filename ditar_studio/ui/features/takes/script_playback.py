"""The script from its takes: line after line with its pauses, as an export would have it.

Takes are read one at a time and well ahead of the playhead, so that sound comes at once and a
book needs no more memory than what has been heard of it and a few minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ditar_studio.errors import StudioError
from ditar_studio.ui.features.player.playback import Feed, Playback
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.takes.view_model import read_take, words_of
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.services.takes import Take

AHEAD_SECONDS = 600.0
"""So much is read ahead of the playhead."""


@dataclass(frozen=True)
class _Part:
    """A line's take and the silence after it, in seconds."""

    line_id: str
    take: Take
    pause: float


class ScriptPlayback(QObject):
    """Plays the takes that stand for the lines, in their order."""

    def __init__(
        self, document: Document, script: Script, playback: Playback, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._script = script
        self._playback = playback
        self._feed: Feed | None = None
        self._parts: deque[_Part] = deque()
        self._reading = False
        self._rate = 0
        self._speed = 1.0
        self._fed = 0.0
        playback.moved.connect(lambda status: self._read_on(status.position))

    def play(self, first: str = "") -> tuple[int, int]:
        """Play from a line on, or all; return how many lines are played, and how many
        lack a take.
        """
        snapshot = self._document.snapshot
        if snapshot is None:
            return 0, 0
        lines = snapshot.lines[max(0, self._script.index(first)) :]
        parts = [
            _Part(line.id, take, line.pause_seconds)
            for line in lines
            if line.take_id and (take := snapshot.take(line.take_id)) is not None
        ]
        if parts:
            parts[-1] = replace(parts[-1], pause=0.0)
            self._speed = snapshot.project.settings.speed
            still_wanted = self._playback.claim()
            self._document.bridge.background(
                _highest_rate,
                [part.take.path for part in parts],
                done=lambda rate: self._begin(parts, rate) if still_wanted() else None,
                owner=self,
            )
        return len(parts), sum(bool(line.text.strip()) and not line.take_id for line in lines)

    def stop(self) -> None:
        """Add nothing more to what is played."""
        if self._feed is not None:
            feed, self._feed = self._feed, None
            feed.finish()
            self._playback.end_growing(feed, "script", self._playback.title)

    def _begin(self, parts: Sequence[_Part], rate: int) -> None:
        self._parts, self._rate, self._fed = deque(parts), rate, 0.0
        self._feed = self._playback.begin_feed(rate)
        self._playback.show_growing(self._feed, rate, tr("Script"), "script")
        self._read_on(0.0)

    def _read_on(self, position: float) -> None:
        """Read the next take, unless enough is there for the moment."""
        feed = self._feed
        if feed is None or self._reading or self._fed - position > AHEAD_SECONDS:
            return
        if not feed.active:
            self._feed = None
            return
        part = self._parts.popleft()
        self._reading = True
        self._document.bridge.background(
            _read,
            part,
            self._speed,
            self._rate,
            done=lambda clip: self._add(feed, part, clip),
            failed=lambda error: self._give_up(feed, error),
            owner=self,
        )

    def _add(self, feed: Feed, part: _Part, clip: Clip) -> None:
        self._reading = False
        if feed is self._feed:
            self._playback.note_line(feed, part.line_id, self._fed)
            for at, word in words_of(part.take, self._speed, self._fed):
                self._playback.note_word(feed, part.line_id, word.start, word.end, at)
            feed.feed(clip.samples)
            self._playback.grow(feed, clip.samples)
            self._fed += clip.seconds
            if not self._parts:
                self.stop()
        self._read_on(self._playback.player.status().position)

    def _give_up(self, feed: Feed, error: StudioError) -> None:
        self._reading = False
        if feed is self._feed:
            self.stop()
        self._document.bridge.failed.emit(error.message, error.remedy)


def _highest_rate(paths: Sequence[Path]) -> int:
    """Return the sample rate in Hz at which none of the files loses anything."""
    from ditar_studio.services.encoding import native_rate

    return max(native_rate(path) for path in paths)


def _read(part: _Part, speed: float, rate: int) -> Clip:
    """Read a take as it is heard in the script, its pause behind it."""
    import numpy as np

    from ditar_studio.audio.clips.clip import Clip

    clip = read_take(part.take.path, speed, part.take.edit).resample(rate)
    silence = np.zeros(round(part.pause * rate), np.float32)
    return Clip(np.concatenate([clip.samples, silence]), rate)
