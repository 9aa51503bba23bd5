"""When something goes wrong: a log, a report of the last crash, and a bundle for a bug report.

While the application runs, `running.txt` takes what Python or the system say as it dies. A clean
end removes it; one that is still there at the next start is the report of a crash. Nothing is ever
sent: the bundle is a file that the user looks through and passes on.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import platform
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from ditar_studio.errors import StudioError
from ditar_studio.services import failure_log
from ditar_studio.services.quiet_log import QuietLog
from ditar_studio.services.scrub import Scrubber
from ditar_studio.store import files, privacy
from ditar_studio.version import __version__

if TYPE_CHECKING:
    from ditar_studio.store.library import Library

log = logging.getLogger(__name__)

_RUNNING = "running.txt"
_REPORTS_KEPT = 5
_LOG_BYTES, _LOGS_KEPT = 1_000_000, 4
_LAST_LINES = 40
_PACKAGES = (
    "torch", "torchaudio", "numpy", "PySide6-Essentials", "sounddevice", "soundfile", "soxr",
    "safetensors", "tokenizers", "gruut-lang-en",
)  # fmt: skip


@dataclass(frozen=True)
class CrashReport:
    """A report of how an earlier run ended.

    Args:
        path: the report's file.
        text: what was printed as it died, and the last lines of the log.
        explained: whether anything was printed; else it was killed, or the machine went down.
    """

    path: Path
    text: str
    explained: bool


class _PrivateLog(QuietLog):
    def _open(self) -> TextIOWrapper:
        privacy.make_file(Path(self.baseFilename))
        return super()._open()


class Diagnostics:
    """The log and the crash report of this run. `start` once, `stop` at the clean end.

    Args:
        folder: where log and reports lie; see `folder_of`.
        faults: whether crashes of native code are reported too (once per process).
    """

    def __init__(self, folder: Path, *, faults: bool = True) -> None:
        self.folder = folder
        self.log_file = folder / "ditar-studio.log"
        self._faults = faults
        self._ends = contextlib.ExitStack()
        self._report: TextIO | None = None

    def start(self) -> CrashReport | None:
        """Begin to log. Returns the report of the last run if it did not end cleanly.

        To be called with the library open, which makes sure that no other run is going on.

        Raises:
            StudioError: the folder cannot be written to.
        """
        try:
            return self._start()
        except OSError as error:
            self._ends.close()
            raise StudioError(
                f"The log in {self.folder} could not be written: {error.strerror or error}.",
                "Check that the disk is not full and that the library's folder may be written to.",
            ) from error

    def _start(self) -> CrashReport | None:
        privacy.make_folder(self.folder)
        crash = self._last_crash()
        handler = _PrivateLog(
            self.log_file, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8"
        )
        form = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"
        handler.setFormatter(logging.Formatter(form))
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(min(level, logging.INFO))
        self._ends.callback(handler.close)
        self._ends.callback(root.setLevel, level)
        self._ends.callback(root.removeHandler, handler)
        privacy.make_file(self.folder / _RUNNING)
        self._report = self._ends.enter_context(
            (self.folder / _RUNNING).open("w", encoding="utf-8", buffering=1)
        )
        if self._faults:
            faulthandler.enable(self._report)
            self._ends.callback(faulthandler.disable)
        self._hook(sys, "excepthook", self._on_exception)
        self._hook(threading, "excepthook", self._on_thread_exception)
        log.info("DiTAR Studio %s, Python %s", __version__, platform.python_version())
        return crash

    def stop(self) -> None:
        """End cleanly: what was an error but no crash is kept as a report, shown to nobody."""
        log.info("clean end")
        self._ends.close()
        running = self.folder / _RUNNING
        if running.exists():
            if running.stat().st_size:
                self._archive(running)
            else:
                running.unlink()

    def reports(self) -> list[Path]:
        """Return the reports that are kept, newest first."""
        return sorted(self.folder.glob("crash-*.txt"), reverse=True)

    def _hook(self, module: Any, name: str, hook: Callable[..., None]) -> None:
        before = getattr(module, name)

        def both(*arguments: Any) -> None:
            hook(*arguments)
            before(*arguments)

        setattr(module, name, both)
        self._ends.callback(setattr, module, name, before)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            self._write("".join(traceback.format_exception(kind, error, trace)))

    def _on_thread_exception(self, what: threading.ExceptHookArgs) -> None:
        trace = traceback.format_exception(what.exc_type, what.exc_value, what.exc_traceback)
        self._write(f"in thread {what.thread.name if what.thread else '?'}:\n{''.join(trace)}")

    def _write(self, text: str) -> None:
        log.critical("unhandled exception\n%s", text)
        if self._report is not None and not self._report.closed:
            self._report.write(f"{datetime.now().isoformat(timespec='seconds')} {text}\n")

    def _last_crash(self) -> CrashReport | None:
        running = self.folder / _RUNNING
        if not running.exists():
            return None
        printed = running.read_text("utf-8", errors="replace")
        ended = _last_lines(self.log_file)
        text = f"{printed or 'It ended without a word.'}\n\nThe log's last lines:\n{ended}"
        path = self._archive(running, text)
        return CrashReport(path, text, bool(printed))

    def _archive(self, running: Path, text: str | None = None) -> Path:
        """Keep a run's report under its date; the oldest ones make room."""
        moment = datetime.fromtimestamp(running.stat().st_mtime)
        path = self.folder / f"crash-{moment:%Y%m%d-%H%M%S-%f}.txt"
        os.replace(running, path)
        if text is not None:
            path.write_text(text, "utf-8")
        for old in self.reports()[_REPORTS_KEPT:]:
            old.unlink()
        return path


def folder_of(library: Library) -> Path:
    """Return where a library's log and reports lie."""
    return library.root / "logs"


def system() -> dict[str, str]:
    """Describe versions and the machine, without anybody's name."""
    import importlib.metadata  # takes a while, and only a bundle needs it

    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "missing"
    return {
        "DiTAR Studio": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
        "frozen": str(getattr(sys, "frozen", False)),
        **versions,
    }


def write_bundle(
    path: Path, diagnostics: Diagnostics, library: Library, extra: Mapping[str, str] | None = None
) -> None:
    """Write a bundle for a bug report: versions, numbers, logs and reports, scrubbed.

    Names of users, voices and projects, texts, transcripts, notes and paths are taken out.

    Args:
        extra: further facts by name, as the audio devices; scrubbed too.

    Raises:
        StudioError: it cannot be written.
    """
    scrubber = Scrubber(_private(library), [library.root])
    facts = {**system(), **_numbers(library), **(extra or {})}
    logs = [diagnostics.log_file, *sorted(diagnostics.folder.glob("ditar-studio.log.*"))]
    with (
        files.replacing(path, private=True) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        facts_text = json.dumps(facts, indent=1, ensure_ascii=False)
        archive.writestr("facts.json", scrubber.scrub(facts_text))
        for file in [*logs, *failure_log.kept_logs(), *diagnostics.reports()]:
            if file.exists():
                text = file.read_text("utf-8", errors="replace")
                archive.writestr(file.name, scrubber.scrub(text))


def _private(library: Library) -> Iterable[str]:
    """Gather everything private in a library."""
    for voice in library.voices.all():
        if not voice.built_in:
            yield voice.name
        yield from (voice.note, voice.consent, *voice.tags)
        yield from (sample.transcript for sample in voice.samples if not voice.built_in)
    for project in library.projects.all():
        yield project.name
        yield from (line.text for line in library.lines.of_project(project.id))
        yield from (line.speaker for line in library.lines.of_project(project.id))
        for take in library.takes.of_project(project.id):
            yield from (take.text, take.note)
    yield from (item.name for item in library.bin.contents())


def _numbers(library: Library) -> dict[str, str]:
    """Return how large the library is, and whether its database is whole."""
    projects = library.projects.all()
    size = sum(file.stat().st_size for file in library.root.rglob("*") if file.is_file())
    return {
        "voices": str(len(library.voices.all())),
        "projects": str(len(projects)),
        "takes": str(sum(len(library.takes.of_project(project.id)) for project in projects)),
        "library size in MB": f"{size / 1e6:.1f}",
        "database": library.check(),
    }


def _last_lines(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200 * _LAST_LINES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LAST_LINES:])
