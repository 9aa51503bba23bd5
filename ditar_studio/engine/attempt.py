"""An attempt at a sentence: patch by patch, guarded until it ends, and verified if asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ditar_studio.engine.guards import RepetitionGuard, SilenceGuard, fade_out, soften_peaks
from ditar_studio.engine.word_times import WordTime
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from ditar_studio.engine.events import LineEnd
    from ditar_studio.engine.settings import GenerationSettings
    from ditar_studio.engine.speech_model import ModelInfo, Utterance, Verification

Result = TypeVar("Result")

_LEAST_SHARE = 0.35
"""The stop head is not believed before this share of the expected length."""


class Work:
    """A model's work: done without gradients, its time counted in `seconds`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def do(self, work: Callable[[], Result]) -> Result:
        """Run `work` and return its result."""
        import torch

        start = time.perf_counter()
        try:
            with torch.inference_mode():
                return work()
        finally:
            self.seconds += time.perf_counter() - start


@dataclass(frozen=True, eq=False)
class Piece:
    """Samples of a sentence.

    Attributes:
        samples: float32 [n], perhaps none.
        done: the share of the sentence that is made, 0..1.
        words: those whose sound is complete with these samples, timed from the sentence's
            beginning.
    """

    samples: NDArray[np.float32]
    done: float
    words: tuple[WordTime, ...] = ()


class Attempt:
    """One attempt at one sentence.

    Attributes:
        pieces: what was made so far.
        patches: how many patches that took.
        end: why it ended.
        verification: how well the model recognised it, once it was asked.
    """

    def __init__(
        self,
        utterance: Utterance,
        settings: GenerationSettings,
        info: ModelInfo,
        cancel: threading.Event,
        work: Work,
    ) -> None:
        self.pieces: list[Piece] = []
        self.patches = 0
        self.end: LineEnd = "stopped"
        self.verification: Verification | None = None
        self._utterance = utterance
        self._settings = settings
        self._info = info
        self._cancel = cancel
        self._work = work

    @property
    def rank(self) -> tuple[bool, int, float]:
        """The higher, the better: whether it ended by itself, then how few words differ from the
        text, then how well it was recognised."""
        check = self.verification
        if check is None:
            return self.end == "stopped", 0, 0.0
        return self.end == "stopped", -len(check.differing), check.score

    @property
    def is_right(self) -> bool:
        """Whether it ended by itself and no word is doubtful."""
        check = self.verification
        return self.end == "stopped" and (check is None or not check.doubtful)

    def verify(self) -> None:
        """Let the model recognise what was made."""
        samples = np.concatenate([piece.samples for piece in self.pieces])
        self.verification = self._work.do(lambda: self._utterance.verify(samples))

    def make(self) -> Iterator[Piece]:
        """Speak while the pieces are drawn, unless it is cancelled."""
        for piece in self._speak():
            self.pieces.append(piece)
            yield piece

    def _speak(self) -> Iterator[Piece]:
        utterance, settings, rate = self._utterance, self._settings, self._info.sample_rate
        exact, size = settings.exact_patches, self._info.patch_samples
        limit = min(utterance.max_patches, int(settings.max_seconds * rate / size))
        least = max(1, int(_LEAST_SHARE * utterance.expected_patches))
        silence = SilenceGuard(rate)
        repetition = RepetitionGuard(rate, size)
        words = _Words(utterance, rate)
        while not self._cancel.is_set():
            output = self._work.do(utterance.step)
            self.patches += 1
            samples = made = _checked(output.samples)
            repeated = False
            if exact is None:
                repeated = repetition.feed(samples)
                samples = silence.feed(soften_peaks(samples))
            done = self.patches / max(1, exact or utterance.expected_patches)
            words.feed(len(made), len(samples))
            yield Piece(samples, min(1.0, done), words.complete())
            if exact is not None:
                if self.patches >= exact:
                    break
            elif self.patches >= least and output.stop_probability >= settings.stop_threshold:
                break
            elif repeated:
                self.end = "repeated"
                break
            elif silence.ended:
                spoken = self.patches - silence.silent_seconds * rate / size
                complete = spoken >= least and output.stop_probability > 0
                self.end = "stopped" if complete else "silent"
                break
            elif self.patches >= limit:
                self.end = "too_long"
                break
        tail = self._tail()
        words.feed(len(tail), len(tail))
        yield Piece(tail, 1.0, words.complete(last=True))

    def _tail(self) -> NDArray[np.float32]:
        """Return what the decoder still holds; faded out if the sentence did not end by itself."""
        tail = _checked(self._work.do(self._utterance.finish))
        if self._settings.exact_patches is None:
            tail = soften_peaks(tail)
            if self.end != "stopped" or self._cancel.is_set():
                tail = fade_out(tail, self._info.sample_rate)
        return tail


class _Words:
    """An utterance's words in the sound that is given out, which lacks what was cut as silence."""

    def __init__(self, utterance: Utterance, sample_rate: int) -> None:
        self._utterance = utterance
        self._rate = sample_rate
        self._made = 0
        self._cuts: list[tuple[int, int]] = []  # from which sample made on, how many less in all
        self._reported = 0

    def feed(self, made: int, given: int) -> None:
        """Note that of so many further samples so many are given out."""
        self._made += made
        if given < made:
            less = (self._cuts[-1][1] if self._cuts else 0) + made - given
            self._cuts.append((self._made, less))

    def complete(self, last: bool = False) -> tuple[WordTime, ...]:
        """Return the words whose sound is complete by now; all of them at the last."""
        words = self._utterance.word_times
        self._reported = min(self._reported, len(words))
        first = self._reported
        while self._reported < len(words):
            word = words[self._reported]
            if not last and (word.at_seconds + word.seconds) * self._rate > self._made:
                break
            self._reported += 1
        return tuple(map(self._placed, words[first : self._reported]))

    def _placed(self, word: WordTime) -> WordTime:
        begin, end = self._given(word.at_seconds), self._given(word.at_seconds + word.seconds)
        return replace(word, at_seconds=begin, seconds=end - begin)

    def _given(self, seconds: float) -> float:
        """Return where in the sound that is given out a moment of the sound that was made is."""
        sample = min(self._made, round(seconds * self._rate))
        less = max((less for begin, less in self._cuts if sample >= begin), default=0)
        return (sample - less) / self._rate


def _checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(samples).all():
        raise StudioError(
            "The model made values that are not numbers.",
            "Check its files with “ditar-studio models verify”, or choose the precision fp32.",
        )
    return samples
