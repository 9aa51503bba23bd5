"""Playback of generated sound while it is made, of takes and of references: one player for all."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.ui.kit.bridge import Bridge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ditar_studio.audio.analysis.peaks import Peaks
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.audio.devices.player_events import PlayerEvent, PlayerStatus

_TICK_MS = 33
_LINGER = 15
"""So many looks at a resting player before looking ends: wishes take a moment to come true."""


class Player(Protocol):
    """The protocol of a player; `audio.devices.player.StreamPlayer` has it."""

    volume: float

    def begin(self, sample_rate: int, play: bool = True) -> None: ...
    def feed(self, samples: NDArray[np.float32]) -> None: ...
    def finish(self) -> None: ...
    def load(self, clip: Clip, play: bool = False) -> None: ...
    def play(self) -> None: ...
    def pause(self) -> None: ...
    def toggle(self) -> None: ...
    def replay(self) -> None: ...
    def seek(self, seconds: float) -> None: ...
    def set_loop(self, region: tuple[float, float] | None) -> None: ...
    def set_device(self, device: str | None) -> None: ...
    def status(self) -> PlayerStatus: ...
    def samples(self) -> NDArray[np.float32]: ...
    def close(self, limit: float = 5.0) -> None: ...


class Feed:
    """The way of generated sound into the player, for the thread that generates it.

    Once something else is played, what is fed goes nowhere: the take on disk has it all.
    """

    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    @property
    def active(self) -> bool:
        """Whether what is fed is what is played."""
        return self._playback._feed is self

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Play samples [n] behind those fed before."""
        self._playback._with_feed(self, lambda player: player.feed(samples))

    def finish(self) -> None:
        """Note that nothing more comes."""
        self._playback._with_feed(self, lambda player: player.finish())


@dataclass(frozen=True)
class PlayingWord:
    """A word of a line in a sound.

    Attributes:
        line_id: id of the line.
        start, end: its characters in what was spoken, end exclusive.
    """

    line_id: str
    start: int
    end: int


Words = Sequence[tuple[float, PlayingWord]]
"""Words of a sound with the seconds from its start at which they begin, in their order."""


class Playback(QObject):
    """The player as the window sees it.

    Signals:
        loaded: there is another sound; `peaks` and `title` are its.
        grew: samples were added to `peaks`.
        finished: `peaks` doesn't grow any more.
        moved: a `PlayerStatus`, many times a second while it changes.
        happened: a `PlayerEvent`.
        loop_changed: whether it repeats.
        line_noted: id of a line and where it begins in a sound of several, in seconds.
        playing_line_changed: the id of the line that is at the playhead now; empty for none.
        playing_word_changed: the `PlayingWord` at the playhead now; None for none.
    """

    loaded = Signal()
    grew = Signal()
    finished = Signal()
    moved = Signal(object)
    happened = Signal(object)
    loop_changed = Signal(bool)
    line_noted = Signal(str, float)
    playing_line_changed = Signal(str)
    playing_word_changed = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        make_player: Callable[[Callable[[PlayerEvent], None]], Player],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.player = make_player(lambda event: bridge.post(lambda: self._on_event(event)))
        self.peaks: Peaks | None = None
        self.shown_clip: Clip | None = None
        self.title = ""
        self.source = ""
        self.playing_line = ""
        self.playing_word: PlayingWord | None = None
        self._word_starts: list[float] = []
        self._words: list[PlayingWord] = []
        self.looping = False
        self.patch_seconds = 0.0
        self._region: tuple[float, float] | None = None
        self._lock = threading.Lock()
        self._feed: Feed | None = None
        self._growing: Feed | None = None
        self._starts: list[float] = []
        self._lines: list[str] = []
        self._wanted = 0
        self._linger = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    # --- what is played

    @property
    def growing(self) -> bool:
        """Whether more is still added to the sound."""
        return self._growing is not None

    def shows(self, feed: Feed) -> bool:
        """Return whether the sound that is shown is still fed by `feed`."""
        return self._growing is feed

    def claim(self) -> Callable[[], bool]:
        """Note that a sound is wanted; what is returned says whether no other was since."""
        self._wanted += 1
        ticket = self._wanted
        return lambda: ticket == self._wanted

    def begin_feed(self, sample_rate: int) -> Feed:
        """Play what will be fed from now on; on the thread that will feed it."""
        with self._lock:
            self._feed = Feed(self)
            self.player.begin(sample_rate)
            return self._feed

    def show_growing(
        self, feed: Feed, sample_rate: int, title: str, source: str, patch: float = 0.0
    ) -> None:
        """Show the sound that is being fed; `patch` is the length of a patch in seconds."""
        from ditar_studio.audio.analysis.peaks import Peaks

        if not feed.active:
            return
        self._wanted += 1
        self.peaks, self.shown_clip = Peaks(sample_rate), None
        self.title, self.source, self._growing = title, source, feed
        self.patch_seconds = patch
        self._region = None
        self._loaded()

    def grow(self, feed: Feed, samples: NDArray[np.float32]) -> None:
        """Add fed samples [n] to the picture."""
        if self._growing is feed and self.peaks is not None:
            self.peaks.append(samples)
            self.grew.emit()

    def note_line(self, feed: Feed, line_id: str, at: float) -> None:
        """Note that in what is fed a line begins `at` seconds from the start."""
        if self._growing is feed:
            self._starts.append(at)
            self._lines.append(line_id)
            self.line_noted.emit(line_id, at)

    def note_word(self, feed: Feed, line_id: str, start: int, end: int, at: float) -> None:
        """Note that in what is fed a word of a line begins `at` seconds from the start."""
        if self._growing is feed:
            self._add_word(at, PlayingWord(line_id, start, end))

    def end_growing(self, feed: Feed, source: str, title: str) -> None:
        """Note that nothing more is added, what it has become, and what that is called."""
        if self._growing is feed:
            self._growing = None
            self.source, self.title = source, title
            self._apply_loop()
            self.finished.emit()

    def load(
        self,
        clip: Clip,
        title: str,
        source: str,
        play: bool = True,
        line_id: str = "",
        words: Words = (),
    ) -> None:
        """Play a finished sound; `line_id` is the line it is of, if it is a take, of `words`."""
        from ditar_studio.audio.analysis.peaks import Peaks

        self._wanted += 1
        with self._lock:
            self._feed = None
            self.player.load(clip, play)
        self.peaks, self.shown_clip = Peaks(clip.sample_rate, clip.samples), clip
        self.title, self.source, self._growing = title, source, None
        self.patch_seconds = 0.0
        self._region = None
        self._apply_loop()
        self._loaded(line_id)
        for at, word in words:
            self._add_word(at, word)

    def drop_growing(self, feed: Feed) -> None:
        """Note that nothing came of what was to be fed."""
        if self._growing is feed:
            self._growing = None
            self.unload()

    def unload(self) -> None:
        """Fall silent and have nothing to play any more, unless sound is just being made."""
        self._wanted += 1
        if self.growing or self.peaks is None:
            return
        with self._lock:
            self._feed = None
            self.player.begin(self.peaks.sample_rate, play=False)
            self.player.finish()
        self.peaks, self.shown_clip = None, None
        self.title, self.source, self.patch_seconds = "", "", 0.0
        self._region = None
        self._loaded()

    def load_later(
        self,
        read: Callable[[], Clip],
        title: str,
        source: str,
        play: bool = True,
        line_id: str = "",
        words: Words = (),
    ) -> None:
        """Read a sound in the background, then play it, unless something else was wanted."""
        still_wanted = self.claim()

        def show(clip: Clip) -> None:
            if still_wanted():
                self.load(clip, title, source, play, line_id, words)

        self.bridge.background(read, done=show, owner=self)

    def samples(self) -> NDArray[np.float32]:
        """Return a copy of the sound that is played [n]."""
        return self.player.samples()

    # --- transport

    def play(self) -> None:
        """Play on from the present position."""
        self.player.play()
        self._watch()

    def pause(self) -> None:
        """Stop playing; the position stays."""
        self.player.pause()
        self._watch()

    def toggle(self) -> None:
        """Play if silent, pause if playing."""
        self.player.toggle()
        self._watch()

    def replay(self) -> None:
        """Play from the start."""
        self.player.replay()
        self._watch()

    def seek(self, seconds: float) -> None:
        """Go to a position, in seconds."""
        self.player.seek(seconds)
        self._watch()

    def skip(self, seconds: float) -> None:
        """Go on or back by `seconds`."""
        self.seek(max(0.0, self.player.status().position + seconds))

    def set_looping(self, on: bool) -> None:
        """Repeat the selected stretch, or all."""
        self.looping = on
        self._apply_loop()
        self.loop_changed.emit(on)

    def select(self, start: float, end: float) -> None:
        """Choose what is repeated while repeating is on; nothing selected means all."""
        self._region = (start, end) if end > start else None
        self._apply_loop()

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0..1."""
        self.player.volume = volume

    def close(self) -> None:
        """Fall silent and end the player's thread."""
        self._timer.stop()
        self.player.close()

    # --- inside

    def _with_feed(self, feed: Feed, act: Callable[[Player], None]) -> None:
        with self._lock:
            if self._feed is feed:
                act(self.player)

    def _apply_loop(self) -> None:
        if self.peaks is None or self.growing:
            return
        whole = (0.0, self.peaks.seconds)
        region = self._region or whole
        self.player.set_loop(region if self.looping and region[1] > region[0] else None)
        self._watch()

    def _loaded(self, line_id: str = "") -> None:
        self._starts, self._lines = ([0.0], [line_id]) if line_id else ([], [])
        self._word_starts, self._words = [], []
        self.loaded.emit()
        self._watch()

    def _watch(self) -> None:
        self._linger = _LINGER
        if not self._timer.isActive():
            self._timer.start()

    def _on_event(self, event: PlayerEvent) -> None:
        self.happened.emit(event)
        self._watch()

    def _tick(self) -> None:
        status = self.player.status()
        self._follow(status)
        self.moved.emit(status)
        if status.state not in ("empty", "paused", "ended") or self.growing:
            self._linger = _LINGER
        self._linger -= 1
        if self._linger <= 0:
            self._timer.stop()

    def _follow(self, status: PlayerStatus) -> None:
        """Report which line is at the playhead, when it is another one."""
        place = bisect_right(self._starts, status.position) - 1
        there = place >= 0 and status.state not in ("empty", "ended", "device lost")
        line_id = self._lines[place] if there else ""
        if line_id != self.playing_line:
            self.playing_line = line_id
            self.playing_line_changed.emit(line_id)
        place = bisect_right(self._word_starts, status.position) - 1
        word = self._words[place] if there and place >= 0 else None
        if word is not None and word.line_id != line_id:
            word = None
        if word != self.playing_word:
            self.playing_word = word
            self.playing_word_changed.emit(word)

    def _add_word(self, at: float, word: PlayingWord) -> None:
        place = bisect_right(self._word_starts, at)  # one said again may come late
        self._word_starts.insert(place, at)
        self._words.insert(place, word)
