"""Narrating a document: each chapter into a sound file, all of them into a book.

What is made stays: a chapter whose text, voice, settings and model are as before is not spoken
again. So a narration can be stopped and gone on with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine import events
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.errors import StudioError
from ditar_studio.services import naming
from ditar_studio.services.document_lines import script_lines
from ditar_studio.services.export_plan import Piece, Plan
from ditar_studio.services.metadata import mark
from ditar_studio.services.references import hashes_of
from ditar_studio.services.speaking import SpeechStream
from ditar_studio.services.voice_library import others_named
from ditar_studio.store import files
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.version import __version__

if TYPE_CHECKING:
    from ditar_studio.documents import Chapter, Document
    from ditar_studio.engine.settings import GenerationSettings
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import Reference, VoiceCache
    from ditar_studio.text.lexicon import Lexicon
    from ditar_studio.text.script import ScriptLine

PARTS: Final = "parts"
"""Folder of the chapters' sound, beside the book."""
_CHAPTER_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Narrator:
    """The voice and the settings of a narration.

    Attributes:
        model: the model that speaks.
        voice: whom like; None for a model's own voice.
        name: of the voice, for the tags.
        settings: of the generation.
        lexicon: the user's pronunciations.
        voices: keeps encoded voices.
    """

    model: SpeechModel
    voice: Reference | None
    name: str
    settings: GenerationSettings
    lexicon: Lexicon | None
    voices: VoiceCache


@dataclass(frozen=True)
class ChapterStarted:
    """A chapter is about to be read; `number` counts from 1."""

    number: int
    title: str
    path: Path


@dataclass(frozen=True)
class ChapterProgress:
    """The progress of a chapter, 0..1, and how much sound there is of it."""

    number: int
    fraction: float
    seconds: float
    rtf: float


@dataclass(frozen=True)
class ChapterWarned:
    """Something that the user should know; reading goes on."""

    number: int
    message: str
    remedy: str


@dataclass(frozen=True)
class ChapterDone:
    """A chapter is whole.

    Attributes:
        number: of the chapter, from 1.
        piece: its sound, as a part of the book.
        seconds: of sound; `rtf` is time to make / length.
        kept: whether it was made before.
    """

    number: int
    piece: Piece
    seconds: float
    rtf: float
    kept: bool


NarrationEvent = ChapterStarted | ChapterProgress | ChapterWarned | ChapterDone


def narrate(
    document: Document, narrator: Narrator, folder: Path, cancel: threading.Event
) -> Iterator[NarrationEvent]:
    """Read the chapters of a document into `folder`/parts, one after the other.

    Args:
        document: what to read.
        narrator: the voice and its settings.
        folder: of the book; made if it is not there.
        cancel: set it to stop; the chapter at work is read again next time.

    Raises:
        StudioError: a chapter can't be spoken, or nothing can be written.
    """
    parts = folder / PARTS
    try:
        parts.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(
            f"The folder “{parts}” can't be written to: {error.strerror or error}.",
            "Choose another one.",
        ) from error
    width = max(2, len(str(len(document.chapters))))
    for number, chapter in enumerate(document.chapters, start=1):
        if cancel.is_set():
            return
        title = chapter.title or document.title
        name = naming.safe(f"{number:0{width}d} {title}")
        yield from _Chapter(document, chapter, number, narrator, parts / f"{name}.wav").read(cancel)


def plan_of(document: Document, pieces: Sequence[Piece]) -> Plan:
    """Return what an export of the chapters that were read holds."""
    return Plan(document.title or "Book", tuple(pieces), (), ())


class _Chapter:
    def __init__(
        self, document: Document, chapter: Chapter, number: int, narrator: Narrator, path: Path
    ) -> None:
        self._title = chapter.title
        self._number = number
        self._narrator = narrator
        self._path = path
        self._note = path.with_suffix(".json")
        self._lines = script_lines(replace(document, chapters=(chapter,)))
        self._text = "\n".join(line.text for line in self._lines)
        self._others = others_named(line.text for line in self._lines)
        self._recipe = self._make_recipe()

    def read(self, cancel: threading.Event) -> Iterator[NarrationEvent]:
        known = self._known()
        if known is not None:
            yield ChapterDone(self._number, self._piece(known["words"]), known["seconds"], 0, True)
            return
        yield ChapterStarted(self._number, self._title, self._path)
        narrator = self._narrator
        lines = tuple(SpokenLine(line.text, line.pause_seconds) for line in self._lines)
        request = GenerationRequest(
            lines, narrator.voice, narrator.settings, narrator.lexicon, self._others
        )
        growing = self._path.with_name(f"{self._path.stem}~growing.wav")
        speech = SpeechStream(narrator.model, request, cancel, narrator.voices)
        rate = narrator.model.info.sample_rate
        with (
            contextlib.closing(speech),
            StreamingWavWriter(growing, rate, "PCM_24", comment=mark()) as writer,
        ):
            for event in speech:
                match event:
                    case events.PatchReady():
                        writer.append(event.samples)
                    case events.Progress():
                        yield ChapterProgress(
                            self._number, event.fraction, event.generated_seconds, event.rtf
                        )
                    case events.Warned():
                        yield ChapterWarned(self._number, event.message, event.remedy)
                    case (
                        events.Started()
                        | events.LineStarted()
                        | events.LineDone()
                        | events.WordSpoken()
                        | events.SentenceVerified()
                    ):
                        pass
                    case events.Done() | events.Cancelled() | events.Failed():
                        pass  # the summary tells
                    case _:
                        assert_never(event)
        summary = speech.summary
        stats = summary.checked_stats()
        if summary.cancelled:
            growing.unlink(missing_ok=True)
            return
        words = _words(self._lines, summary.words)
        growing.replace(self._path)
        self._keep(words, stats.seconds)
        yield ChapterDone(self._number, self._piece(words), stats.seconds, stats.rtf, False)

    def _known(self) -> dict[str, Any] | None:
        """Return what is noted of the chapter's file, if it is what would be made now."""
        try:
            noted = json.loads(self._note.read_text(encoding="utf-8"))
            if noted["recipe"] != self._key() or noted["sha256"] != files.sha256(self._path):
                return None
            words = [SpokenWord(*word) for word in noted["words"]]
            return {"words": words, "seconds": float(noted["seconds"])}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _keep(self, words: Sequence[SpokenWord], seconds: float) -> None:
        noted = {
            "recipe": self._key(),
            "sha256": files.sha256(self._path),
            "seconds": seconds,
            "words": [(word.start, word.end, word.begins, word.ends) for word in words],
        }
        with files.replacing(self._note) as partial:
            partial.write_text(json.dumps(noted), encoding="utf-8")

    def _key(self) -> str:
        narrator, recipe = self._narrator, self._recipe
        lexicon = dict(narrator.lexicon.entries) if narrator.lexicon else None
        pauses = [line.pause_seconds for line in self._lines]
        values = [recipe.text, pauses, recipe.model_hash, recipe.voice_hash, dict(recipe.settings)]
        noted = json.dumps([*values, lexicon, dict(recipe.other_voices)], sort_keys=True)
        return hashlib.sha256(noted.encode()).hexdigest()

    def _make_recipe(self) -> Recipe:
        narrator = self._narrator
        info = narrator.model.info
        return Recipe(
            model_name=info.name,
            model_hash=info.weights_hash,
            voice_id=None,
            voice_name=narrator.name,
            voice_hash=narrator.voice.voice_hash() if narrator.voice else "",
            other_voices=hashes_of([self._text], self._others),
            text=self._text,
            settings=narrator.settings.as_dict(),
            app_version=__version__,
            date=datetime.now().astimezone().isoformat(timespec="seconds"),
        )

    def _piece(self, words: Sequence[SpokenWord]) -> Piece:
        return Piece(
            self._number,
            self._path,
            self._text,
            self._narrator.name,
            _CHAPTER_SECONDS,
            self._recipe,
            self._title,
            tuple(words),
        )


def _words(lines: Sequence[ScriptLine], spoken: Sequence[events.WordSpoken]) -> list[SpokenWord]:
    """Return the words of all lines, in the text of the whole chapter."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.text) + 1)
    return [
        SpokenWord(
            starts[word.line] + word.start,
            starts[word.line] + word.end,
            round(word.at_seconds, 3),
            round(word.at_seconds + word.seconds, 3),
        )
        for word in spoken
    ]
