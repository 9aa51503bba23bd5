"""One piece of speech as a sound file that says what it is and how it was made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata
from ditar_studio.services.encoding import encode, resampled
from ditar_studio.services.formats import ENCODINGS, Format
from ditar_studio.services.references import hashes_of
from ditar_studio.store import files
from ditar_studio.store.recipe import Recipe
from ditar_studio.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ditar_studio.engine.request import GenerationRequest
    from ditar_studio.engine.speech_model import ModelInfo

SUFFIXES: dict[str, Format] = {".wav": "wav16", ".flac": "flac", ".mp3": "mp3", ".opus": "opus"}
"""The format that a file's name asks for."""


def format_of(path: Path) -> Format:
    """Return the format that a file's name asks for.

    Raises:
        StudioError: its ending is of no format that can be written.
    """
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise StudioError(
            f"“{path.name}” is not a sound file's name.",
            f"Use a name that ends in one of {', '.join(SUFFIXES)}.",
        )
    return found


def recipe_of(
    info: ModelInfo, request: GenerationRequest, voice_name: str = "", *, dated: bool = True
) -> Recipe:
    """Return the recipe of a request that speaks with a model.

    Args:
        voice_name: as shown.
        dated: whether it tells when; without, equal requests have equal recipes.

    Raises:
        StudioError: the reference can't be read.
    """
    voice, lexicon = request.voice, request.lexicon
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    said = lexicon.entries.items() if lexicon is not None else ()
    return Recipe(
        model_name=info.name,
        model_hash=info.weights_hash,
        voice_id=None,
        voice_name=voice_name,
        voice_hash=voice.voice_hash() if voice is not None else "",
        adapter_hash=files.sha256(voice.adapter) if voice is not None and voice.adapter else "",
        text="\n".join(line.text for line in request.lines),
        settings=request.settings.as_dict(),
        other_voices=hashes_of((line.text for line in request.lines), request.others),
        pronunciations="\n".join(f"{word} = {sound}" for word, sound in said),
        app_version=__version__,
        date=now if dated else "",
    )


def write_sound(
    path: Path,
    clip: Clip,
    recipes: Sequence[Recipe] = (),
    *,
    overwrite: bool = False,
    watermark: bool = True,
) -> None:
    """Write speech into a file, whole or not at all, in the format that its name asks for.

    It is resampled where the format doesn't know its rate.

    Args:
        recipes: of the pieces in it.
        overwrite: whether a file that is there already is replaced.
        watermark: whether the inaudible watermark is put into it.

    Raises:
        StudioError: the name has another ending, the file is there already, or can't be written.
    """
    encoding = ENCODINGS[format_of(path)]
    if not path.parent.is_dir():
        raise StudioError(f"There is no folder “{path.parent}”.", "Make it first.")
    comment = metadata.comment(recipes) if recipes else metadata.mark()
    if encoding.container == "OGG" and len(comment) > metadata.LONGEST_OPUS_COMMENT:
        comment = metadata.mark()
    voices = ", ".join(dict.fromkeys(recipe.voice_name for recipe in recipes))
    title = " ".join(recipes[0].text.split())[:100] if recipes else "Synthetic speech"
    known = encoding.rates
    rate = clip.sample_rate
    if known:
        rate = next((each for each in known if each >= rate), known[-1])
    samples = resampled(clip.samples, clip.sample_rate, rate)
    with files.replacing(path, overwrite=overwrite) as partial:
        tags = metadata.Tags(title, voices, comment)
        encode(partial, encoding, rate, tags, iter([samples]), watermark=watermark)
