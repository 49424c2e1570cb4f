"""What the names of runs say: their format, and where a mended copy belongs."""

from __future__ import annotations

import itertools
import os
import shlex
from pathlib import PurePath

#: What the name of a written run ends in, besides the .npy of a matrix.
SUFFIXES = (".csv", ".txt", ".gz", ".zst", ".zip", ".parquet")
#: The name that stands for standard input.
STDIN = "-"


def conversion_of(run: str) -> str:
    """Return the command that converts a run into a new file beside it.

    Examples
    --------
    >>> conversion_of("my runs/cnn.csv.gz")
    "glckit convert 'my runs/cnn.csv.gz' 'my runs/cnn.mended.csv.gz'"
    >>> conversion_of("run.xlsx"), conversion_of("-")
    ('glckit convert run.xlsx run.mended.csv', 'glckit convert - run.mended.csv')
    """
    stem, suffixes = _divided("run" if run == STDIN else run)
    numbers = itertools.chain([""], itertools.count(2))
    names = (f"{stem}.mended{number}{suffixes}" for number in numbers)
    free = next(name for name in names if not os.path.lexists(name))
    return f"glckit convert {_quoted(run)} {_quoted(free)}"


def _divided(path: str) -> tuple[str, str]:
    """Divide a path before the suffixes that say its format, or that of text where none is written so."""
    last = PurePath(path).suffix
    stem = path.removesuffix(last)
    if last not in SUFFIXES:
        return stem, ".csv"
    if last not in (".gz", ".zst"):
        return stem, last
    inner = PurePath(stem).suffix
    return stem.removesuffix(inner), (inner or ".csv") + last


def _quoted(path: str) -> str:
    return shlex.quote(f"./{path}" if path.startswith("-") and path != STDIN else path)
