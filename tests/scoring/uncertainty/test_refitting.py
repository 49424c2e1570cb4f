"""The fitted threshold and the score of every replicate, to the bit those of the naive way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_runs import DrawnRun, drawn_runs, random_run, run_of
from hypothesis import given
from hypothesis import strategies as st

from scoring.adaptive import threshold_of
from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.table import METRICS
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.refitting import refitted_thresholds
from scoring.uncertainty.sampling import Sampling


def _assert_naive(run: DrawnRun, sampling: Sampling) -> None:
    """Compare every replicate with scoring the run anew on a truth with its occurrences repeated."""
    resampled = run.resampled(sampling)
    assert resampled.thresholds is not None
    estimates = {name: resampled.estimate(metric).spread.replicates for name, metric in METRICS.items()}
    for i, weights in enumerate(sampling.weights):
        naive = run.repeated(weights[sampling.units.numbers]).scored
        assert resampled.thresholds[i] == naive.threshold
        for name, metric in METRICS.items():
            assert estimates[name][i] == naive.by(metric), name


@given(run=drawn_runs(), seed=st.integers(0, 9))
def test_small_runs(run: DrawnRun, seed: int) -> None:
    _assert_naive(run, run.sampling(8, seed))


@pytest.mark.parametrize("seed", range(3))
def test_larger_runs(seed: int) -> None:
    run = random_run(seed, 700, n_quadrats=40, width=8)
    _assert_naive(run, run.sampling(12, seed))


def test_occurrences_as_units() -> None:
    run = random_run(5, 150, n_quadrats=150)
    one_each = DrawnRun(run.lists, run.positions, run.labels, np.arange(150))
    _assert_naive(one_each, one_each.sampling(15))


def test_scores_of_32_bits_and_few_values() -> None:
    run = random_run(6, 300)
    coarse = run.lists.scores.round(1).astype(np.float32)
    lists = type(run.lists)(run.lists.offsets, run.lists.species, coarse)
    _assert_naive(DrawnRun(lists, run.positions, run.labels, run.quadrats), run.sampling(15))


def test_a_band_that_is_too_narrow_is_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.uncertainty.refitting._MARGIN", 0.01)
    monkeypatch.setattr("scoring.uncertainty.refitting._LEAST_MARGIN", 1)
    run = random_run(7, 700, n_quadrats=15, width=8)
    _assert_naive(run, run.sampling(12))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.uncertainty.refitting._BLOCK_CELLS", 100)
    run = random_run(8, 700, n_quadrats=40, width=8)
    _assert_naive(run, run.sampling(12))


@pytest.mark.parametrize(
    "run",
    [
        run_of([{0: 0.5}], [0], [0]),
        run_of([{0: 0.5}], [1], [0], k=1),
        run_of([{}, {0: 0.5, 1: 0.1, 2: 0.3}], [0, 0], [0, 1], k=1),
        run_of([dict.fromkeys(range(5), 0.5)] * 12, [0] * 12, list(range(12))),
        run_of([{0: 0.1 * i} for i in range(9)], [0] * 9, [0] * 9),
    ],
    ids=["one occurrence", "one that is wrong", "one missing", "all equal", "one quadrat"],
)
def test_degenerate_runs(run: DrawnRun) -> None:
    _assert_naive(run, run.sampling(10))


def test_where_pairs_do_not_fill_the_budget_in_some_replicates_only() -> None:
    # Quadrat 0 has long lists and quadrat 1 short ones: K N is just missed by both together.
    lists = [{s: 0.1 * s + 0.01 * i for s in range(5)} for i in range(4)] + [{0: 0.2}] * 4
    run = run_of(lists, [4] * 8, [0] * 4 + [1] * 4, k=3)
    sampling = run.sampling(20)
    thresholds = run.resampled(sampling).thresholds
    assert thresholds is not None
    assert run.scored.threshold == -math.inf
    assert {-math.inf} < set(thresholds.tolist())
    _assert_naive(run, sampling)


def test_largest_pairs_are_enough_or_say_that_they_are_not() -> None:
    run, sampling = random_run(9, 300, width=8), random_run(9, 300, width=8).sampling(30)
    pairs, scored = run.pairs, run.scored
    expected = refitted_thresholds(scored, pairs, sampling)

    def held(n: int) -> LargestPairs:
        kept = np.argsort(-pairs.scores)[:n]
        return LargestPairs(pairs.scores[kept], pairs.occurrences[kept], 300, len(pairs) - n)

    assert np.array_equal(refitted_thresholds(scored, held(1500), sampling), expected)
    with pytest.raises(ValueError, match="only the 610 largest of 2400 pairs are held"):
        refitted_thresholds(scored, held(610), sampling)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_largest_pairs_of_a_matrix(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.uncertainty.largest._BLOCK_SCORES", 200)
    rng = np.random.default_rng(0)
    scores = rng.random((60, 50)).round(2).astype(dtype)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    rows = np.append(rng.permutation(60), -1)
    pairs = LargestPairs.of_matrix(scores, rows, n_held=500)
    everything = scores[scores > -np.inf]
    assert len(pairs) + pairs.n_left_out == len(everything)
    for budget in (0, 1, 250, 400):
        assert pairs.threshold(budget) == threshold_of(everything.astype(np.float64), budget)
    best = scores.max()
    where = np.flatnonzero(np.append((scores == best).any(axis=1)[rows[:-1]], False))
    assert sorted(set(pairs.occurrences[pairs.scores == best].tolist())) == where.tolist()


def test_metrics_that_fit_a_threshold_take_pairs_and_others_do_not() -> None:
    run, sampling = random_run(1), random_run(1).sampling()
    without = type(run.resampled(sampling)).of(run.scored, sampling)
    with pytest.raises(ValueError, match="adaptive-top-k fits a threshold in every replicate"):
        without.estimate(ADAPTIVE_TOP_K)
    expected = run.estimate(F1_MICRO, sampling).spread.replicates
    assert np.array_equal(without.estimate(F1_MICRO).spread.replicates, expected)


def test_units_of_another_truth_are_refused() -> None:
    with pytest.raises(ValueError, match="300 occurrences have units, 400 have scores"):
        random_run(1).resampled(random_run(1, 300).sampling())
