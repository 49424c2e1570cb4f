"""The floor plan holds: imports run downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from floors import FLOORS, ROOT, modules


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    floor = FLOORS[path.relative_to(ROOT).parts[0]]
    for name in imported_names(path):
        assert FLOORS.get(name.split(".")[0], floor) <= floor, f"{path} imports {name}"


def test_modules_do_not_import_each_other_in_circles() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules()}
    ahead = {name: {each for each in imported_modules(path) if each in names} for name, path in names.items()}
    while leaves := {name for name, needs in ahead.items() if not needs}:
        ahead = {name: needs - leaves for name, needs in ahead.items() if name not in leaves}
    assert not ahead, f"circles among {sorted(ahead)}"


def imported_modules(path: Path) -> set[str]:
    """Return what a module imports at its top, names taken from a package being modules perhaps."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found
