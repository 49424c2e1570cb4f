"""What adaptive top-K loses to scores that mean different things in different parts.

One threshold for all compares scores between occurrences; top-K compares them only within one. Where a score
of 0.1 is a good sign in one region and a poor one in the other, adaptive top-K suffers and top-K does not.
Recalibration maps scores, by a rising function per part, to the share of such pairs that are true.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of, threshold_of
from scoring.breakdown import Partition
from scoring.mixing import GOLDEN, mixed
from scoring.score import Score
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.units import Units

N_FOLDS = 5

# Scores of a part at which its function may bend: quantiles of its pairs.
_KNOTS_PER_PART = 200
# Pairs of all parts that are mixed in where a part has few.
_PRIOR_PAIRS = 1.0
# Keeps functions rising where equal shares would tie; of the order of no share that matters.
_RISE = 1e-9


@dataclass(frozen=True)
class Recalibration:
    """The gap between the two metrics of 2020, and what a recalibration would win back.

    Parameters
    ----------
    by : str
        What scores were recalibrated by.
    adaptive_top_k, top_k : float
        The scores of the run as it is.
    by_fold, recalibrated : float
        Its adaptive top-K accuracy with a threshold for each fold of quadrats, as it is, and with scores
        mapped by functions fitted to the other folds.
    """

    by: str
    adaptive_top_k: float
    top_k: float
    by_fold: float
    recalibrated: float
    n_folds: int
    seed: int

    @property
    def gap(self) -> float:
        """Adaptive minus plain top-K: what one threshold for all wins or costs."""
        return self.adaptive_top_k - self.top_k

    @property
    def won(self) -> float:
        """What the recalibration wins; 0 by a single part, as the metric only sees the order of scores."""
        return self.recalibrated - self.by_fold


def recalibration(
    scored: Score, pairs: LargestPairs, partition: Partition, units: Units, *, seed: int = 0
) -> Recalibration:
    """Say what a rising function of the scores of each part would win, by cross-validation over units.

    The functions are fitted to all folds but the one that they are applied to, which then has a threshold of
    its own: one for all would sort folds by the chances of their fits. Of a run whose smallest scores are
    left out only the others count.
    """
    folds = folds_of(units, N_FOLDS, seed)
    knots = _knots(pairs, partition)
    of = scored.per_occurrence
    held = of.predicted & (of.true_scores >= (pairs.scores.min() if pairs.n_left_out else -np.inf))
    trues = LargestPairs(of.true_scores[held], np.flatnonzero(held), len(of))
    binned = tuple(_Binned.of(each.scores, each.occurrences, knots) for each in (pairs, trues))
    shape = len(partition.names), N_FOLDS, len(knots) - 1
    n_pairs, n_true = (each.counts(partition.numbers, folds, shape) for each in binned)
    values = _values_at_knots(n_true, n_pairs)
    mapped = tuple(each.mapped(values, partition.numbers, folds) for each in binned)
    return Recalibration(
        partition.by,
        scored.adaptive_top_k,
        scored.top_k,
        _by_fold(pairs, trues, folds, scored.k),
        _by_fold(replace(pairs, scores=mapped[0]), replace(trues, scores=mapped[1]), folds, scored.k),
        N_FOLDS,
        seed,
    )


def _by_fold(pairs: LargestPairs, trues: LargestPairs, folds: NDArray[np.intp], k: int) -> float:
    """Return the adaptive top-K accuracy with a threshold for each fold."""
    n_hits, of_pairs, of_trues = 0, folds[pairs.occurrences], folds[trues.occurrences]
    for fold in range(N_FOLDS):
        budget = budget_of(k, int(np.count_nonzero(folds == fold)))
        threshold = threshold_of(pairs.scores[of_pairs == fold], budget)
        n_hits += int(np.count_nonzero(trues.scores[of_trues == fold] > threshold))
    return n_hits / len(folds)


def folds_of(units: Units, n_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each occurrence: whole units, about as many occurrences in each."""
    start = mixed(np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64) + GOLDEN)
    order = np.argsort(mixed(start + GOLDEN * np.arange(1, len(units) + 1, dtype=np.uint64)), kind="stable")
    before = np.cumsum(units.sizes[order]) - units.sizes[order]
    of_units = np.empty(len(units), np.intp)
    of_units[order] = before * n_folds // units.sizes.sum()
    return np.asarray(of_units[units.numbers])


def _knots(pairs: LargestPairs, partition: Partition) -> NDArray[np.float64]:
    """Return the quantiles of the scores of each part, all together, ascending; at least two."""
    parts = partition.numbers[pairs.occurrences]
    found = [np.array([pairs.scores.min(), pairs.scores.max()])]
    for part in range(len(partition.names)):
        scores = np.sort(pairs.scores[parts == part])
        if len(scores):
            found.append(scores[np.linspace(0, len(scores) - 1, _KNOTS_PER_PART).astype(np.intp)])
    knots = np.unique(np.concatenate(found).astype(np.float64))
    return knots if len(knots) > 1 else np.append(knots, np.inf)


@dataclass(frozen=True)
class _Binned:
    """Scores as the stretch between two knots that each is in, and how far along."""

    occurrences: NDArray[np.integer]
    stretches: NDArray[np.intp]
    along: NDArray[np.float64]

    @classmethod
    def of(
        cls, scores: NDArray[np.floating], occurrences: NDArray[np.integer], knots: NDArray[np.float64]
    ) -> _Binned:
        stretches = np.clip(np.searchsorted(knots, scores, side="right") - 1, 0, len(knots) - 2)
        along = (scores - knots[stretches]) / np.diff(knots)[stretches]
        return cls(occurrences, stretches, along)

    def counts(
        self, parts: NDArray[np.integer], folds: NDArray[np.intp], shape: tuple[int, int, int]
    ) -> NDArray[np.float64]:
        """Count the scores of each part, fold and stretch."""
        cells = (parts * shape[1] + folds)[self.occurrences] * shape[2] + self.stretches
        return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)

    def mapped(
        self, values: NDArray[np.float64], parts: NDArray[np.integer], folds: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the values between knots, for functions of shape (n_parts, n_folds, n_knots)."""
        lines = (parts * values.shape[1] + folds)[self.occurrences] * values.shape[2] + self.stretches
        flat = values.reshape(-1)
        low = flat[lines]
        return np.asarray(low + self.along * (flat[lines + 1] - low))


def _values_at_knots(n_true: NDArray[np.float64], n_pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rising function of each part and fold, fitted to the other folds, at the knots."""
    pooled = n_true.sum(axis=(0, 1)) / np.maximum(n_pairs.sum(axis=(0, 1)), 1)
    true, pairs = (each.sum(axis=1, keepdims=True) - each for each in (n_true, n_pairs))
    shares = (true + _PRIOR_PAIRS * pooled) / (pairs + _PRIOR_PAIRS)
    n_parts, n_folds, n_stretches = shares.shape
    values = np.empty((n_parts, n_folds, n_stretches + 1))
    for part, fold in np.ndindex(n_parts, n_folds):
        rising = isotonic(shares[part, fold], pairs[part, fold] + _PRIOR_PAIRS)
        values[part, fold] = np.concatenate([rising[:1], (rising[1:] + rising[:-1]) / 2, rising[-1:]])
    return values + _RISE * np.arange(n_stretches + 1)


def isotonic(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rising sequence next to some values in weighted squares: pooling adjacent violators.

    Examples
    --------
    >>> isotonic(np.array([1.0, 3.0, 2.0]), np.ones(3)).tolist()
    [1.0, 2.5, 2.5]
    """
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (low, light, n), (high, heavy, m) = blocks.pop(-2), blocks.pop()
            total = light + heavy
            blocks.append(((low * light + high * heavy) / total, total, n + m))
    return np.repeat([value for value, _, _ in blocks], [n for _, _, n in blocks])
