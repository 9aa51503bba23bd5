"""`ditar-studio book`: a document as an audiobook, chapter by chapter; can be resumed."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from ditar_studio.cli.batch import exclusive_folder
from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import (
    lexicon_of,
    load,
    model_values,
    peak_memory,
    settings_of,
    stop_on_interrupt,
)
from ditar_studio.documents import Document, ReadOptions, chosen, read_document
from ditar_studio.errors import StudioError
from ditar_studio.services.document_lines import speech_seconds
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.generation_settings import GenerationSettings

if TYPE_CHECKING:
    from ditar_studio.services.export import Exported
    from ditar_studio.services.export_plan import Piece
    from ditar_studio.services.references import Reference

FAILED, INTERRUPTED = 1, 130


def run(arguments: argparse.Namespace) -> int:
    """Make a book; exit code 0, 1 if ACX's demands aren't met, 130 when interrupted."""
    console = Console.of(arguments)
    options = ReadOptions(arguments.notes, arguments.tables, not arguments.no_headings)
    document = read_document(Path(arguments.document), options)
    if arguments.list:
        console.result(_contents(document), _table(document))
        return 0
    if not arguments.out_dir:
        raise StudioError("There is no place for the book.", "Name a folder with --out-dir.")
    document = chosen(document, _numbers(arguments.chapters, document))
    settings_of(arguments, GenerationSettings())
    folder = Path(arguments.out_dir)
    with _export_settings(arguments, document) as settings, exclusive_folder(folder):
        return _make(arguments, document, folder, settings, console)


def _make(
    arguments: argparse.Namespace,
    document: Document,
    folder: Path,
    wanted: ExportSettings,
    console: Console,
) -> int:
    from ditar_studio.services.loaded_model import VoiceCache
    from ditar_studio.services.narration import Narrator

    reference, name = _voice(arguments)
    lexicon = lexicon_of(arguments)
    with stop_on_interrupt() as cancel:
        model = load(arguments)
        settings = settings_of(arguments, model.info.default_settings)
        narrator = Narrator(model, reference, name, settings, lexicon, VoiceCache(model))
        pieces = _read(document, narrator, folder, cancel, console)
        if cancel.is_set():
            parts = f"{len(pieces)} of {len(document.chapters)} chapters are made"
            console.result({"interrupted": True, "chapters": len(pieces)}, f"Stopped; {parts}.")
            return INTERRUPTED
    made = _export(document, pieces, folder, wanted, console)
    failed = [check for _, checks in made.checks for check in checks if not check.passed]
    values = {
        "files": [str(path) for path in made.files],
        "chapters": len(pieces),
        "words": document.words,
        "loudness": made.loudness,
        "failed_checks": [check.demand for check in failed],
        "peak_rss_mb": peak_memory(),
        "model": model_values(model),
    }
    console.result(values, "\n".join(str(path) for path in made.files))
    for check in failed:
        console.warn(f"ACX's demand on “{check.demand}” isn't met: {check.value:.1f}.")
    return FAILED if failed else 0


def _read(
    document: Document, narrator: Any, folder: Path, cancel: Any, console: Console
) -> list[Piece]:
    from ditar_studio.services.narration import (
        ChapterDone,
        ChapterProgress,
        ChapterStarted,
        ChapterWarned,
        narrate,
    )

    pieces: list[Piece] = []
    count = len(document.chapters)
    for event in narrate(document, narrator, folder, cancel):
        match event:
            case ChapterStarted():
                console.note(f"[{event.number}/{count}] {event.title or document.title}")
            case ChapterProgress():
                fraction = (event.number - 1 + event.fraction) / count
                console.progress(fraction, f"{event.seconds:.0f} s, RTF {event.rtf:.2f}")
            case ChapterWarned():
                console.warn(event.message, event.remedy)
            case ChapterDone():
                pieces.append(event.piece)
                how = "made before" if event.kept else f"RTF {event.rtf:.2f}"
                console.note(f"[{event.number}/{count}] {event.seconds:.0f} s, {how}")
            case _:
                assert_never(event)
    return pieces


def _export(
    document: Document, pieces: list[Piece], folder: Path, wanted: ExportSettings, console: Console
) -> Exported:
    from ditar_studio.services.export import export
    from ditar_studio.services.narration import plan_of

    return export(
        plan_of(document, pieces),
        folder,
        wanted,
        progress=lambda fraction: console.progress(fraction, "writing the book"),
    )


@contextlib.contextmanager
def _export_settings(arguments: argparse.Namespace, document: Document) -> Iterator[ExportSettings]:
    """Yield how the book is written; the document's cover is a file as long as that takes."""
    with tempfile.TemporaryDirectory(prefix="ditar-cover-") as folder:
        cover = arguments.cover
        if not cover and document.cover:
            cover = str(Path(folder) / "cover")
            Path(cover).write_bytes(document.cover)
        yield ExportSettings(
            format="mp3" if arguments.acx else arguments.format,
            layout="per_chapter" if arguments.per_chapter or arguments.acx else "one_file",
            subtitles=tuple(arguments.subtitles),
            by_word=arguments.by_word,
            loudness=arguments.loudness,
            standard="acx" if arguments.acx else "",
            title=arguments.title or document.title,
            author=arguments.author or document.author,
            cover=cover,
            replace=arguments.force,
            watermark=arguments.watermark,
        )


def _voice(arguments: argparse.Namespace) -> tuple[Reference | None, str]:
    from ditar_studio.services.references import Reference
    from ditar_studio.services.voice_library import reference_named

    if arguments.reference and arguments.voice:
        raise StudioError("Both a reference and a voice are given.", "Leave one of them out.")
    if arguments.reference:
        path = Path(arguments.reference)
        return Reference(path, arguments.transcript), path.stem
    if arguments.voice:
        return reference_named(arguments.voice), arguments.voice
    return None, ""


def _numbers(wanted: str | None, document: Document) -> list[int]:
    """Return numbers of chapters, from 0."""
    every = range(len(document.chapters))
    if wanted == "all":
        return list(every)
    if wanted is None:
        usual = [number for number in every if document.chapters[number].read_out]
        return usual or list(every)
    numbers: list[int] = []
    for part in wanted.split(","):
        first, _, last = part.partition("-")
        try:
            numbers += range(int(first) - 1, int(last or first))
        except ValueError:
            numbers.append(-1)
    if not numbers or any(number not in every for number in numbers):
        raise StudioError(
            f"“{wanted}” names no chapters of this document.",
            f"Give numbers from 1 to {len(every)}, as in 1,3-5; --list shows them.",
        )
    return numbers


def _contents(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "author": document.author,
        "language": document.language,
        "words": document.words,
        "chapters": [
            {
                "number": number,
                "title": chapter.title,
                "words": chapter.words,
                "seconds": round(speech_seconds(chapter.words)),
                "read_out": chapter.read_out,
            }
            for number, chapter in enumerate(document.chapters, start=1)
        ],
        "remarks": {remark.kind: remark.count for remark in document.remarks},
    }


def _table(document: Document) -> str:
    rows = [f"{document.title} {f'by {document.author}' if document.author else ''}".rstrip()]
    for number, chapter in enumerate(document.chapters, start=1):
        minutes = speech_seconds(chapter.words) / 60
        mark = "" if chapter.read_out else " (left out)"
        rows.append(f"{number:4d}  {minutes:5.0f} min  {chapter.title or '–'}{mark}")
    remarks = ", ".join(f"{r.count} {r.kind.replace('_', ' ')}" for r in document.remarks)
    return "\n".join([*rows, *([f"Not as in the document: {remarks}"] if remarks else [])])
