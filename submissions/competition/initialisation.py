"""Writing the configuration of a competition folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submissions.competition.settings import FILE_NAME, Competition
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically
from submissions.printable import printable

# What is looked for, by setting. Those of a list are several files.
_WANTED = {
    "truth": "truth.csv",
    "test": ["occurrences_*_test.csv"],
    "train": ["occurrences_*_train.csv"],
    "species": "species_metadata.csv",
    "rasters": "rasters",
    "patches": ["patches_*"],
    "archives": "archives",
}
# Archives may lie in the folder itself, where they are found without a setting.
_ARCHIVES = "patches_*.tar*"


def initialise(folder: Path, *, force: bool = False) -> tuple[Path, list[tuple[str, str]]]:
    """Write a ``competition.toml`` for the organizers' files in a folder.

    Returns
    -------
    path : Path
        The file.
    found : list of (str, str)
        What was looked for, and where it is; an empty text if it is not there.

    Raises
    ------
    CannotCheckError
        If there is no such folder.
    UsageError
        If there is a ``competition.toml`` already and `force` is false, or nothing else.
    """
    if not folder.is_dir():
        raise CannotCheckError(f"{folder} is not a folder.")
    path = folder / FILE_NAME
    if path.exists() and not force:
        raise UsageError(f"{path} is there already.", "Give --force to replace it.")
    found = find_files(folder)
    if not any(found.values()) and not any(folder.glob(_ARCHIVES)):
        patterns = [pattern if isinstance(pattern, str) else pattern[0] for pattern in _WANTED.values()]
        wanted = ", ".join([*patterns, _ARCHIVES])
        raise UsageError(
            f"{printable(folder)} has none of the organizers' files ({wanted}), so nothing was written.",
            "Name the folder that has them.",
        )
    with written_atomically(path, new=not force) as temporary:
        temporary.write_text(competition_toml(found), encoding="utf-8")
    return path, [(key, each if isinstance(each, str) else ", ".join(each)) for key, each in found.items()]


def find_files(folder: Path) -> dict[str, Any]:
    """Return the organizers' files that are in a folder, relative to it, by the names of their settings."""

    def names(pattern: str) -> list[str]:
        return sorted(path.name for path in folder.glob(pattern))

    found = {
        key: _first(names(pattern)) if isinstance(pattern, str) else names(pattern[0])
        for key, pattern in _WANTED.items()
    }
    return found | {"patches": [name for name in found["patches"] if (folder / name).is_dir()]}


def competition_toml(found: Mapping[str, Any], *, name: str = Competition.name) -> str:
    """Return the text of a ``competition.toml`` for paths by setting; empty ones are left out.

    Examples
    --------
    >>> print(competition_toml({"test": ["occurrences_fr_test.csv"], "rasters": "rasters"}))
    [competition]
    name = "GeoLifeCLEF 2020"
    k = 30
    test = ["occurrences_fr_test.csv"]
    <BLANKLINE>
    [data]
    rasters = "rasters"
    patch_size = 256
    <BLANKLINE>
    """
    competition = ["truth", "test", "train", "species"]
    data = ["rasters", "patches", "archives"]
    lines = ["[competition]", f"name = {json.dumps(name)}", f"k = {Competition.k}"]
    lines += [f"{key} = {json.dumps(found[key])}" for key in competition if found.get(key)]
    lines += ["", "[data]"]
    lines += [f"{key} = {json.dumps(found[key])}" for key in data if found.get(key)]
    return "\n".join([*lines, "patch_size = 256", ""])


def _first(names: list[str]) -> str:
    return names[0] if names else ""
