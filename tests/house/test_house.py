"""The floor plan holds: imports run downwards only."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from floors import FLOORS, ROOT, modules

ROOMS = sorted({path.parent for path in modules()})


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


def test_no_class_name_stands_twice() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_family_of_modules_is_a_folder(room: Path) -> None:
    names = names_in(room)
    folders = [path.name for path in room.iterdir() if (path / "__init__.py").is_file()]
    beside = [name for name in names for folder in folders if name != folder and name.startswith(folder)]
    assert beside == [], "a module named after the folder beside it belongs into that folder"
    families = {
        name[:n_letters]: family
        for name in names
        for n_letters in range(5, len(name) + 1)
        if len(family := [other for other in names if other.startswith(name[:n_letters])]) > 2
    }
    assert families == {}, "modules that share the beginning of their names are a folder"


@pytest.mark.parametrize(("room", "most"), [("glckit", 10), ("baselines/integrity", 14)])
def test_a_room_has_few_doors(room: str, most: int) -> None:
    names = [name for name in names_in(ROOT / room) if name != "__init__"]
    assert len(names) <= most, sorted(names)


def names_in(room: Path) -> list[str]:
    """Return the names of the modules and packages of a room."""
    modules_and_packages = [*room.glob("*.py"), *(path.parent for path in room.glob("*/__init__.py"))]
    return sorted(path.stem for path in modules_and_packages)
