"""Scoring a matrix of scores, occurrences by species, in one pass and little memory.

The threshold needs the K N + 1 largest of all N C scores. A pool keeps the candidates: whatever lies
above a lower bound. The bound begins a little below what a sample of rows suggests, and rises to the
(K N + 1)-th largest score so far when the pool is full; should the sample have suggested too much, the
pass is made again without it. Rows are visited in a seeded random order, so that the number of scores
that ever enter the pool does not depend on how the rows are sorted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.adaptive import budget_of, check_k, nth_largest
from scoring.outcomes import PerOccurrence
from scoring.pool import Pool
from scoring.score import Score
from scoring.standing import standing

# Rows of a block are compared while they are in cache; of a stretch, read one after the other.
_BLOCK_BYTES = 1 << 20
_BLOCKS_PER_STRETCH = 8
# The sample that the first bound is guessed from: 130 of the 42,405 rows of the challenge.
_SAMPLED_SCORES = 1 << 22


class Rows(Protocol):
    """A matrix whose rows can be had by slice or index: an array, a memory map, a wrapped tensor."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_rows, n_classes)."""

    def __getitem__(self, rows: slice | NDArray[np.intp], /) -> NDArray[np.floating]:
        """Return some rows."""


def score_dense(
    scores: Rows,
    labels: ArrayLike,
    *,
    k: int = 30,
    rows: NDArray[np.intp] | None = None,
    n_threads: int = 1,
    all_ties: bool = False,
) -> Score:
    """Score a matrix of scores against the true classes; ties of top-K are broken by column.

    Parameters
    ----------
    scores : array-like of float16, float32 or float64 of shape (n_rows, n_classes)
        The scores; -inf stands for a pair that is not predicted. A memory map is never copied.
    labels : array-like of int of shape (n_occurrences,)
        True class of each occurrence, an index of columns; -1 for a class that is no column.
    k : int, default 30
        Species per occurrence.
    rows : ndarray of int of shape (n_occurrences,), optional
        The row of each occurrence, -1 if it has none; by default row i is occurrence i.
    n_threads : int, default 1
        Threads that share the rows.
    all_ties : bool, default False
        Whether ties are counted for each occurrence, as the mean reciprocal rank needs them; a top-K needs
        only those of the K best.

    Raises
    ------
    ValueError
        If shapes do not fit, a label is outside the classes, a score is NaN, or there is no row.

    Examples
    --------
    >>> score = score_dense(np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]]), [0, 2], k=1)
    >>> score.threshold, score.adaptive_top_k, score.top_k
    (0.3, 0.5, 0.5)
    """
    labels = _checked_labels(scores, labels, rows)
    scan = _Scan(scores, labels, rows, k=check_k(k), all_ties=all_ties)
    threshold = scan.run(n_threads, scan.guess())
    if threshold is None:  # the guess was too high: too few scores lie above it
        threshold = scan.run(n_threads, -math.inf)
    assert threshold is not None
    return Score(k, threshold, scan.per_occurrence(threshold))


def _checked_labels(scores: Rows, labels: ArrayLike, rows: NDArray[np.intp] | None) -> NDArray[np.integer]:
    if len(scores.shape) != 2:
        raise ValueError(f"scores must have two dimensions, not shape {tuple(scores.shape)}")
    checked = np.asarray(labels)
    if checked.ndim != 1 or not len(checked):
        raise ValueError(f"labels must be a list of at least one class, not shape {checked.shape}")
    if not np.issubdtype(checked.dtype, np.integer):
        raise ValueError(f"labels must be integers, not {checked.dtype}")
    n_rows = scores.shape[0] if rows is None else len(rows)
    if n_rows != len(checked):
        raise ValueError(f"{n_rows} rows of scores but {len(checked)} labels")
    lowest = 0 if rows is None else -1
    outside = (checked < lowest) | (checked >= scores.shape[1])
    if outside.any():
        raise ValueError(f"label {checked[outside][0]} is outside the {scores.shape[1]} classes")
    return checked


class _Scan:
    """One pass over a matrix, shared by threads."""

    def __init__(
        self,
        scores: Rows,
        labels: NDArray[np.integer],
        rows: NDArray[np.intp] | None,
        *,
        k: int,
        all_ties: bool,
    ) -> None:
        self._scores = scores
        given = np.arange(len(labels)) if rows is None else rows
        self._occurrences = np.flatnonzero(given >= 0)
        self._rows = given[self._occurrences]
        self._n_ranked = scores.shape[1] if all_ties else k
        # More than all scores are never wanted, however large k is.
        self._size = min(budget_of(k, len(labels)), len(labels) * scores.shape[1]) + 1
        self._block_rows = max(1, _BLOCK_BYTES // max(4 * scores.shape[1], 1))
        self._seen = PerOccurrence.unpredicted(labels)
        self._pools: list[Pool] = []

    def guess(self) -> float:
        """Return what a sample of rows suggests the threshold to be, or somewhat less."""
        n_sampled = min(len(self._rows), max(1, _SAMPLED_SCORES // max(self._scores.shape[1], 1)))
        chosen = np.random.default_rng(1).choice(len(self._rows), n_sampled, replace=False)
        sample = np.asarray(self._scores[np.sort(self._rows[chosen])]).reshape(-1)
        expected = self._size * n_sampled / max(len(self._rows), 1)
        n = int(1.3 * expected + 4 * math.sqrt(expected)) + 1
        return -math.inf if n_sampled < 2 or n > len(sample) else nth_largest(sample, n)

    def run(self, n_threads: int, bound: float) -> float | None:
        """Visit all rows, keeping the scores above a bound, and return the `size`-th largest.

        That is -inf if there are fewer, and None if the bound, which may be a guess, hides it.
        """
        self._pools = [Pool(self._size, bound) for _ in range(n_threads)]
        n_rows, stretch = len(self._rows), self._block_rows * _BLOCKS_PER_STRETCH
        firsts = np.random.default_rng(0).permutation(np.arange(0, n_rows, stretch))
        stretches = [
            range(first, min(first + stretch, n_rows), self._block_rows) for first in firsts.tolist()
        ]
        shares = [stretches[i::n_threads] for i in range(n_threads)]
        with ThreadPoolExecutor(n_threads) as executor:
            list(executor.map(self._visit, self._pools, shares))  # which raises what a thread raised
        return self._threshold()

    def _threshold(self) -> float | None:
        bound = max(pool.bound for pool in self._pools)
        together = np.concatenate([pool.above(bound)[0] for pool in self._pools])
        if len(together) >= self._size:
            return nth_largest(together, self._size)
        return bound if any(pool.proven and pool.bound == bound for pool in self._pools) else None

    def per_occurrence(self, threshold: float) -> PerOccurrence:
        """Return what was seen of each occurrence."""
        set_sizes = self._seen.set_sizes
        for pool in self._pools:
            set_sizes += np.bincount(pool.above(threshold)[1], minlength=len(set_sizes))
        return self._seen

    def _visit(self, pool: Pool, stretches: Iterable[range]) -> None:
        for stretch in stretches:
            for first in stretch:
                inside = slice(first, min(first + self._block_rows, stretch.stop))
                occurrences, block = self._occurrences[inside], self._block(inside)
                refuse_nan(block)
                self._seen.n_predicted[occurrences] = _n_present(block)
                pool.add(block, occurrences)
                self._stand(block, occurrences)

    def _block(self, inside: slice) -> NDArray[np.floating]:
        rows = self._rows[inside]
        consecutive = rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
        block = np.ascontiguousarray(self._scores[slice(rows[0], rows[-1] + 1) if consecutive else rows])
        if block.dtype == np.float16:
            return block.astype(np.float32)  # exact, and many times faster to compare
        if block.dtype not in (np.float32, np.float64):
            raise ValueError(f"scores must be float16, float32 or float64, not {block.dtype}")
        return block

    def _stand(self, block: NDArray[np.floating], occurrences: NDArray[np.intp]) -> None:
        seen, labels = self._seen, self._seen.labels[occurrences]
        found = standing(block, labels, self._n_ranked)
        seen.n_above[occurrences] = found.n_above
        seen.n_tied[occurrences], seen.n_before[occurrences] = found.n_tied, found.n_before
        known = labels >= 0
        seen.true_scores[occurrences[known]] = found.true_scores[known]


def refuse_nan(block: NDArray[np.floating]) -> None:
    """Raise a ValueError if a score is NaN."""
    # Not a product with itself, which is one pass instead of two: BLAS would lock the threads out.
    if block.size and np.isnan(block.max()):
        raise ValueError("scores must not be NaN")


def _n_present(block: NDArray[np.floating]) -> int | NDArray[np.int64]:
    """Count the scores of each row that are not -inf; one number where all rows are full."""
    if not block.size or block.min() > -np.inf:
        return int(block.shape[1])
    return np.array([np.count_nonzero(row) for row in block > -np.inf], np.int64)
