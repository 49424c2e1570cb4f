"""Finding the folder of a competition: by flags, the environment, and the current folder, in this order."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from submissions.competition.settings import FILE_NAME, Competition, read_competition


def find_competition() -> Competition:
    """Return the competition of ``GLCKIT_COMPETITION``, or of the current folder or its nearest parent.

    A `CannotCheckError` is raised if ``GLCKIT_COMPETITION`` names no readable file; see `read_competition`.
    """
    file = _named("GLCKIT_COMPETITION") or _nearest(Path.cwd())
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


def competition_above(paths: Iterable[Path]) -> Competition | None:
    """Return the competition above the first of some files and folders that has one; None if none has."""
    folders = (path.parent if path.is_file() else path for path in paths)
    file = _named("GLCKIT_COMPETITION") or next(filter(None, map(_nearest, folders)), None)
    return None if file is None else read_competition(file)


def truth_of_environment() -> Path | None:
    """Return the truth that ``GLCKIT_TRUTH`` names, which wins over that of the competition."""
    return _named("GLCKIT_TRUTH")


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _nearest(start: Path) -> Path | None:
    own = Path(os.path.realpath(start))  # Path.resolve fails for loops of links
    folders = (own, *own.parents)
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
