"""Reading, validating and scoring run files from Python."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scoring.score import Score
from submissions.reading.runs import read_run
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.scores import score as score_run
from submissions.tables import Truth, read_occurrence_ids, read_species, read_truth
from submissions.validation import Validation
from submissions.validation import validate as validate_run

__all__ = ["read_run", "read_truth", "score", "validate"]

Path = str | os.PathLike[str]
Ids = Path | Sequence[Path] | NDArray[np.integer]


def validate(
    run: Path | Run | DenseRun,
    *,
    test: Ids | None = None,
    train: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    k: int = 30,
    allow_missing: bool = False,
) -> Validation:
    """Find everything that is wrong with a run.

    Parameters
    ----------
    run : path-like, Run or DenseRun
        A run file, or what `read_run` made of it.
    test, train : path-like, sequence of path-like, or ndarray of int, optional
        Occurrence tables, or ids of occurrences.
    species : path-like or ndarray of int, optional
        Species table, or ids of species.
    max_rows : int, optional
        Rows allowed for an occurrence.
    k : int, default 30
        Species an occurrence of the metrics, for the warnings.
    allow_missing : bool, default False
        Whether missing occurrences are a warning only.

    Returns
    -------
    Validation
        All faults, and the checks that could not be made.

    Raises
    ------
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.
    """
    requirements = Requirements(
        test_ids=_ids(test),
        train_ids=_ids(train),
        species_ids=_species(species),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
    )
    return validate_run(_run(run), requirements)


def score(
    run: Path | Run | DenseRun,
    truth: Path | Truth,
    *,
    k: int = 30,
    test: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    allow_missing: bool = False,
) -> Score:
    """Score a run by adaptive top-K and top-K accuracy.

    Parameters
    ----------
    run : path-like, Run or DenseRun
        A run file, or what `read_run` made of it.
    truth : path-like or Truth
        The true species of each occurrence.
    k : int, default 30
        Species an occurrence.
    test : path-like, sequence of path-like, or ndarray of int, optional
        Occurrence tables or ids, if the truth covers only some of the test set; pairs of the others are
        dropped before the threshold is fitted.
    species, max_rows, allow_missing
        As for `validate`.

    Returns
    -------
    Score
        Both metrics, and `to_frame` for a row for each occurrence.

    Raises
    ------
    InvalidRunError
        If the run has errors; its `validation` has them all.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.
    """
    requirements = Requirements(
        test_ids=_ids(test),
        species_ids=_species(species),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
    )
    return score_run(_run(run), truth if isinstance(truth, Truth) else read_truth(truth), requirements)


def _run(run: Path | Run | DenseRun) -> Run | DenseRun:
    return run if isinstance(run, Run | DenseRun) else read_run(run)


def _ids(given: Ids | None) -> NDArray[np.integer] | None:
    if given is None or isinstance(given, np.ndarray):
        return given if given is None else np.unique(given)
    return read_occurrence_ids(given)


def _species(given: Path | NDArray[np.integer] | None) -> NDArray[np.integer] | None:
    if given is None or isinstance(given, np.ndarray):
        return given if given is None else np.unique(given)
    return read_species(given)
