"""The public names, their signatures, and that importing them costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import ditar_studio as ds

NAMES = [
    "Audio",
    "AudioStream",
    "GenerationSettings",
    "Model",
    "StudioError",
    "Voice",
    "Word",
    "__version__",
    "load_model",
    "speak",
    "stream",
    "voice_names",
]
MEMBERS = {
    "Audio": {
        *("samples", "rate", "warnings", "words", "recipe", "seconds"),
        *("load", "join", "save", "encode"),
    },
    "AudioStream": {"rate", "warnings", "words", "stopped", "stop", "close", "collect", "joined"},
    "Model": {
        *("name", "rate", "languages", "modes", "settings"),
        *("voice", "stream", "speak", "voice_async", "speak_async"),
    },
    "Word": {"text", "start", "seconds"},
    "Voice": {"name", "reference", "of", "transcript", "fine_tuned"},
}
PARAMETERS = {
    "load_model": ["name", "precision", "threads"],
    "speak": ["text", "voice", "settings", "pronunciations", "changes"],
    "stream": ["text", "voice", "settings", "pronunciations", "changes"],
    "voice_names": [],
}


def test_the_public_names_are_these() -> None:
    assert ds.__all__ == NAMES
    assert set(NAMES) <= set(dir(ds))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = ds.nonsense


@pytest.mark.parametrize("name", MEMBERS)
def test_their_members_are_these(name: str) -> None:
    kind = getattr(ds, name)
    fields = set(getattr(kind, "__dataclass_fields__", ()))
    own = {member for member in vars(kind) if not member.startswith("_")}
    if name == "AudioStream":
        fields = {"rate"}
    assert own | fields == MEMBERS[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_their_parameters_are_these(name: str) -> None:
    assert list(inspect.signature(getattr(ds, name)).parameters) == PARAMETERS[name]


def test_everything_public_is_documented() -> None:
    for name in NAMES:
        value = getattr(ds, name)
        if callable(value):
            assert inspect.getdoc(value), name
    for name, members in MEMBERS.items():
        kind = getattr(ds, name)
        for member in members & set(vars(kind)) - set(getattr(kind, "__dataclass_fields__", ())):
            assert inspect.getdoc(getattr(kind, member)), (name, member)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, ditar_studio; "
        "heavy = {'numpy', 'torch', 'soundfile', 'platformdirs'} & set(sys.modules); "
        "own = {m for m in sys.modules if m.startswith('ditar_studio.')}; "
        "own -= {'ditar_studio.version'}; "
        "assert not heavy and not own, (heavy, own); "
        "ditar_studio.load_model; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(ds.__file__).parent / "py.typed").is_file()
