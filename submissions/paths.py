"""Paths in the words of a message."""

from __future__ import annotations

import os
from pathlib import Path


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path for people: relative to the current folder where it lies below that, else as it is.

    Examples
    --------
    >>> shown(Path.cwd() / "runs" / "rf.csv"), shown("rf.csv")
    ('runs/rf.csv', 'rf.csv')
    """
    given, here = Path(path), Path.cwd()
    return str(given.relative_to(here)) if given.is_relative_to(here) else os.fspath(path)
