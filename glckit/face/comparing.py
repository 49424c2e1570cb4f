"""How sure scores are, and whether one run is better than another, from Python."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glckit.face.given import AnyRun, Ids, Path, ids_of, run_of, truth_of
from scoring.uncertainty.comparison import Comparison
from scoring.uncertainty.comparison import compare as compare_estimates
from scoring.uncertainty.sampling import N_REPLICATES, SEED, Sampling
from submissions.arguments import is_paths, the_paths
from submissions.errors import UsageError
from submissions.places import units_of_truth
from submissions.requirements import Requirements, metrics_asked
from submissions.run import DenseRun, Run
from submissions.scores import ScoredT, estimated, largest_pairs, resampled, with_intervals
from submissions.tables import Truth, TruthSets, read_occurrence_ids

__all__ = ["compare"]


def compare(
    runs: Sequence[AnyRun],
    truth: Path | Truth | TruthSets,
    *,
    metric: str = "adaptive-top-k",
    k: int = 30,
    test: Ids | None = None,
    places: Path | Sequence[Path] | None = None,
    allow_missing: bool = False,
    replicates: int = N_REPLICATES,
    seed: int = SEED,
) -> Comparison:
    """Compare runs by a metric: scores with intervals, tests of all pairs, and rank sets.

    Parameters
    ----------
    runs : sequence of path-like, Run or DenseRun
        Two or more run files, or what `read_run` made of them.
    truth : path-like, Truth or TruthSets
        The true species of each occurrence.
    metric : str, default "adaptive-top-k"
        See `score`.
    k : int, default 30
        Species per occurrence.
    test : path-like, sequence of path-like, or ndarray of int, optional
        As for `score`.
    places : path-like or sequence of path-like, optional
        Tables with the coordinates of all occurrences of the truth (``id``, ``lat``, ``lon``); by default the
        file of the truth, else those of the test set. Without any, occurrences count as independent, which
        makes differences too sure.
    replicates, seed : int
        Of the bootstrap.

    Returns
    -------
    Comparison
        `runs` in the order of rank and `pairs`; `to_frame` and `pairs_to_frame` for data frames.

    Raises
    ------
    UsageError
        If there are fewer than two runs, or no such metric.
    InvalidRunError
        If a run has errors.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.

    Notes
    -----
    docs/uncertainty.md has the method and how often it is right.
    """
    if len(runs) < 2:
        raise UsageError("A comparison takes two runs or more.")
    metrics = metrics_asked((metric,))
    requirements = Requirements(
        test_ids=ids_of(test, read_occurrence_ids), k=k, allow_missing=allow_missing, metrics=metrics
    )
    species = truth_of(truth, sets=requirements.of_sets)
    sampling = sampling_of(species.ids, (places, truth, test), n_replicates=replicates, seed=seed)
    read = [run_of(each) for each in runs]
    estimates = [estimated(run, species, requirements, sampling=sampling) for run in read]
    return compare_estimates([run.path for run in read], estimates)


def interval_scored(
    run: Run | DenseRun, truth: Truth | TruthSets, scored: ScoredT, tables: Sequence[object]
) -> ScoredT:
    """Return a score with its intervals; see `sampling_of` for the tables."""
    sure = resampled(scored, sampling_of(truth.ids, tables), largest_pairs(run, truth, scored))
    return with_intervals(scored, sure)


def sampling_of(
    ids: NDArray[np.int64],
    given: Sequence[object],
    *,
    n_replicates: int = N_REPLICATES,
    seed: int = SEED,
) -> Sampling:
    """Return the replicates of a truth, in quadrats by the first tables among some arguments with places."""
    tables = [the_paths(each, "Places stand in tables") for each in given if is_paths(each)]
    units = units_of_truth(ids, *tables).units
    return Sampling.of(units, n_replicates=n_replicates, seed=seed)
