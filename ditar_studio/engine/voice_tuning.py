"""The protocol of a fine-tuning, which DiTAR and VoxCPM share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Self

    from ditar_studio.engine.attempt import Attempt
    from ditar_studio.engine.speech_model import PreparedVoice, Verification
    from ditar_studio.inference.voice_file import TunedVoice


class Trainer(Protocol):
    """Gradient descent in progress; a context manager."""

    step: int
    """How many steps are done."""

    @property
    def steps(self) -> int:
        """Number of steps in all."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def advance(self) -> float:
        """Do one step, and return the loss before it."""

    def save(self, path: Path, key: str) -> None:
        """Write what goes on after a crash, whole or not at all; the key names what it is of."""

    def resume(self, path: Path, key: str) -> bool:
        """Continue from what `save` wrote; return whether there is such a thing with this key."""


class VoiceTuning(Protocol):
    """The fine-tuning of one voice; its methods are called in this order.

    Attributes:
        settings: all that decides the result, besides model and clips; plain values.
        shares: of the way from the instant voice to the trained one, tried in this order. Less of
            it changes the voice less and the words less (arXiv 2109.01903).
    """

    settings: dict[str, float | str]
    shares: tuple[float, ...]

    def instant(self) -> PreparedVoice:
        """Return the voice as it is."""

    def estimate(self) -> float | None:
        """Return the seconds that training will take; None where it is too short to measure."""

    def trainer(self) -> Trainer:
        """Get ready to train."""

    def tuned(self, share: float) -> PreparedVoice:
        """Return the voice as it was trained, so far of the way from the instant one."""

    def verify(self, sentence: str, attempt: Attempt) -> Verification:
        """Tell how well a sentence was recognised that was spoken in one of these voices."""

    def result(
        self,
        share: float,
        voice: PreparedVoice,
        clips: tuple[str, ...],
        figures: tuple[dict[str, float], dict[str, float]],
    ) -> TunedVoice:
        """Return what to keep of a voice that `tuned` gave.

        Args:
            share: of the way from the instant voice, as in `tuned`.
            voice: the last that it gave.
            clips: hashes of what it was trained on.
            figures: how it was recognised before and after.
        """
