"""Scoring a run against the truth, after checking it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of
from scoring.dense import score_dense
from scoring.metrics.mrr import MRR
from scoring.outcomes import SetOutcomes
from scoring.score import Score, Scored
from scoring.sets import TrueSets, score_dense_sets, score_sets
from scoring.sparse import Pairs, score_sparse
from scoring.uncertainty.estimate import Estimate, Resampled
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling
from submissions.errors import CannotCheckError
from submissions.ordering import is_among, positions_among
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.tables import Truth, TruthSets
from submissions.validation import InvalidRunError, Validation, check, validate, with_budget

ScoredT = TypeVar("ScoredT", bound=Scored)

# Of a matrix, as many times the pairs above the threshold are held as replicates may need.
_HELD = 2


@dataclass(frozen=True)
class Evaluation:
    """What a run is worth: its validation, and its score if it is valid."""

    validation: Validation
    score: Scored | None


def evaluate(
    run: Run | DenseRun,
    truth: Truth | TruthSets,
    requirements: Requirements | None = None,
    *,
    n_threads: int = 1,
) -> Evaluation:
    """Check a run and score it if it is valid; `n_threads` share a matrix.

    Without test ids, the occurrences of the truth are the test set. Pairs of test occurrences without a
    truth are dropped before the threshold is fitted. The score of a `Truth` is a `Score`.

    Raises
    ------
    CannotCheckError
        If a metric wants one species per occurrence and the truth has several.
    """
    requirements = requirements or Requirements()
    if isinstance(truth, TruthSets) and not requirements.of_sets:
        truth = truth.single()
    if requirements.test_ids is None:
        requirements = replace(requirements, test_ids=truth.ids)
    validation = check(run, requirements)
    if not validation.valid:
        return Evaluation(validate(run, requirements), None)
    scored = (
        _score_matrix(run, truth, requirements, n_threads)
        if isinstance(run, DenseRun)
        else score_lists(run, truth, requirements.k)
    )
    scored = replace(scored, truth_digest=truth.digest, metrics=requirements.metrics)
    if requirements.compares_scores and isinstance(scored, Score):
        budget = budget_of(requirements.k, len(truth))
        validation = with_budget(validation, scored.unused_budget, budget)
    return Evaluation(validation, scored)


@overload
def score(run: Run | DenseRun, truth: Truth, requirements: Requirements | None = None) -> Score: ...


@overload
def score(
    run: Run | DenseRun, truth: Truth | TruthSets, requirements: Requirements | None = None
) -> Scored: ...


def score(run: Run | DenseRun, truth: Truth | TruthSets, requirements: Requirements | None = None) -> Scored:
    """Score a valid run; see `evaluate`.

    Raises
    ------
    InvalidRunError
        If the run has errors; the error carries the whole validation.
    CannotCheckError
        If a metric wants one species per occurrence and the truth has several.
    """
    evaluation = evaluate(run, truth, requirements)
    if evaluation.score is None:
        raise InvalidRunError(evaluation.validation)
    return evaluation.score


def largest_pairs(run: Run | DenseRun, truth: Truth | TruthSets, scored: Scored) -> LargestPairs | None:
    """Return the pairs that a threshold can depend on; None if no metric of a score fits one."""
    if not any(metric.fits_threshold for metric in scored.metrics):
        return None
    if isinstance(run, Run):
        return LargestPairs.of_lists(*_of_truth(run, truth), len(truth))
    rows, n_held = _lookup(truth.ids, run.occurrence_ids), _HELD * budget_of(scored.k, len(truth))
    return LargestPairs.of_matrix(run.scores, rows, n_held=n_held)


def resampled(scored: Scored, sampling: Sampling, pairs: LargestPairs | None) -> Resampled:
    """Return a score in every replicate, with the threshold fitted again where there is one.

    Raises
    ------
    CannotCheckError
        If so many scores of a matrix tie that their largest cannot be held.
    """
    try:
        return Resampled.of(scored, sampling, pairs)
    except ValueError as error:
        raise CannotCheckError(
            f"Too many scores of the matrix tie: {error}.",
            "Convert it to lists first: glckit convert MATRIX RUN.csv --max-rows 150",
        ) from error


def estimated(
    run: Run | DenseRun, truth: Truth | TruthSets, requirements: Requirements, *, sampling: Sampling
) -> Estimate:
    """Return how sure the score of a valid run is, by the metric that ranks; errors as those of `score`."""
    scored = score(run, truth, requirements)
    return resampled(scored, sampling, largest_pairs(run, truth, scored)).estimate(scored.metrics[0])


def with_intervals(scored: ScoredT, sure: Resampled) -> ScoredT:
    """Return a score that says how sure it is by each of its metrics."""
    return replace(scored, intervals={each.name: sure.estimate(each).interval() for each in scored.metrics})


def _of_truth(run: Run, truth: Truth | TruthSets) -> tuple[Pairs, NDArray[np.intp]]:
    """Return the lists of the occurrences that have a truth, and where these stand in it."""
    positions, in_truth = positions_among(run.occurrence_ids, truth.ids)
    pairs = run.pairs if in_truth.all() else run.pairs.select(np.flatnonzero(in_truth))
    return pairs, positions[in_truth]


def score_lists(run: Run, truth: Truth | TruthSets, k: int) -> Scored:
    """Score a valid run of lists by the metrics of 2020, to which others may then be added."""
    pairs, positions = _of_truth(run, truth)
    if isinstance(truth, TruthSets):
        scored = _of_sets(score_sets(pairs, truth.sets, positions), truth, k)
    else:
        by_rank = run.rank_decides
        scored = _labelled(score_sparse(pairs, truth.species, positions, k=k, by_rank=by_rank), truth)
    return replace(scored, n_dropped=run.n_pairs - len(pairs.scores))


def _score_matrix(
    run: DenseRun, truth: Truth | TruthSets, requirements: Requirements, n_threads: int
) -> Scored:
    rows, k = _lookup(truth.ids, run.occurrence_ids), requirements.k
    if isinstance(truth, TruthSets):
        columns = TrueSets(truth.sets.offsets, _lookup(truth.sets.species, run.species_ids))
        scored = _of_sets(score_dense_sets(run.scores, columns, rows), truth, k)
    else:
        labels, ties = _lookup(truth.species, run.species_ids), MRR in requirements.metrics
        dense = score_dense(run.scores, labels, k=k, rows=rows, n_threads=n_threads, all_ties=ties)
        scored = _labelled(dense, truth)
    return replace(scored, n_dropped=_n_dropped(run, truth.ids))


def _n_dropped(run: DenseRun, ids: NDArray[np.integer]) -> int:
    others = np.flatnonzero(~is_among(run.occurrence_ids, ids))
    return sum(int(np.count_nonzero(run.scores[row] > -np.inf)) for row in others.tolist())


def _labelled(scored: Score, truth: Truth) -> Scored:
    return replace(scored, per_occurrence=replace(scored.per_occurrence, labels=truth.species, ids=truth.ids))


def _of_sets(outcomes: SetOutcomes, truth: TruthSets, k: int) -> Scored:
    return Scored(k, -math.inf, replace(outcomes, ids=truth.ids))


def _lookup(ids: NDArray[np.integer], among: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return where each id stands among others in any order, -1 if it is not there."""
    order = np.argsort(among)
    positions, found = positions_among(ids, among[order])
    return np.where(found, order[positions], -1)
