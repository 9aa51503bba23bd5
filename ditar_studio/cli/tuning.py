"""Fine-tuning on the command line: progress for people, an end by Ctrl+C."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, assert_never

from ditar_studio.cli.console import Console
from ditar_studio.services.fine_tuning import (
    InstantKept,
    Level,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)

if TYPE_CHECKING:
    from ditar_studio.services.loaded_model import SpeechModel
    from ditar_studio.services.references import Reference

OFF = "off"

_LONG = 60.0
"""Seconds that are worth a line of their own before they begin."""


def reporter(console: Console) -> Callable[[TuningEvent], None]:
    """Return a function that shows a tuning's events on a console."""

    told = False

    def report(event: TuningEvent) -> None:
        nonlocal told
        match event:
            case TuningProgress(remaining=None):
                console.progress(event.fraction, "fine-tuning")
            case TuningProgress():
                left = about(event.remaining or 0.0)
                if not told and (event.remaining or 0.0) > _LONG:
                    console.note(f"Fine-tuning will take about {left} here; Ctrl+C stops it.")
                told = True
                console.progress(event.fraction, f"fine-tuning, about {left} left")
            case InstantKept():
                console.warn(event.reason, "The instant voice stays.")
            case VoiceTuned() | TuningCancelled():
                pass
            case _:
                assert_never(event)

    return report


def about(seconds: float) -> str:
    """Return a time in its largest unit that says enough: 50 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@contextlib.contextmanager
def cancelled_by(interrupted: threading.Event) -> Iterator[TuningControl]:
    """Yield a control that cancels when the command is interrupted."""
    control = TuningControl()
    ended = threading.Event()

    def wait() -> None:
        while not ended.is_set():
            if interrupted.wait(0.1):
                control.cancel()
                return

    thread = threading.Thread(target=wait, name="interrupted", daemon=True)
    thread.start()
    try:
        yield control
    finally:
        ended.set()
        thread.join()


def followed(events: Iterable[TuningEvent], console: Console) -> TuningEvent:
    """Show a tuning on the console; returns its last event."""
    report = reporter(console)
    last: TuningEvent | None = None
    for last in events:
        report(last)
    assert last is not None
    return last


class References:
    """Fine-tunes the references of a command, each once.

    Args:
        model: that is to speak.
        level: quick, thorough, or off or None.
        interrupted: is set to end the fine-tuning.
        console: shows the progress.
    """

    def __init__(
        self, model: SpeechModel, level: str | None, interrupted: threading.Event, console: Console
    ) -> None:
        from ditar_studio.services.fine_tuning import TunedReferences

        self._interrupted = interrupted
        self._tuned: TunedReferences | None = None
        if level in ("quick", "thorough"):
            chosen: Level = "quick" if level == "quick" else "thorough"
            self._tuned = TunedReferences(model, chosen, reporter(console))

    def get(self, reference: Reference, more: Sequence[Reference] = ()) -> Reference:
        """Return the reference with what it was fine-tuned to.

        Args:
            reference: the recording that the voice speaks from.
            more: further recordings of it to fine-tune it on.

        Raises:
            StudioError: it can't be fine-tuned.
        """
        if self._tuned is None or self._interrupted.is_set():
            return reference
        with cancelled_by(self._interrupted) as control:
            return self._tuned.get(reference, control, more)
