"""The compiled grower with a fault put in, not compiled, for tests of what would notice it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from baselines.forest.growth import building

_FOLDER = Path(building.__file__).parent
_MODULES = ("structures", "sorting", "splitting", "building")
_PLAIN = "def compiled(function):\n    return function\n\ncompiled_and_kept = compiled\n"


def put_in(
    monkeypatch: pytest.MonkeyPatch, folder: Path, faults: dict[str, str], *, module: str = "splitting"
) -> None:
    """Let trees grow by a copy of the grower in which each text of a module is replaced by another."""
    package = folder / "mutant"
    package.mkdir()
    for name in _MODULES:
        text = (_FOLDER / f"{name}.py").read_text().replace("baselines.forest.growth.", "mutant.")
        for old, new in faults.items() if name == module else ():
            assert old in text, f"{old!r} is not in {name}.py any more"
            text = text.replace(old, new)
        (package / f"{name}.py").write_text(text)
    (package / "compiling.py").write_text(_PLAIN)
    monkeypatch.syspath_prepend(folder)
    for name in [name for name in sys.modules if name.split(".")[0] == "mutant"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(building, "grow", importlib.import_module("mutant.building").grow)
