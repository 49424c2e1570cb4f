"""What the functions of glckit are given: files, and what was read of them, taken alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from submissions.arguments import is_paths, the_ids, the_path
from submissions.reading.runs import read_run
from submissions.run import DenseRun, Run
from submissions.tables import Truth, TruthSets, read_species, read_truth, read_truth_sets

Path = str | os.PathLike[str]
AnyRun = Path | Run | DenseRun
Ids = Path | Sequence[Path] | Sequence[int] | NDArray[np.integer]

_FRAMES = (
    "Data frames and arrays of scores are taken by glckit.adaptive_top_k and glckit.top_k; "
    "write tables to a file, as with frame.to_csv(PATH, index=False)."
)


def path_of_run(given: Any, wanted: str = "A run file is named by its path") -> Path:
    """Return the path of a run; UsageError if it is none."""
    return the_path(given, wanted, hint=_FRAMES)


def run_of(given: AnyRun) -> Run | DenseRun:
    """Return a run, read if it is a path."""
    if isinstance(given, Run | DenseRun):
        return given
    return read_run(path_of_run(given, "A run is the path of a file, or what read_run made of it"))


def runs_of(given: Any) -> list[Run | DenseRun]:
    """Return some runs, or a single one as a list of itself."""
    return [run_of(each) for each in (given if isinstance(given, list | tuple) else [given])]


@overload
def truth_of(given: Path | Truth, *, sets: Literal[False]) -> Truth: ...


@overload
def truth_of(given: Path | Truth | TruthSets, *, sets: bool) -> Truth | TruthSets: ...


def truth_of(given: Path | Truth | TruthSets, *, sets: bool) -> Truth | TruthSets:
    """Return a truth, read if it is a path, with sets of species if these are wanted."""
    if isinstance(given, Truth | TruthSets):
        return given
    path = the_path(given, "A truth is the path of a table, or what read_truth made of it", hint=_FRAMES)
    return read_truth_sets(path) if sets else read_truth(path)


def ids_of(given: Ids | None, read: Callable[[Any], NDArray[np.integer]]) -> NDArray[np.integer] | None:
    """Return ids, read if these are paths of tables."""
    if given is None:
        return None
    return read(given) if is_paths(given) else the_ids(given, "Ids are paths of tables, or whole numbers")


def species_of(given: Path | NDArray[np.integer] | None) -> NDArray[np.integer] | None:
    """Return ids of species, read if this is the path of a table."""
    return ids_of(given, lambda path: read_species(the_path(path, "The species are one table")))
