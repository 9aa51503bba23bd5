"""What the frozen program is to be made of can be found, each by its name, before it is made."""

from __future__ import annotations

import runpy
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PyInstaller.building.utils import format_binaries_and_datas

from ditar_studio.audio.clips.resample import import_torchaudio
from ditar_studio.ui.kit.translate import LANGUAGES

ROOT = Path(__file__).parents[2]
PROGRAM = "ditar_studio"
KERNELS = Path(PROGRAM, "inference", "kernels")
MODULES = ["torch._inductor.scheduler", "torch._inductor.config", "torch.testing._utils", PROGRAM]
LIBRARIES = {"kernels.so", "kernels.dylib", "kernels.dll"}


class Analysis(SimpleNamespace):
    """Takes what PyInstaller's own does, and looks the files up as that does.

    Attributes:
        datas, binaries, pure: (place in the program, file, kind).
        hiddenimports, excludes: names of modules.
        module_collection_mode: how modules are packed, by their names.
        used: whether a file is wanted; set when the whole spec was read.
    """

    scripts = ()

    def __init__(self, scripts: list[str], **given: Any) -> None:
        super().__init__(**given)
        self.pure = [(name, "", "PYMODULE") for name in MODULES]
        assert all(Path(script).is_file() for script in scripts)
        for name, kind in [("datas", "DATA"), ("binaries", "BINARY")]:
            found = format_binaries_and_datas(given[name])  # ends the process where one is missing
            setattr(self, name, sorted((place, file, kind) for place, file in found))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    place = tmp_path_factory.mktemp("work")

    def ignore(*_: Any, **__: Any) -> None:
        """In place of what writes the program."""

    known = {"SPECPATH": str(ROOT / "packaging"), "Analysis": Analysis, "workpath": str(place)}
    known |= dict.fromkeys(("PYZ", "EXE", "COLLECT", "BUNDLE"), ignore)
    found = runpy.run_path(str(ROOT / "packaging" / "pyinstaller.spec"), known)
    analysis = found["analysis"]
    assert isinstance(analysis, Analysis)
    analysis.used = found["used"]
    return analysis


def test_all_modules_are_there(spec: Analysis) -> None:
    import_torchaudio()  # which may need help, and is imported by looking for parts of it
    assert [name for name in spec.hiddenimports if find_spec(name) is None] == []
    sources = (ROOT / PROGRAM).rglob("*.py")
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources}
    assert {name.removesuffix(".__init__") for name in names} <= set(spec.hiddenimports)


def test_the_program_has_its_data(spec: Analysis) -> None:
    places = {Path(place) for place, _, _ in spec.datas}
    data = Path("gruut_lang_en")
    assert {data / name for name in ("lexicon.db", "g2p/model.crf", "pos/model.crf")} <= places
    resources = Path(PROGRAM, "resources")
    assert {resources / "icons/app.svg", resources / "voices/voices.json"} <= places
    assert not any(place.is_relative_to(resources / "models/dev") for place in places)
    reported = {place.parts[0].partition("-")[0].lower() for place in places}
    assert {"ditar_studio", "gruut_lang_en", "pyside6_essentials", "torch"} <= reported


def test_qt_speaks_the_languages_of_the_interface(spec: Analysis) -> None:
    for language in LANGUAGES:
        assert spec.used((f"PySide6/Qt/translations/qtbase_{language}.qm", "", "DATA"))
    assert not spec.used(("PySide6/Qt/translations/qtbase_ja.qm", "", "DATA"))


def test_the_program_has_its_kernels(spec: Analysis) -> None:
    built = {file.name for file in (ROOT / KERNELS).glob("kernels.*")} & LIBRARIES
    found = {Path(place) for place, _, _ in spec.binaries}
    assert {KERNELS / name for name in built} <= found


def test_of_torchs_compiler_what_optimisers_import_is_kept(spec: Analysis) -> None:
    assert [name for name, _, _ in spec.pure] == MODULES[1:]


def test_torch_has_what_it_reads_when_it_is_imported(spec: Analysis) -> None:
    sources = {name for name, how in spec.module_collection_mode.items() if how == "pyz+py"}
    needed = {"torch.distributed.config", "torch._inductor.config", "torch.nn.functional"}
    assert needed <= sources
    assert spec.used(("torch/_inductor/config.py", "", "DATA"))
    assert spec.used(("torch/nn/functional.py", "", "DATA"))
    assert spec.used(("torch/nn/modules/rnn.py", "", "DATA"))
    assert spec.used(("torch/jit/__init__.py", "", "DATA"))
    assert not spec.used(("torch/nn/modules/linear.py", "", "DATA"))
    assert all(find_spec(name) is not None for name in sources)
    place = "torch/bin/torch_shm_manager"
    assert spec.used((place, "", "BINARY"))
    assert not spec.used(("torch/bin/protoc", "", "BINARY"))
