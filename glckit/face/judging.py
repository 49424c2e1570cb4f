"""Validating and scoring runs from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from glckit.face.comparing import interval_scored
from glckit.face.given import AnyRun, Ids, Path, ids_of, run_of, species_of, truth_of
from scoring.score import Score, Scored
from submissions.arguments import is_path
from submissions.reading.piped import repeatable
from submissions.requirements import Requirements, metrics_asked
from submissions.scores import score as score_run
from submissions.species import NamesOnDemand
from submissions.tables import Truth, TruthSets, read_occurrence_ids
from submissions.validation import Validation
from submissions.validation import validate as validate_run

__all__ = ["score", "validate"]


def validate(
    run: AnyRun,
    *,
    test: Ids | None = None,
    train: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    k: int = 30,
    allow_missing: bool = False,
    metrics: str | Sequence[str] = (),
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
        Rows allowed per occurrence.
    k : int, default 30
        Species per occurrence of the metrics, for the warnings.
    allow_missing : bool, default False
        Whether missing occurrences are a warning only.
    metrics : sequence of str, optional
        What the run is to be scored by, as for `score`: other metrics, other warnings.

    Returns
    -------
    Validation
        All faults, and the checks that could not be made.

    Raises
    ------
    UsageError
        If there is no such metric; all unknown ones are named.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.
    """
    species = repeatable(species) if is_path(species) else species
    requirements = Requirements(
        test_ids=ids_of(test, read_occurrence_ids),
        train_ids=ids_of(train, read_occurrence_ids),
        species_ids=species_of(species),
        names=NamesOnDemand(species if is_path(species) else None),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
        metrics=metrics_asked(metrics),
    )
    return validate_run(run_of(run), requirements)


@overload
def score(
    run: AnyRun,
    truth: Path | Truth,
    *,
    metrics: tuple[()] = ...,
    k: int = ...,
    test: Ids | None = ...,
    species: Path | NDArray[np.integer] | None = ...,
    max_rows: int | None = ...,
    allow_missing: bool = ...,
    ci: bool = ...,
    places: Path | Sequence[Path] | None = ...,
) -> Score: ...


@overload
def score(
    run: AnyRun,
    truth: Path | Truth | TruthSets,
    *,
    metrics: str | Sequence[str],
    k: int = ...,
    test: Ids | None = ...,
    species: Path | NDArray[np.integer] | None = ...,
    max_rows: int | None = ...,
    allow_missing: bool = ...,
    ci: bool = ...,
    places: Path | Sequence[Path] | None = ...,
) -> Scored: ...


def score(
    run: AnyRun,
    truth: Path | Truth | TruthSets,
    *,
    metrics: str | Sequence[str] = (),
    k: int = 30,
    test: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    allow_missing: bool = False,
    ci: bool = False,
    places: Path | Sequence[Path] | None = None,
) -> Scored:
    """Score a run by adaptive top-K and top-K accuracy, or by metrics of other editions.

    Parameters
    ----------
    run : path-like, Run or DenseRun
        A run file, or what `read_run` made of it.
    truth : path-like, Truth or TruthSets
        The true species of each occurrence.
    metrics : sequence of str, optional
        ``adaptive-top-k``, ``top-k``, ``top-k-error``, ``mrr``, ``f1-samples`` or ``f1-micro``; the first
        one ranks. The last two take several true species per occurrence; the others only one.
    k : int, default 30
        Species per occurrence.
    test : path-like, sequence of path-like, or ndarray of int, optional
        Occurrence tables or ids, if the truth covers only some of the test set; pairs of the others are
        dropped before the threshold is fitted.
    species, max_rows, allow_missing
        As for `validate`.
    ci : bool, default False
        Whether the score says how sure it is: `intervals` by metric, from quadrats of the occurrences.
    places : path-like or sequence of path-like, optional
        For `ci`, where the occurrences are; see `compare`.

    Returns
    -------
    Score or Scored
        `scores` by metric, each with a signature, and `to_frame` for a row for each occurrence. Where each
        occurrence has one true species, it is a `Score`, which has both metrics of 2020 whatever was asked
        for.

    Raises
    ------
    UsageError
        If there is no such metric; all unknown ones are named.
    InvalidRunError
        If the run has errors; its `validation` has them all.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table; or if the truth has several species
        for an occurrence and a metric takes only one.

    Examples
    --------
    >>> from scoring.sets import TrueSets
    >>> from scoring.sparse import Pairs
    >>> from submissions.run import Run
    >>> run = Run("a", np.array([7]), Pairs(np.array([0, 2]), np.array([1, 2]), np.array([0.7, 0.3])))
    >>> truth = TruthSets(np.array([7, 8]), TrueSets(np.array([0, 2, 3]), np.array([1, 4, 2])))
    >>> score(run, truth, metrics=["f1-samples", "f1-micro"], allow_missing=True).scores
    {'f1-samples': 0.25, 'f1-micro': 0.4}
    """
    requirements = Requirements(
        test_ids=ids_of(test, read_occurrence_ids),
        species_ids=species_of(species),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
        metrics=metrics_asked(metrics),
    )
    read, species_of_all = run_of(run), truth_of(truth, sets=requirements.of_sets)
    scored = score_run(read, species_of_all, requirements)
    return interval_scored(read, species_of_all, scored, (places, truth, test)) if ci else scored
