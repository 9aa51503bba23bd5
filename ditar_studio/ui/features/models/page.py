"""The part of the settings in which models are fetched, checked, moved and removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from ditar_studio.services.download import Progress
from ditar_studio.services.models import Installed
from ditar_studio.services.offers import Offer
from ditar_studio.ui.features.models.view_model import ModelManager
from ditar_studio.ui.kit.dialogs.ask import ConfirmDialog
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_folder
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import duration, number, sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, column, icon_button, label, row, set_progress
from ditar_studio.ui.kit.widgets.settings_rows import group, setting

BUILT_IN = "builtin"


class ModelsPage(QWidget):
    """The page of models: those that are here, those that can be fetched, and the one in memory.

    Args:
        manager: does it all.
        preferences: whose `model` is the one in use.
        in_memory: whether a model is loaded.
        unload: frees its memory; `load` brings it back.
    """

    def __init__(
        self,
        manager: ModelManager,
        preferences: PreferenceFile,
        in_memory: Callable[[], bool],
        unload: Callable[[], object],
        load: Callable[[], object],
    ) -> None:
        super().__init__()
        self.manager = manager
        self._preferences = preferences
        self._in_memory, self._unload, self._load = in_memory, unload, load
        self.bar: QProgressBar | None = None
        self.words = label("", "small")
        self.words.setAccessibleName("")
        self._shown = QWidget()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._shown)
        manager.changed.connect(self.fill)
        manager.progressed.connect(self._show_progress)
        self.destroyed.connect(preferences.listen(lambda _value: self.fill()))
        self.fill()
        manager.refresh()

    def fill(self, _state: object = None) -> None:
        """Show everything as it is now."""
        manager = self.manager
        here = [self._here(model) for model in manager.installed]
        here.append(
            setting(
                tr("From a folder"),
                tr(
                    "Uses a model that is on this computer already, e.g. VoxCPM weights, where it "
                    "is. Models are read as data; no code in them is run."
                ),
                button(tr("Choose a folder…"), self._choose, icon="folder"),
            )
        )
        here.append(self._memory())
        layout = column(
            group(tr("Models on this computer"), *here),
            *(
                [group(tr("To download"), *map(self._offer, manager.offers))]
                if manager.offers
                else []
            ),
            spacing=Space.L,
        )
        self.bar = None if not manager.downloading else self.bar
        shown = QWidget()
        shown.setLayout(layout)
        self._layout.replaceWidget(self._shown, shown)
        shown.show()
        self._shown.hide()
        self._shown.deleteLater()
        self._shown = shown

    # --- rows

    def _here(self, model: Installed) -> QVBoxLayout:
        used = self._preferences.value.model == str(model.path)
        free = not self.manager.busy
        name, path = model.name, str(model.path)
        use = button(tr("In use") if used else tr("Use"), lambda: self._use(path))
        use.setEnabled(not used)
        use.setAccessibleName(tr("Use {model}", model=name))
        tools = [
            icon_button("check", tr("Check the files of {model}", model=name), self._verify(name)),
            icon_button("folder", tr("Move {model}", model=name), lambda: self._move(model)),
            icon_button(
                "trash",
                tr("Take {model} off the list", model=name)
                if model.linked
                else tr("Delete {model}", model=name),
                lambda: self._remove(model),
            ),
        ]
        for tool in tools:
            tool.setEnabled(free)
        controls = QWidget()
        parts = [tool for tool in tools if tool is not tools[1] or not model.linked]
        controls.setLayout(row(*parts, use, spacing=Space.XS))
        size = amount(model.bytes)
        words = (
            tr("{size}, in {folder}", size=size, folder=path)
            if model.verified or model.linked
            else tr("{size}, not verified, in {folder}", size=size, folder=path)
        )
        return setting(
            name, tr("Being worked on…") if self.manager.busy == name else words, controls
        )

    def _offer(self, offer: Offer) -> QVBoxLayout:
        manager, name, title = self.manager, offer.name, sentence(offer.title)
        if manager.downloading == name:
            return setting(title, "", self._running(), below=True)
        have = manager.begun.get(name, 0)
        about = {
            "size": amount(offer.about_bytes),
            "licence": offer.licence,
            "place": manager.host(offer),
        }
        words = (
            tr("{size}, {licence}, from {place}", **about)
            if offer.verified
            else tr("{size}, {licence}, from {place}, not verified", **about)
        )
        start = button(tr("Download"), lambda: manager.download(name), icon="download")
        start.setAccessibleName(tr("Download {model}", model=title))
        start.setEnabled(not manager.busy)
        controls = QWidget()
        if not have:
            controls.setLayout(row(start))
            return setting(title, words, controls)
        start.setText(tr("Go on"))
        away = icon_button("trash", tr("Delete {model}", model=title))
        away.clicked.connect(lambda _on=False: manager.remove(name))
        away.setEnabled(not manager.busy)
        controls.setLayout(row(away, start, spacing=Space.XS))
        words = tr("{have} of {size} are here.", have=amount(have), size=amount(offer.about_bytes))
        return setting(title, words, controls)

    def _running(self) -> QWidget:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the download"))
        self.words = label(tr("Asking for the files…"), "small")
        stop = button(tr("Stop"), self.manager.cancel, icon="stop")
        stop.setAccessibleName(tr("Stop the download"))
        box = QWidget()
        box.setLayout(column(self.bar, row(self.words, None, stop), spacing=Space.XS))
        return box

    def _memory(self) -> QVBoxLayout:
        loaded = self._in_memory()
        self.memory: QPushButton = button(
            tr("Unload from memory") if loaded else tr("Load"),
            self._unload if loaded else self._load,
            icon="chip",
        )
        return setting(
            tr("The model in use"),
            tr("It takes memory while it is loaded; speaking needs it.")
            if loaded
            else tr("It is not in memory; speaking needs it."),
            self.memory,
        )

    # --- doing

    def _verify(self, name: str) -> Callable[[], object]:
        return lambda: self.manager.verify(name)

    def _use(self, folder: str) -> None:
        self._preferences.change(model=folder)

    def _choose(self) -> None:
        ask_for_folder(self, tr("Folder of a model"), self.manager.add)

    def _move(self, model: Installed) -> None:
        def move(folder: Path) -> None:
            self._leave(model)
            self.manager.move(model.name, folder)

        ask_for_folder(self, tr("Where to keep the model"), move)

    def _remove(self, model: Installed) -> None:
        """Ask, unless only a folder of the user's own is to leave the list."""

        def remove() -> None:
            self._leave(model)
            self.manager.remove(model.name)

        if model.linked:
            remove()
            return
        dialog = ConfirmDialog(
            tr("Delete {model}?", model=model.name),
            tr("{size} are deleted, and would have to be downloaded again.",
               size=amount(model.bytes)),
            tr("Delete"),
            self.window(),
        )  # fmt: skip
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(remove)
        dialog.open()

    def _leave(self, model: Installed) -> None:
        """Go back to the built-in model if it is this one that is in use."""
        if self._preferences.value.model == str(model.path):
            self._preferences.change(model=BUILT_IN)

    def _show_progress(self, progress: Progress) -> None:
        if self.bar is None:
            return
        set_progress(self.bar, round(1000 * progress.done / max(1, progress.total)))
        words = tr("{have} of {size}", have=amount(progress.done), size=amount(progress.total))
        if progress.seconds_left is not None:
            words = tr("{amount}, {left} left", amount=words, left=duration(progress.seconds_left))
        self.words.setText(f"{progress.file}: {words}")


def amount(count: int) -> str:
    """Write bytes in words, e.g. "1.61 GB"."""
    if count >= 1e9:
        return f"{number(count / 1e9, 2)} GB"
    return f"{number(count / 1e6, 0)} MB" if count >= 1e6 else f"{number(count / 1e3, 0)} kB"
