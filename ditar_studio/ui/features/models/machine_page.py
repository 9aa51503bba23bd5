"""The page of the settings about this computer: what speaks here, how fast, and why."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from ditar_studio.services.machine import Machine, Remark, Speed, cores, examine, remarks
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, number, sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.messages import tone_icon
from ditar_studio.ui.kit.widgets.settings_rows import group, setting

_NAMES = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}

Measure = Callable[[Callable[[Speed | None], object]], bool]
"""Measures the speed and gives it to its argument, None if that failed; False if not now."""


class MachinePage(QWidget):
    """Shows the computer, its threads and precision, and the speed that was measured.

    Args:
        bridge: looks at the computer in the background.
        preferences: threads and precision.
        measure: see `Measure`.
    """

    def __init__(self, bridge: Bridge, preferences: PreferenceFile, measure: Measure) -> None:
        super().__init__()
        self._measure = measure
        self._machine: Machine | None = None
        self._speed: Speed | None = None
        value = preferences.value
        self.about = label(tr("Looking at this computer…"), "small", wrap=True)
        self.threads = Choice(tr("CPU threads"))
        self.threads.addItem(tr("Automatic"), 0)
        for count in range(1, cores() + 1):
            self.threads.addItem(str(count), count)
        self.threads.setCurrentIndex(max(0, self.threads.findData(value.threads)))
        self.threads.activated.connect(
            lambda _i: preferences.change(threads=self.threads.currentData())
        )
        self.precision = Choice(tr("Precision"))
        for words, key in (
            (tr("Automatic"), ""),
            (tr("fp32 – exact"), "fp32"),
            (tr("bf16 – half the memory"), "bf16"),
            (tr("int8 – a quarter of the memory"), "int8"),
        ):
            self.precision.addItem(words, key)
        self.precision.setCurrentIndex(max(0, self.precision.findData(value.precision)))
        self.precision.activated.connect(
            lambda _i: preferences.change(precision=self.precision.currentData())
        )
        self.measure_button = button(tr("Measure"), self._start, icon="speed")
        self.measure_button.setAccessibleName(tr("Measure the speed"))
        self.speed = label(
            tr("A test sentence tells how fast speech is made here."), "small", wrap=True
        )
        self._devices = QVBoxLayout()
        self._devices.setSpacing(Space.S)
        self._remarks = QVBoxLayout()
        self._remarks.setSpacing(Space.S)
        listed = QWidget()
        listed.setLayout(self._remarks)
        places = QWidget()
        places.setLayout(self._devices)
        whole = column(
            group(tr("This computer"), _padded(self.about)),
            group(
                tr("Speed"),
                _padded(row(self.speed, None, self.measure_button)),
                _padded(column(listed)),
            ),
            group(
                tr("How models run"),
                setting(
                    tr("CPU threads"),
                    tr("More threads than free cores make it slower. Takes effect at once."),
                    self.threads,
                ),
                setting(
                    tr("Precision"),
                    tr("Of VoxCPM models; the built-in one is exact anyway."),
                    self.precision,
                ),
            ),
            group(tr("Where models can run"), _padded(column(places))),
            spacing=Space.L,
        )
        self.setLayout(whole)
        bridge.background(examine, done=self._show, failed=lambda _error: None, owner=self)

    def _show(self, machine: Machine) -> None:
        self._machine = machine
        parts = [machine.processor, counted("{count} core", "{count} cores", machine.cores)]
        if machine.memory is not None:
            parts.append(tr("{size} GB of memory", size=number(machine.memory, 1)))
        if machine.free_memory is not None:
            parts.append(tr("{size} GB free", size=number(machine.free_memory, 1)))
        parts.append(
            counted("models take {count} thread", "models take {count} threads", machine.threads)
        )
        self.about.setText(" · ".join(parts))
        for device in machine.devices:
            mark = tone_icon("success" if device.usable else "info", 14)
            name = _NAMES.get(device.name, device.name)
            words = label(f"{name}: {sentence(device.reason)}", "small", wrap=True)
            line = row(mark, words, spacing=Space.S)
            line.setStretch(1, 1)
            self._devices.addLayout(line)
        self._show_remarks()

    def _show_remarks(self) -> None:
        if self._machine is None:
            return
        while (item := self._remarks.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        for remark in remarks(self._machine, self._speed):
            self._remarks.addWidget(_remark(remark))

    def _start(self) -> None:
        if self._measure(lambda speed: self._measured(speed) if isValid(self) else None):
            self.measure_button.setEnabled(False)
            self.speed.setText(tr("A test sentence is being spoken…"))
        else:
            self.speed.setText(tr("The model is busy or not loaded. Try again in a moment."))

    def _measured(self, speed: Speed | None) -> None:
        self.measure_button.setEnabled(True)
        self._speed = speed
        if speed is None:
            self.speed.setText(tr("The test sentence could not be spoken."))
            return
        self.speed.setText(
            tr(
                "Speech is made {factor} times as fast as it is heard; the first sound came "
                "after {seconds} s.",
                factor=number(speed.factor, 1),
                seconds=number(speed.first_sound, 2),
            )
        )
        self._show_remarks()


def _padded(inside: QWidget | QLayout) -> QVBoxLayout:
    """Put something on a card with the margins of a setting."""
    made = column(inside)
    made.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
    return made


def _remark(remark: Remark) -> QWidget:
    made = QWidget()
    words = column(label(sentence(remark.message), "small", wrap=True), spacing=0)
    if remark.remedy:
        words.addWidget(label(sentence(remark.remedy), "caption", wrap=True))
    line = row(spacing=Space.S)
    line.addWidget(tone_icon(remark.tone, 14))
    line.addLayout(words, 1)
    made.setLayout(line)
    return made
