"""Makes the pictures of the README: the real studio at work, in both themes, sizes and scalings.

    python packaging/screenshots.py [FOLDER]     all pictures, into resources/screenshots by default

The window is the program's own; the library is made for the occasion. So that no model has to be
trained to make a picture, lines are "spoken" by cutting the sample voices into patches; pass
--model to speak with the built-in model.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"1280x800": (1280, 800), "1920x1080": (1920, 1080)}
SCRIPT = (
    ("Emma", "The lamps along the harbour wall came on one after another."),
    ("Michael", "You are late. The last boat left an hour ago."),
    ("Emma", "Then we shall have to wait for the morning, and the morning is far away."),
    ("Kathleen", "Nobody waits for the morning here; it comes whether you want it or not."),
    ("Emma", "She laughed, and the wind took the rest of what she said."),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "resources" / "screenshots")
    parser.add_argument("--model", action="store_true", help="speak with the built-in model")
    parser.add_argument("--theme", choices=["light", "dark"])
    parser.add_argument("--language", default="en", help="code of the interface's language")
    parser.add_argument("--scale", type=int, choices=[1, 2])
    parser.add_argument("--only", default="", help="names of pictures, separated by commas")
    options = parser.parse_args()
    if options.theme:
        Photographer(options).run()
        return
    for theme in ("light", "dark"):
        for scale in (1, 2):
            environment = {
                **os.environ,
                "QT_SCALE_FACTOR": str(scale),
                "QT_QPA_PLATFORM": "offscreen",
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(ROOT),
            }
            again = [sys.executable, __file__, *sys.argv[1:], "--theme", theme]
            subprocess.run([*again, "--scale", str(scale)], check=True, env=environment)


class Photographer:
    """Sets the scene and takes the pictures of one theme at one scaling."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.only = set(filter(None, options.only.split(",")))
        options.folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        with tempfile.TemporaryDirectory() as home:
            for kind in ("DATA", "CONFIG", "CACHE", "STATE"):
                os.environ[f"XDG_{kind}_HOME"] = home
            self._stage(Path(home))
            self._scene()
            self._shoot()
            self.shell.close()

    def _stage(self, home: Path) -> None:
        sys.path[:0] = [str(ROOT / "tests" / "support")]
        from quiet_studio import FixedRegistry, SilentMicrophone, SilentPlayer

        from ditar_studio.engine.load import ModelRegistry
        from ditar_studio.ui.kit.preferences import PreferenceFile
        from ditar_studio.ui.shell.application import make_application
        from ditar_studio.ui.shell.shell import Shell
        from ditar_studio.ui.shell.studio import Backends, Studio

        self.app = make_application(["ditar-studio"])
        preferences = PreferenceFile(home / "settings.json")
        preferences.change(
            theme=self.options.theme, language=self.options.language, first_run_done=True
        )
        self.shell = Shell(self.app, preferences)
        made: list[Studio] = []
        backends = Backends(
            ModelRegistry if self.options.model else SampleShelf,
            SilentPlayer,
            SilentMicrophone,
            FixedRegistry(),
            lambda take, reference: None,
            lambda take, by: None,
        )
        self.shell.opened.connect(
            lambda library: made.append(Studio(self.shell, library, backends))
        )
        self.shell.start()
        self.wait(lambda: bool(made))
        self.studio = made[0]
        self.studio.start()
        self.wait(lambda: self.studio.document.snapshot is not None)
        self.wait(lambda: self.studio.engine.info is not None)

    def _scene(self) -> None:
        from ditar_studio.store.project import NewLine

        studio, document = self.studio, self.studio.document
        assert document.snapshot is not None
        project = document.snapshot.project.id
        ids = {voice.name.split()[0]: voice.id for voice in document.snapshot.voices}
        library = studio.library
        lines = [NewLine(text, voice_id=ids.get(name)) for name, text in SCRIPT]
        document.submit(library.projects.rename, project, "Harbour, chapter one")
        document.submit(library.lines.replace_all, project, lines)
        self.wait(lambda: len(studio.script.lines) == len(SCRIPT))
        wanted = [line.id for line in studio.script.lines]
        self._speak(tuple(wanted[:4]))
        studio.parameters.set("temperature", 0.62)
        self._speak((wanted[2],), 2)
        studio.script.select(wanted[2])
        self.wait(lambda: len(studio.takes.shown) >= 3)
        studio.takes.select((studio.takes.shown[1].id,))
        studio.takes.toggle_star(studio.takes.shown[1].id)
        studio.takes.set_note(studio.takes.shown[0].id, "warmer, keep the pause")
        studio.script.edit(wanted[3], SCRIPT[3][1].replace("; it", ", it"))
        studio.script.flush()
        self._speak((wanted[0], wanted[1], wanted[2]))
        studio.script.select(wanted[2])
        studio.playback.player.seek(4.1)
        studio.playback.pause()
        self.settle()

    def _speak(self, line_ids: tuple[str, ...], count: int = 1) -> None:
        engine = self.studio.engine
        engine.speak(line_ids, count)
        self.wait(lambda: engine.speaking)
        self.wait(lambda: not engine.speaking)
        self.settle()

    def _shoot(self) -> None:
        from ditar_studio.assets import asset
        from ditar_studio.ui.kit.places import Place
        from ditar_studio.ui.kit.widgets.command_palette import CommandPalette
        from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

        window, shell = self.shell.window, self.shell
        for name, size in SIZES.items():
            window.resize(*size)
            self.settle()
            self.studio.script_panel.setFocus()
            self.settle()
            self.take(f"studio-{name}", window)
        if self.options.scale == 2:
            window.resize(960, 540)
            self.take("studio-960x540", window)
            return
        window.resize(*SIZES["1280x800"])
        window.show_place(Place.REFERENCE)
        self.studio.maker.open(asset("voices", "emma.flac"))
        self.wait(lambda: self.studio.maker.clip is not None)
        self.studio.reference_panel.words.setPlainText(
            "It is discouraging to note that the improvement of the last fifty years is almost "
            "wholly confined to Great Britain."
        )
        self.wait(lambda: self.studio.maker.verdict is not None)
        self.take("reference", window)
        window.show_place(Place.VOICES)
        palette = CommandPalette(shell.actions, window)
        palette.open()
        palette.field.setText("take")
        self.take("palette", window)
        palette.close()
        for name, dialog in self._dialogs(WelcomeDialog):
            dialog.show()
            self.take(name, dialog)
            dialog.close()

    def _dialogs(self, welcome: Callable[[], object]) -> list[tuple[str, object]]:
        from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
        from ditar_studio.ui.features.settings.dialog import SettingsDialog

        consent = ConsentDialog("Emma", self.shell.window)
        consent.choose_ground("permission")
        pages = [("welcome", welcome()), ("consent", consent)]
        if self.shell.settings_choices is not None:
            choices = self.shell.settings_choices()
            settings = SettingsDialog(self.shell.preferences, choices, page=1)
            pages.append(("settings", settings))
        return pages

    # --- the camera

    def take(self, name: str, widget: object) -> None:
        """Save a picture of `widget`."""
        if self.only and name not in self.only:
            return
        self.settle()
        path = self._path(name)
        widget.grab().save(str(path))  # type: ignore[attr-defined]
        print(path)

    def _path(self, name: str) -> Path:
        scale = "@2x" if self.options.scale == 2 else ""
        folder: Path = self.options.folder
        return folder / f"{name}-{self.options.theme}{scale}.png"

    def wait(self, holds: Callable[[], bool], seconds: float = 120.0) -> None:
        """Let the program run until `holds`."""
        from PySide6.QtCore import QDeadlineTimer, QEventLoop

        deadline = QDeadlineTimer(round(seconds * 1000))
        while not holds():
            if deadline.hasExpired():
                raise TimeoutError("the studio did not get there")
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)

    def settle(self) -> None:
        """Let the program answer what was asked of it."""
        from PySide6.QtCore import QElapsedTimer

        timer = QElapsedTimer()
        timer.start()
        self.wait(lambda: timer.elapsed() > 400)


class SampleShelf:
    """A "model" that says a stretch of a sample voice."""

    def __init__(self) -> None:
        from fake_model import FakeModel, FakeUtterance

        from ditar_studio.assets import asset
        from ditar_studio.audio.clips.files import read_clip
        from ditar_studio.engine.speech_model import PatchOutput
        from ditar_studio.engine.voice import VoiceCache

        clips = [
            read_clip(path).resample(24_000).samples
            for path in sorted(asset("voices").glob("*.flac"))
        ]

        class Utterance(FakeUtterance):
            def step(self) -> PatchOutput:
                sound = clips[self.pitch % len(clips)]
                at = self.made * 2400
                self.made += 1
                last = self.made >= self.expected_patches or at + 4800 > len(sound)
                return PatchOutput(sound[at : at + 2400].copy(), float(last))

        class Model(FakeModel):
            def begin(self, text, voice, settings, generator=None, lexicon=None):  # type: ignore[no-untyped-def]
                return Utterance(text, voice, settings, generator)

        self._model = Model(name="Built-in", weights_hash="5f0c" * 16)
        self._voices = VoiceCache(self._model)

    def get(self, _name: str | None = None) -> tuple[object, object]:
        return self._model, self._voices


if __name__ == "__main__":
    main()
