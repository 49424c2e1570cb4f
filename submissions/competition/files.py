"""Finding the folder of a competition: by flags, the environment, the current folder, or where a run lies."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from submissions.competition.settings import FILE_NAME, Competition, read_competition
from submissions.errors import UsageError


def find_competition(runs: Iterable[str] = ()) -> Competition:
    """Return the competition of ``GLCKIT_COMPETITION``, else of the current folder, else of some runs.

    That of a folder or a run is the nearest ``competition.toml`` in its folder or above.

    Raises
    ------
    CannotCheckError
        If ``GLCKIT_COMPETITION`` names no readable file; see `read_competition`.
    UsageError
        If the current folder has none, and the runs belong to different ones.
    """
    file = _named_file() or _nearest(Path.cwd()) or _of_all(runs)
    return Competition.without_settings(Path()) if file is None else read_competition(file)


def competition_of(data: Path | None = None) -> Competition:
    """Return the competition of a folder of data: ``--data``, ``GLCKIT_DATA``, or that of the current one.

    A folder that is named has the settings of its own ``competition.toml``, or none.
    """
    found, folder = find_competition(), data or _named("GLCKIT_DATA")
    if folder is None or (found.file and folder == found.folder):
        return found
    file = folder / FILE_NAME
    return read_competition(file) if file.is_file() else Competition.without_settings(folder)


def competition_at(path: Path | None) -> Competition:
    """Return the competition of a folder or a ``competition.toml``; of the environment or here if None."""
    if path is None:
        return find_competition()
    return read_competition(path) if path.is_file() else competition_of(path)


def competition_above(paths: Iterable[Path]) -> Competition | None:
    """Return the competition above the first of some files and folders that has one; None if none has."""
    folders = (path.parent if path.is_file() else path for path in paths)
    file = _named_file() or next(filter(None, map(_nearest, folders)), None)
    return None if file is None else read_competition(file)


def settings_above(paths: Iterable[Path]) -> Competition:
    """Return the competition above some files and folders; one of the usual settings if none has one."""
    return competition_above(paths) or Competition.without_settings(Path())


def truth_of_environment() -> Path | None:
    """Return the truth that ``GLCKIT_TRUTH`` names, which wins over that of the competition."""
    return _named("GLCKIT_TRUTH")


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _named_file() -> Path | None:
    """Return the file that ``GLCKIT_COMPETITION`` names, by its own name or by that of its folder."""
    path = _named("GLCKIT_COMPETITION")
    return path / FILE_NAME if path is not None and path.is_dir() else path


def _of_all(runs: Iterable[str]) -> Path | None:
    """Return the configuration above all runs that are files, None if there is none."""
    found = {run: _nearest(Path(run).parent) for run in runs if _is_file(run)}
    different = dict.fromkeys(found.values())
    if len(different) > 1:
        places = "; ".join(f"{run}: {file or 'none'}" for run, file in found.items())
        raise UsageError(
            f"The runs do not belong to one competition ({places}).",
            "Set GLCKIT_COMPETITION to the folder of one, or check the runs one by one.",
        )
    return next(iter(different), None)


def _is_file(run: str) -> bool:
    try:
        return Path(run).is_file()
    except (OSError, ValueError):  # no path at all: reading it says so
        return False


def _nearest(start: Path) -> Path | None:
    own = Path(os.path.realpath(start))  # Path.resolve fails for loops of links
    folders = (own, *own.parents)
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
