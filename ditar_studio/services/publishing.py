"""A model as the folder that a hub expects: a card, weights that execute nothing, the licence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from ditar_studio.assets import asset
from ditar_studio.engine import integrity
from ditar_studio.errors import StudioError

WEIGHTS, DESCRIPTION, CARD = "model.safetensors", "model.json", "README.md"

_ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


def publish(model: Path, out: Path, licence: str = "apache-2.0") -> Path:
    """Make the folder of a model to be uploaded. Nothing is uploaded here.

    Args:
        model: folder of a DiTAR: `model.safetensors`, `model.json`, and its card if it has one.
        out: the folder to make; it must not be there yet.
        licence: of the weights, as the hub names it.

    Returns:
        The folder.

    Raises:
        StudioError: there is no such model, or the folder is there or can't be made.
    """
    if not (model / WEIGHTS).is_file() or not (model / DESCRIPTION).is_file():
        raise StudioError(
            f"{model} holds no DiTAR with {WEIGHTS} and {DESCRIPTION}.",
            "Name the folder of a model that was trained here, or builtin.",
        )
    if out.exists():
        raise StudioError(f"{out} is there already.", "Name a folder that doesn't exist yet.")
    integrity.check(model)
    partial = out.with_name(f"{out.name}.part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in (WEIGHTS, DESCRIPTION, integrity.MANIFEST):
            if (model / name).is_file():
                shutil.copyfile(model / name, partial / name)
        (partial / CARD).write_text(_card(model, licence), "utf-8")
        (partial / ".gitattributes").write_text(_ATTRIBUTES, "utf-8")
        if licence == "apache-2.0":
            shutil.copyfile(
                asset("licenses", "ditar-studio -- Apache-2.0.txt"), partial / "LICENSE"
            )
        partial.rename(out)
    except OSError as error:
        raise StudioError(
            f"{out} can't be made: {error.strerror or error}.", "Choose another folder."
        ) from error
    return out


def _card(model: Path, licence: str) -> str:
    """Return the model's card with the metadata by which a hub finds it."""
    try:
        name = str(json.loads((model / DESCRIPTION).read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        name = model.name
    head = (
        f"---\nlicense: {licence}\nlanguage: en\nlibrary_name: ditar-studio\n"
        "pipeline_tag: text-to-speech\ntags:\n- voice-cloning\n- ditar\n- streaming\n---\n\n"
    )
    own = model / CARD
    body = own.read_text("utf-8") if own.is_file() else f"# {name}\n"
    body = re.sub(r"\A---\n.*?\n---\n+", "", body, flags=re.S)
    return f"{head}{body.rstrip()}\n\n{_USE}"


_USE = """## Use

    ditar-studio models download hf://OWNER/NAME
    ditar-studio speak --model OWNER--NAME --text "Hello." --voice Emma --out hello.wav
"""
