"""The parameters: temperature first and largest, then what is moved less often."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.services.generation_settings import SettingValue
from ditar_studio.ui.features.parameters.presets import Preset
from ditar_studio.ui.features.parameters.view_model import MODES, Parameters, Scope
from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import (
    action_button,
    column,
    label,
    literal,
    quiet,
    row,
    scrolling,
)
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.fitting_button import FittingButton
from ditar_studio.ui.kit.widgets.number_field import NumberField
from ditar_studio.ui.kit.widgets.section import Section
from ditar_studio.ui.kit.widgets.toggle import Toggle
from ditar_studio.ui.kit.widgets.value_slider import ValueSlider


class ParametersPanel(QWidget):
    """Sliders for `Parameters`, within the bounds of the model in use."""

    def __init__(
        self, parameters: Parameters, actions: Actions, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.parameters = parameters
        self._sliders: dict[str, ValueSlider] = {}
        self._showing = False
        self.temperature = self._slider(
            "temperature",
            tr("Temperature"),
            tip=tr(
                "How freely it speaks: at 0 every reading is the same, at 1 each is as lively "
                "and as different as the model can make it."
            ),
            ends=(tr("steady"), tr("lively")),
        )
        self.guidance = self._slider(
            "guidance",
            tr("Guidance"),
            step=0.05,
            tip=tr("How strictly it keeps to the text and the voice; too much sounds pressed."),
        )
        self.steps = self._slider(
            "steps",
            tr("Steps"),
            step=1,
            tip=tr("Work put into each patch of sound; more is finer and slower."),
        )
        self.speed = self._slider(
            "speed",
            tr("Speed"),
            step=0.05,
            suffix="×",
            tip=tr(
                "Tempo, with the pitch kept: of what you hear and of what you export. Takes keep "
                "the tempo in which they were spoken."
            ),
        )
        self.candidates = self._slider(
            "candidates",
            tr("Candidates"),
            step=1,
            tip=tr(
                "How often each sentence is spoken; the model listens and keeps the best. With "
                "more than one, sound begins when the first sentence is complete."
            ),
        )
        self.verify = Toggle(tr("Listen to each sentence"))
        self.verify.setToolTip(
            tr("The model listens to what it says; words that differ are marked in the line.")
        )
        self.retries = self._slider(
            "retries",
            tr("Retries"),
            step=1,
            tip=tr(
                "How often a sentence is spoken anew by itself while words of it differ. With "
                "any, sound begins when the first sentence is complete."
            ),
        )
        self.seed = NumberField("9999999999")
        self.seed.setDecimals(0)
        self.seed.setRange(0, 2**53 - 1)
        self.seed.lineEdit().setTextMargins(0, 0, 6, 0)
        self.seed.setAccessibleName(tr("Seed"))
        tip = tr("The same seed with the same settings gives the same reading.")
        self.seed.setToolTip(tip)
        self.seed_words = label("", "caption", wrap=True)
        seed_name = label(tr("Seed"), "strong")
        seed_name.setToolTip(tip)
        seed_name.setBuddy(self.seed)
        self.mode = Choice(tr("Use of the voice"))
        self.style_text = QLineEdit()
        self.style_text.setAccessibleName(tr("Style"))
        self.style_text.setPlaceholderText(tr("e.g. warm and slow"))
        self._mode_row = QWidget()
        self._mode_row.setLayout(row(label(tr("Use of the voice"), "strong"), None, self.mode))
        self._style_row = QWidget()
        self._style_row.setLayout(
            column(label(tr("Style"), "strong"), self.style_text, spacing=Space.XS)
        )
        self.scope = Choice(
            tr("Parameters of"),
            tr("A voice, a paragraph or a line can have parameters of its own."),
        )
        for scope, words in (
            (Scope.PROJECT, tr("The whole project")),
            (Scope.VOICE, tr("The voice")),
            (Scope.BLOCK, tr("This paragraph")),
            (Scope.LINE, tr("This line")),
        ):
            self.scope.addItem(words, scope)
        self.scope.activated.connect(lambda i: parameters.choose_scope(self.scope.itemData(i)))
        self.scope_words = label("", "caption", wrap=True)
        self.pin_action = actions.action("speak.pin")
        self.presets_button = FittingButton((tr("Presets"), ""))
        self.presets_button.setIcon(icons.icon("sliders"))
        self.presets_button.setIconSize(QSize(20, 16))
        self.presets_menu = QMenu(self.presets_button)
        self.presets_menu.aboutToShow.connect(self._fill_presets)
        self.presets_button.setMenu(self.presets_menu)
        self._save_preset = actions.action("speak.preset")
        content = QWidget()
        finer = QWidget()
        finer.setLayout(
            column(
                self.guidance,
                self.steps,
                self.speed,
                self.candidates,
                self.verify,
                self.retries,
                row(
                    seed_name,
                    None,
                    action_button(actions.action("speak.dice"), 16),
                    quiet(action_button(self.pin_action, 16)),
                    self.seed,
                    spacing=Space.XS,
                ),
                self.seed_words,
                self._mode_row,
                self._style_row,
                spacing=Space.S,
            )
        )
        self.finer = Section(tr("Finer"), finer)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(Space.L, 0, Space.L, Space.M)
        layout.setSpacing(Space.M)
        layout.addWidget(self.scope)
        layout.addWidget(self.scope_words)
        layout.addWidget(self.temperature)
        layout.addWidget(self.finer)
        layout.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(content, self))
        self.seed.valueChanged.connect(lambda value: self._moved("seed", int(value)))
        self.verify.clicked.connect(lambda on: self._moved("verify", on))
        self.mode.activated.connect(lambda i: self._moved("mode", self.mode.itemData(i)))
        self.style_text.editingFinished.connect(
            lambda: self._moved("style", self.style_text.text().strip() or None)
        )
        parameters.changed.connect(self.refresh)
        self.refresh()

    def _slider(
        self,
        name: str,
        title: str,
        tip: str,
        step: float = 0.01,
        suffix: str = "",
        ends: tuple[str, str] | None = None,
    ) -> ValueSlider:
        """Make the slider of one of `NUMBERS`; one with words at its ends is a large one."""
        bounds, default = self.parameters.bounds(name), self.parameters.default(name)
        slider = ValueSlider(title, *bounds, default, step, tip, suffix, ends is not None, ends)
        slider.changed.connect(lambda value: self._moved(name, value))
        self._sliders[name] = slider
        return slider

    def tools(self, actions: Actions) -> list[QWidget]:
        """Return small widgets for the title line of the region."""
        return [self.presets_button, action_button(actions.action("speak.defaults"), 16)]

    def refresh(self) -> None:
        """Show the values and bounds as they are now."""
        self._showing = True
        p = self.parameters
        self.scope.setCurrentIndex(self.scope.findData(p.scope))
        self.scope_words.setText(self._whose())
        self.scope_words.setVisible(p.scope is not Scope.PROJECT)
        self.speed.setVisible(p.scope is Scope.PROJECT)
        for name, slider in self._sliders.items():
            slider.set_bounds(*p.bounds(name), p.default(name))
            slider.set_value(p.number(name))
        self.seed.setValue(p.seed)
        self.pin_action.setChecked(p.pinned)
        self.seed_words.setText(
            tr("Every take gets this seed.")
            if p.pinned
            else tr("A new seed for each take; this is the last one.")
        )
        hears = p.info is not None and p.info.can_verify
        several = p.number("candidates") > 1 or p.number("retries") > 0
        self.candidates.setVisible(hears)
        self.retries.setVisible(hears)
        self.verify.setVisible(hears)
        self.verify.setChecked(several or bool(p.value("verify")))
        self.verify.setEnabled(not several)
        modes = p.info.modes if p.info else ()
        self._mode_row.setVisible(bool(modes))
        if [self.mode.itemData(i) for i in range(1, self.mode.count())] != list(modes):
            self.mode.clear()
            self.mode.addItem(tr("As the voice allows"), None)
            for mode in modes:
                self.mode.addItem(tr(MODES[mode]) if mode in MODES else mode, mode)
        self.mode.setCurrentIndex(max(0, self.mode.findData(p.value("mode"))))
        self._style_row.setVisible(bool(p.info and p.info.supports_style))
        if not self.style_text.hasFocus():
            self.style_text.setText(str(p.value("style") or ""))
        self._showing = False

    def _whose(self) -> str:
        """Return what the parameters that are shown are for."""
        p = self.parameters
        match p.scope:
            case Scope.VOICE if p.voice is not None:
                return tr("For whatever {voice} speaks, in all projects.", voice=p.voice.name)
            case Scope.BLOCK if p.line is not None:
                return tr("For the paragraph of the selected line.")
            case Scope.LINE if p.line is not None:
                return tr("For the selected lines alone.")
            case _:
                return tr("For the whole project: no line is selected.")

    def _moved(self, name: str, value: SettingValue) -> None:
        if not self._showing:
            self.parameters.set(name, value)

    def _fill_presets(self) -> None:
        menu = self.presets_menu
        menu.clear()
        for preset in self.parameters.presets.all:
            action = menu.addAction(literal(preset.name) if preset.own else tr(preset.name))
            action.triggered.connect(lambda _on=False, p=preset: self._apply(p))
        menu.addSeparator()
        menu.addAction(self._save_preset)
        own = [preset for preset in self.parameters.presets.all if preset.own]
        if own:
            away = menu.addMenu(tr("Delete a preset"))
            for preset in own:
                action = away.addAction(literal(preset.name))
                action.triggered.connect(
                    lambda _on=False, n=preset.name: self.parameters.delete_preset(n)
                )

    def _apply(self, preset: Preset) -> None:
        self.parameters.apply_preset(preset)
