"""The compiled kernels are loaded where they can be, and missed with a reason elsewhere."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from ditar_studio.inference.kernels import library, structs

ROOT = Path(__file__).parents[3]
ADD = """
#include <immintrin.h>
int add(int a, int b) {
    __m256i sum = _mm256_add_epi32(_mm256_set1_epi32(a), _mm256_set1_epi32(b));
    return _mm256_extract_epi32(sum, 5);
}
"""


def _script() -> ModuleType:
    path = ROOT / "packaging" / "compile_kernels.py"
    spec = importlib.util.spec_from_file_location("compile_kernels", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compile_kernels = _script()
compiles = pytest.mark.skipif(
    not (compile_kernels.wanted() and compile_kernels.system_compiler()),
    reason="no C compiler for x86-64 is installed here",
)

suitable = pytest.mark.skipif(not library.suitable(), reason="this processor has no AVX2")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the loader looks, on a processor that has what kernels need."""
    path = tmp_path / compile_kernels.LIBRARY.name
    monkeypatch.setattr(library, "_PATH", path)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    library._load.cache_clear()
    yield path
    library._load.cache_clear()


def test_both_sides_mean_the_same_file_and_sources() -> None:
    assert library._PATH == ROOT / compile_kernels.LIBRARY
    if library._PATH.exists():
        assert library._is_outdated() is not compile_kernels.is_current(ROOT)


@suitable
def test_this_installation_has_its_kernels() -> None:
    assert library.missing() == "", "run: python packaging/compile_kernels.py"


def test_without_a_library_there_are_no_kernels(place: Path) -> None:
    assert library.kernels() is None
    assert "not compiled" in library.missing()


def test_a_broken_library_is_none(place: Path) -> None:
    place.write_bytes(b"\x7fELF and no more")
    assert library.kernels() is None
    assert "can't be loaded" in library.missing()


def test_a_library_of_other_sources_is_not_loaded(place: Path) -> None:
    place.touch()
    place.with_name("some.h").write_text("// changed since")
    assert library.kernels() is None
    assert "other sources" in library.missing()


def test_nothing_is_compiled_when_kernels_are_missed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert library.kernels() is None


@suitable
@pytest.mark.skipif(bool(library.missing()), reason=f"no compiled kernels: {library.missing()}")
@pytest.mark.parametrize("change", ["version", "size", "count"])
def test_a_library_of_another_layout_is_not_loaded(
    place: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    shutil.copyfile(ROOT / compile_kernels.LIBRARY, place)
    assert library.kernels() is not None
    version, first, *rest = structs.expected()
    other = {
        "version": [version + 1, first, *rest],
        "size": [version, first + 8, *rest],
        "count": [version, first, *rest[1:]],
    }[change]
    monkeypatch.setattr(structs, "expected", lambda: other)
    library._load.cache_clear()
    assert library.kernels() is None
    assert "another version" in library.missing()


def test_other_processors_have_no_kernels(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    place.touch()
    assert library.kernels() is None
    assert "AVX2" in library.missing()


@compiles
@suitable
def test_what_is_compiled_is_loaded_once(place: Path) -> None:
    source = place.with_name("add.txt")
    source.write_text(ADD)
    abi = [str(ROOT / compile_kernels.SOURCES / "abi.c"), "-x", "c"]
    compile_kernels.compile_library([*map(Path, abi), source], place)
    found = library.kernels()
    assert found is not None
    assert found.add(40, 2) == 42
    assert library.kernels() is found
    assert library.missing() == ""
    assert sorted(place.parent.iterdir()) == [source, place]


@compiles
def test_what_does_not_compile_leaves_no_library(tmp_path: Path) -> None:
    (tmp_path / compile_kernels.SOURCES).mkdir(parents=True)
    old = tmp_path / compile_kernels.LIBRARY
    old.write_bytes(b"of other sources")
    source = old.with_name("broken.c")
    source.write_text("int broken(void) { return nothing; }\n")
    assert "error" in compile_kernels.compile_in_place(tmp_path)
    assert list(old.parent.iterdir()) == [source]


def test_a_compiler_that_does_not_work_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "nonsense --wrapped")
    assert compile_kernels.system_compiler() == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(compile_kernels.CompileError, match="no C compiler"):
        compile_kernels.compile_library([tmp_path / "any.c"], tmp_path / "any.so")
