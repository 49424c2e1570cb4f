"""Scoring a run against the truth, after checking it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of
from scoring.dense import score_dense
from scoring.score import Score
from scoring.sparse import score_sparse
from submissions.ordering import is_among, positions_among
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.tables import Truth
from submissions.validation import InvalidRunError, Validation, check, validate, with_budget


@dataclass(frozen=True)
class Evaluation:
    """What a run is worth: its validation, and its score if it is valid."""

    validation: Validation
    score: Score | None


def evaluate(
    run: Run | DenseRun, truth: Truth, requirements: Requirements | None = None, *, n_threads: int = 1
) -> Evaluation:
    """Check a run and score it if it is valid; `n_threads` share a matrix.

    Without test ids, the occurrences of the truth are the test set. Pairs of test occurrences without a
    truth are dropped before the threshold is fitted.
    """
    requirements = requirements or Requirements()
    if requirements.test_ids is None:
        requirements = replace(requirements, test_ids=truth.ids)
    validation = check(run, requirements)
    if not validation.valid:
        return Evaluation(validate(run, requirements), None)
    score = (
        _score_matrix(run, truth, requirements.k, n_threads)
        if isinstance(run, DenseRun)
        else _score_lists(run, truth, requirements.k)
    )
    budget = budget_of(requirements.k, len(truth))
    return Evaluation(with_budget(validation, score.unused_budget, budget), score)


def score(run: Run | DenseRun, truth: Truth, requirements: Requirements | None = None) -> Score:
    """Score a valid run; see `evaluate`.

    Raises
    ------
    InvalidRunError
        If the run has errors; the error carries the whole validation.
    """
    evaluation = evaluate(run, truth, requirements)
    if evaluation.score is None:
        raise InvalidRunError(evaluation.validation)
    return evaluation.score


def _score_lists(run: Run, truth: Truth, k: int) -> Score:
    positions, in_truth = positions_among(run.occurrence_ids, truth.ids)
    pairs = run.pairs if in_truth.all() else run.pairs.select(np.flatnonzero(in_truth))
    scored = score_sparse(pairs, truth.species, positions[in_truth], k=k)
    return _labelled(scored, truth, n_dropped=run.n_pairs - len(pairs.scores))


def _score_matrix(run: DenseRun, truth: Truth, k: int, n_threads: int) -> Score:
    columns = _lookup(truth.species, run.species_ids)
    rows = _lookup(truth.ids, run.occurrence_ids)
    scored = score_dense(run.scores, columns, k=k, rows=rows, n_threads=n_threads)
    others = np.flatnonzero(~is_among(run.occurrence_ids, truth.ids))
    n_dropped = sum(int(np.count_nonzero(run.scores[row] > -np.inf)) for row in others.tolist())
    return _labelled(scored, truth, n_dropped=n_dropped)


def _labelled(scored: Score, truth: Truth, *, n_dropped: int) -> Score:
    per_occurrence = replace(scored.per_occurrence, labels=truth.species, ids=truth.ids)
    return replace(scored, per_occurrence=per_occurrence, n_dropped=n_dropped, truth_digest=truth.digest)


def _lookup(ids: NDArray[np.integer], among: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return where each id stands among others in any order, -1 if it is not there."""
    order = np.argsort(among)
    positions, found = positions_among(ids, among[order])
    return np.where(found, order[positions], -1)
