"""The protocol of a model family for the engine, which DiTAR and VoxCPM share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ditar_studio.engine.settings import GenerationSettings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.engine.word_times import WordTime
    from ditar_studio.inference.precisions import Precision
    from ditar_studio.text.lexicon import Lexicon
    from ditar_studio.text.passages import Saying
    from ditar_studio.text.word_spans import Span

_DOUBTFUL = 0.35  # of the sounds; of speech that is right a tenth to a fifth are misheard


class PreparedVoice:
    """A voice as one model keeps it: made by its `prepare_voice`, for that model alone."""


@dataclass(frozen=True)
class ModelInfo:
    """The description and the capabilities of a model.

    Attributes:
        name: as shown to the user.
        version: of the weights, as their makers call it.
        sample_rate: of the sound it makes, in Hz.
        patch_samples: samples in one patch.
        weights_hash: sha256 of the weights, hexadecimal; goes into recipes.
        parameters: how many numbers it has learnt.
        languages: ISO 639-1 codes.
        guidance_range: lowest and highest sensible guidance (w), for the slider.
        default_settings: those that the model sounds best with.
        modes: names for `GenerationSettings.mode`, the default first; empty: there is one way only.
        supports_style: whether `GenerationSettings.style` means anything to it.
        needs_voice: whether it can't speak without a reference.
        needs_transcript: whether the reference's transcript must be known.
        fine_tunes: whether voices can be fine-tuned, see `engine.fine_tuning`.
        tuning_seconds: what quick and thorough fine-tuning take on two cores at most; None where
            that is only known once it was measured.
        can_verify: whether its utterances can recognise their own sound.
        mixes_voices: whether it speaks in voices between voices, see `engine.mixing`.
        times_words: whether its utterances tell when each word is said.
        reads_phonemes: whether it reads by this program's phonemes, so that there are words that it
            can't read.
        least_steps: the fewest steps of the solver that make sense.
        precisions: of the numbers, in which it can be loaded, the exact one first.
        levels_reference: whether references are trimmed and levelled by `engine.voice` before
            `prepare_voice`; False hands them over as they are.
    """

    name: str
    version: str
    sample_rate: int
    patch_samples: int
    weights_hash: str
    parameters: int
    languages: tuple[str, ...] = ("en",)
    guidance_range: tuple[float, float] = (0.0, 3.0)
    default_settings: GenerationSettings = field(default_factory=GenerationSettings)
    modes: tuple[str, ...] = ()
    supports_style: bool = False
    needs_voice: bool = True
    needs_transcript: bool = True
    fine_tunes: bool = False
    tuning_seconds: tuple[float, float] | None = None
    can_verify: bool = False
    mixes_voices: bool = False
    times_words: bool = False
    reads_phonemes: bool = False
    least_steps: int = 1
    precisions: tuple[Precision, ...] = ("fp32",)
    levels_reference: bool = True


@dataclass(frozen=True, eq=False)
class PatchOutput:
    """One step's result.

    Attributes:
        samples: float32 [n]; `ModelInfo.patch_samples` of them as a rule. Models whose decoder
            looks ahead give fewer (or none) at first and the rest by `Utterance.finish`.
        stop_probability: 0..1, that this patch is the last one; 0 where the model knows that some
            of the text is still to be said.
    """

    samples: NDArray[np.float32]
    stop_probability: float


@dataclass(frozen=True)
class Verification:
    """The model's own recognition of a sentence that it spoke, by its reader and speaker encoder.

    Attributes:
        sounds: phonemes in the text.
        errors: the fewest of them to substitute, insert and delete, stress aside, to turn what was
            read from the sound into the text.
        likeness: cosine of the embeddings of the sound and of the reference; None without one.
        differing: words that are said otherwise, not at all, or with something said after them: the
            first character of each in the sentence, and the one after its last.
    """

    sounds: int
    errors: int
    likeness: float | None
    differing: tuple[Span, ...] = ()

    @property
    def error_rate(self) -> float:
        return self.errors / max(1, self.sounds)

    @property
    def doubtful(self) -> bool:
        """Whether words are probably missing or wrong."""
        return bool(self.differing) or self.error_rate > _DOUBTFUL

    @property
    def score(self) -> float:
        """The higher, the better: likeness minus error rate."""
        return (self.likeness or 0.0) - self.error_rate


class Utterance(Protocol):
    """One sentence being spoken: explicit state, advanced by `step`."""

    @property
    def expected_patches(self) -> int:
        """Number of patches that the text will probably take; for progress and for the guards."""

    @property
    def max_patches(self) -> int:
        """Greatest number of patches that can be right: the engine stops there and warns."""

    @property
    def word_times(self) -> Sequence[WordTime]:
        """The words of the sentence that have been said by now, timed from its beginning.

        A word is added when the next one begins, or by `finish`. Empty for a model that doesn't
        know where it is in the text.
        """

    def step(self) -> PatchOutput:
        """Make the next patch."""

    def finish(self) -> NDArray[np.float32]:
        """Return samples float32 [n] that are still inside the decoder's look-ahead; may
        be empty.
        """

    def verify(self, samples: NDArray[np.float32]) -> Verification | None:
        """Recognise samples [n] of this sentence; None if the model can't
        (`ModelInfo.can_verify`)."""


class SpeechModel(Protocol):
    """A model that clones a voice. Used from one thread at a time."""

    @property
    def info(self) -> ModelInfo:
        """What the model is and can."""

    def prepare_voice(
        self, clip: Clip, transcript: str, adapter: Path | None = None
    ) -> PreparedVoice:
        """Encode a reference once, for any number of generations.

        Args:
            clip: any rate; levelled and trimmed if `ModelInfo.levels_reference`.
            transcript: what is said in it; may be empty unless `needs_transcript`.
            adapter: file of what the voice was fine-tuned to; only if the model `fine_tunes`.
        """

    def begin(
        self,
        text: str,
        voice: PreparedVoice | None,
        settings: GenerationSettings,
        generator: torch.Generator | None = None,
        lexicon: Lexicon | None = None,
        sayings: Sequence[Saying] = (),
    ) -> Utterance:
        """Start to speak a sentence.

        Args:
            text: one sentence (or short paragraph) as the user wrote it.
            voice: from `prepare_voice`; None speaks in a voice of the model's own, if it can.
            settings: temperature, guidance, steps, mode, style; the engine does seed and lengths.
            generator: the only source of noise, a CPU generator seeded by the engine.
            lexicon: the user's pronunciations.
            sayings: stretches of the text whose sounds are given.

        Raises:
            StudioError: the text holds nothing that can be read, or a voice is needed.
        """
