"""`ditar-studio models`: what is on this computer, what can be fetched, and its keeping."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError
from ditar_studio.services.download import Progress
from ditar_studio.services.models import Installed, Models, default_folder
from ditar_studio.services.offers import Offer

_UNKNOWN = "the publisher's checksums are not known here"


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; exit code 1 if `verify` finds something wrong."""
    console = Console.of(arguments)
    folder = Path(arguments.folder).expanduser() if arguments.folder else default_folder()
    models = Models(folder)
    match arguments.action:
        case "add":
            return _show(console, models.add(Path(arguments.path), arguments.name))
        case "download":
            if not models.offer(arguments.name).verified:
                console.warn(f"{arguments.name} is not verified: {_UNKNOWN}.")
            return _show(console, _download(models, arguments.name, console))
        case "move":
            return _show(console, models.move(arguments.name, Path(arguments.path)))
        case "remove":
            kept = models.remove(arguments.name)
            text = f"{arguments.name} is removed"
            text += f" from the list; its files stay in {kept}." if kept else "."
            console.result({"removed": arguments.name}, text)
            return 0
        case "publish":
            return _publish(models, arguments, console)
        case "verify":
            return _verify(models, arguments.name, console)
        case _:
            return _list(models, console)


def _list(models: Models, console: Console) -> int:
    here = models.installed()
    names = {model.name for model in here}
    offers = [offer for offer in models.offers if offer.name not in names]
    lines = [
        f"{model.name}  {model.bytes / 1e9:.2f} GB{_mark(model)}  {model.path}" for model in here
    ]
    lines += [
        f"{offer.name}  {offer.about_bytes / 1e9:.1f} GB to download{_mark(offer)}  {offer.title}"
        for offer in offers
    ]
    console.result(
        {
            "installed": [_values(model) for model in here],
            "offers": [
                {
                    "name": offer.name,
                    "title": offer.title,
                    "bytes": offer.about_bytes,
                    "revision": offer.revision,
                    "verified": offer.verified,
                }
                for offer in offers
            ],
        },
        "\n".join(lines),
    )
    return 0


def _mark(model: Installed | Offer) -> str:
    return "" if model.verified else ", not verified"


def _verify(models: Models, name: str, console: Console) -> int:
    wrong, verified = models.verify(name), models.find(name).verified
    text = "\n".join(wrong)
    if not wrong:
        text = "All files are as they should be."
        if not verified:
            text = f"All files are whole; they are not verified: {_UNKNOWN}."
    console.result({"name": name, "wrong": wrong, "verified": verified}, text)
    return 1 if wrong else 0


def _publish(models: Models, arguments: argparse.Namespace, console: Console) -> int:
    from ditar_studio.assets import asset
    from ditar_studio.services.loaded_model import BUILT_IN
    from ditar_studio.services.publishing import publish

    given = Path(arguments.name).expanduser()
    if arguments.name == BUILT_IN:
        folder = asset("models", BUILT_IN)
    else:
        folder = given if given.is_dir() else models.find(arguments.name).path
    made = publish(folder, Path(arguments.path).expanduser(), arguments.licence)
    upload = f"hf upload OWNER/NAME {made}"
    console.result(
        {"path": str(made), "upload": upload},
        f"{made} is ready. Nothing was uploaded; “{upload}” of the hub's own tool does that.",
    )
    return 0


def _download(models: Models, name: str, console: Console) -> Installed:
    cancel = threading.Event()

    def show(progress: Progress) -> None:
        left = ""
        if progress.seconds_left is not None:
            left = f", {progress.seconds_left / 60:.0f} min left"
        done = f"{progress.file}: {progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB{left}"
        console.progress(progress.done / max(1, progress.total), done)

    try:
        return models.download(name, show, cancel)
    except KeyboardInterrupt as error:
        raise StudioError(
            "The download was stopped.", "Run the command again to go on where it was."
        ) from error


def _values(model: Installed) -> dict[str, object]:
    return {
        "name": model.name,
        "path": str(model.path),
        "bytes": model.bytes,
        "linked": model.linked,
        "verified": model.verified,
    }


def _show(console: Console, model: Installed) -> int:
    console.result(_values(model), f"{model.name} is at {model.path}{_mark(model)}.")
    return 0
