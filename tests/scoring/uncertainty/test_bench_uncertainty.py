"""1,000 replicates of a run of real size, beside one scoring of it and beside the naive way."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from scoring.adaptive import threshold_of
from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.sparse import Pairs, score_sparse
from scoring.uncertainty.estimate import Resampled
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.units import Units

pytestmark = pytest.mark.benchmark

N, WIDTH, K = 42_405, 150, 30
# Sizes as skewed as those of the real quadrats: 3,569 with 340 effective ones.
N_QUADRATS, SKEWNESS = 3569, 1.55


def _seconds(work: Callable[[], object], n: int = 5) -> float:
    """Return the median time of some work."""
    taken = []
    for _ in range(n):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def test_replicates_cost_a_few_scorings_and_a_fraction_of_the_naive_way() -> None:
    rng = np.random.default_rng(0)
    shares = np.exp(SKEWNESS * rng.normal(size=N_QUADRATS))
    units = Units.of_labels(rng.choice(N_QUADRATS, N, p=shares / shares.sum()))
    effects = np.exp(0.5 * rng.normal(size=len(units)))[units.numbers]
    scores = -np.sort(-(rng.random((N, WIDTH)) ** 8) * effects[:, np.newaxis], axis=1)
    lists = Pairs(np.arange(0, N * WIDTH + 1, WIDTH), np.tile(np.arange(WIDTH), N), scores.ravel())
    positions, labels = np.arange(N), rng.integers(0, 2 * WIDTH, N)
    scored = score_sparse(lists, labels, positions, k=K)
    sampling = Sampling.of(units)

    def replicated() -> Resampled:
        resampled = Resampled.of(scored, Sampling.of(units), LargestPairs.of_lists(lists, positions, N))
        resampled.estimate(ADAPTIVE_TOP_K).interval()
        return resampled

    of_pairs = np.repeat(units.numbers, WIDTH)

    def naive(replicate: int) -> float:
        weights = sampling.weights[replicate].astype(np.int64)
        return threshold_of(np.repeat(lists.scores, weights[of_pairs]), K * int(weights @ units.sizes))

    thresholds = replicated().thresholds
    assert thresholds is not None
    assert [naive(i) for i in range(5)] == thresholds[:5].tolist()
    ours, one_scoring = _seconds(replicated), _seconds(lambda: score_sparse(lists, labels, positions, k=K))
    theirs = _seconds(lambda: naive(0)) * sampling.n_replicates
    print(
        f"\n1,000 replicates, G* = {units.effective:.0f}: {ours / one_scoring:.1f} x one scoring (at most 10)"
    )
    print(f"np.partition in each replicate: {theirs / ours:.0f} x ours (at least 50)")
    assert ours <= 10 * one_scoring
    assert theirs >= 50 * ours
