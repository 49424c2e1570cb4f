"""The interval of a score: its closed form beside leaving quadrats out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_runs import DrawnRun, drawn_runs, random_run, run_of
from hypothesis import given
from numpy.typing import NDArray
from scipy import stats

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.table import METRICS
from scoring.metrics.top_k import TOP_K, TOP_K_ERROR
from scoring.outcomes import SetOutcomes
from scoring.score import Scored
from scoring.uncertainty.estimate import Estimate, Resampled
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.units import Units


def _slope(run: DrawnRun) -> float:
    """Fit two more thresholds by sorting, and return lambda."""
    scores, n = np.sort(run.lists.scores)[::-1], len(run.labels)
    ends = []
    for percent in (85, 115):
        budget = percent * run.k * n // 100
        threshold = scores[budget] if budget < len(scores) else -math.inf
        hits = np.count_nonzero(run.scored.per_occurrence.true_scores > threshold)
        ends.append((hits / n, np.count_nonzero(scores > threshold) / n))
    (low, fewer), (high, more) = ends
    return (high - low) / (more - fewer) if more > fewer and run.scored.threshold > -math.inf else 0.0


def _left_out(run: DrawnRun, name: str, slope: float) -> NDArray[np.float64]:
    """Leave out one quadrat after the other, at a fixed threshold and slope."""
    of, k, threshold = run.scored.per_occurrence, run.k, run.scored.threshold
    found = []
    for quadrat in np.unique(run.quadrats):
        rest = of.taken(np.flatnonzero(run.quadrats != quadrat))
        surplus = rest.set_sizes.sum() / len(rest) - of.set_sizes.sum() / len(of)
        found.append(METRICS[name].terms(rest, k, threshold).score - slope * surplus)
    return np.array(found)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_jackknife_leaves_quadrats_out(name: str, seed: int) -> None:
    run = random_run(seed, 500, n_quadrats=40)
    estimate = run.estimate(METRICS[name], run.sampling())
    slope = _slope(run) if name == "adaptive-top-k" else 0.0
    by_hand = _left_out(run, name, slope)
    assert estimate.slope == pytest.approx(slope, rel=1e-12)
    assert estimate.spread.left_out == pytest.approx(by_hand, rel=1e-12)
    error = math.sqrt((len(by_hand) - 1) * by_hand.var())
    sizes = np.unique(run.quadrats, return_counts=True)[1]
    effective = 500**2 / (sizes**2).sum()
    reach = stats.t.ppf(0.975, effective - 1) * error
    interval = estimate.interval()
    assert interval.standard_error == pytest.approx(error, rel=1e-12)
    assert interval.effective_units == pytest.approx(effective, rel=1e-12)
    bounds = max(0, estimate.score - reach), min(1, estimate.score + reach)
    assert (interval.low, interval.high) == pytest.approx(bounds, rel=1e-9)
    low, high = np.quantile(estimate.spread.replicates, [0.025, 0.975])
    assert interval.percentile == (low, high)


@given(run=drawn_runs())
def test_slopes_and_influences_of_small_runs(run: DrawnRun) -> None:
    estimate = run.estimate(ADAPTIVE_TOP_K, run.sampling(3))
    slope = _slope(run)
    assert estimate.slope == pytest.approx(slope, rel=1e-12, abs=1e-12)
    of, quadrats = run.scored.per_occurrence, np.unique(run.quadrats, return_inverse=True)[1]
    influences = (
        run.scored.adaptive_hits - run.scored.adaptive_top_k - slope * (of.set_sizes - of.set_sizes.mean())
    )
    by_hand = [influences[quadrats == quadrat].sum() for quadrat in range(quadrats.max() + 1)]
    assert estimate.spread.influence == pytest.approx(by_hand, abs=1e-9)


def test_the_influence_says_what_one_more_quadrat_of_a_kind_does() -> None:
    run = random_run(3, 600)
    for metric in METRICS.values():
        estimate = run.estimate(metric, run.sampling())
        assert estimate.spread.influence.sum() == pytest.approx(0, abs=1e-9)
        # To first order, leaving a quadrat out moves the score by minus its influence over n.
        moved = estimate.spread.left_out - estimate.score
        expected = -estimate.spread.influence / (600 - run.units.sizes)
        assert moved == pytest.approx(expected, abs=5e-5)


def test_the_standard_error_is_that_of_the_refitted_bootstrap() -> None:
    run = random_run(4, 3000, n_quadrats=400)
    estimate = run.estimate(ADAPTIVE_TOP_K, run.sampling(600))
    spread = estimate.spread.replicates.std()
    assert estimate.spread.standard_error == pytest.approx(spread, rel=0.1)
    # Whereas a fixed threshold would be off here: sets of whole quadrats grow and shrink.
    of = run.scored.per_occurrence
    fixed = Resampled.of(run.scored, run.sampling(600)).estimate(TOP_K).spread.standard_error
    assert estimate.slope > 0
    assert of.set_sizes.std() > 0
    assert fixed != pytest.approx(spread, rel=0.01)


def test_below_ten_effective_units_there_is_no_interval() -> None:
    for n_quadrats, enough in ((9, False), (12, True)):
        run = random_run(5, 240, n_quadrats=n_quadrats)
        interval = run.estimate(ADAPTIVE_TOP_K, run.sampling()).interval()
        assert (interval.effective_units >= 10) is enough
        assert (interval.low is not None) is enough
        assert (interval.percentile is not None) is enough
        assert interval.standard_error is not None
        assert interval.is_doubtful


def test_one_quadrat_has_no_standard_error() -> None:
    run = run_of([{0: 0.5}, {1: 0.2}], [0, 0], [7, 7])
    interval = run.estimate(ADAPTIVE_TOP_K, run.sampling()).interval()
    assert (interval.estimate, interval.standard_error, interval.low, interval.n_units) == (
        0.5,
        None,
        None,
        1,
    )


@pytest.mark.parametrize("missing", [False, True])
def test_runs_without_a_hit_have_an_interval_of_nothing(missing: bool) -> None:
    run = run_of([{} if missing and i else {1: 0.5} for i in range(20)], [0] * 20, list(range(20)))
    for metric in METRICS.values():
        interval = run.estimate(metric, run.sampling()).interval()
        expected = 1.0 if metric is TOP_K_ERROR else 0.0
        assert (interval.low, interval.high, interval.standard_error) == (expected, expected, 0)


def test_intervals_are_clipped_to_the_range_of_the_metric() -> None:
    run = run_of([{0: 0.5}] * 1 + [{1: 0.5}] * 19, [0] * 20, list(range(20)))
    interval = run.estimate(TOP_K, run.sampling()).interval()
    assert interval.low == 0
    assert interval.high is not None
    assert interval.high < 1
    error = run.estimate(TOP_K_ERROR, run.sampling()).interval()
    assert error.high == 1


def test_an_error_mirrors_its_accuracy() -> None:
    run = random_run(6)
    accuracy, error = (run.estimate(each, run.sampling()).interval() for each in (TOP_K, TOP_K_ERROR))
    assert error.standard_error == pytest.approx(accuracy.standard_error)
    assert error.low is not None
    assert error.low == pytest.approx(1 - (accuracy.high or 0))


def test_levels_and_signature() -> None:
    run = random_run(7)
    estimate = run.estimate(ADAPTIVE_TOP_K, run.sampling(seed=4))
    wide, narrow = estimate.interval(level=0.99), estimate.interval(level=0.9)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low
    assert "|interval:jackknife-t|level:0.99|unit:quadrat|replicates:20|seed:4|version:" in wide.signed(
        estimate.signature
    )
    one_each = Sampling.of(Units.of_occurrences(400), n_replicates=20)
    assert "unit:occurrence" in run.estimate(ADAPTIVE_TOP_K, one_each).interval().signed("a|version:1")


def test_sets_of_several_true_species() -> None:
    rng = np.random.default_rng(0)
    n_true, n_predicted = rng.integers(1, 5, 200), rng.integers(0, 5, 200)
    of = SetOutcomes(
        n_true, n_predicted, np.minimum(rng.integers(0, 3, 200), np.minimum(n_true, n_predicted))
    )
    units = Units.of_labels(rng.integers(0, 50, 200))
    estimate = Resampled.of(Scored(1, -math.inf, of), Sampling.of(units, n_replicates=30)).estimate(F1_MICRO)
    left_out = [
        2 * of.n_hit[rest].sum() / (n_true[rest].sum() + n_predicted[rest].sum())
        for rest in (units.numbers != unit for unit in range(len(units)))
    ]
    assert estimate.spread.left_out == pytest.approx(left_out, rel=1e-12)


def test_the_order_of_occurrences_changes_nothing() -> None:
    run = random_run(8)
    order = np.random.default_rng(1).permutation(len(run.labels))
    shuffled = DrawnRun(run.lists.select(order), run.positions, run.labels[order], run.quadrats[order], run.k)
    for metric in METRICS.values():
        one, other = (each.estimate(metric, each.sampling()).interval() for each in (run, shuffled))
        assert one.percentile == other.percentile
        assert one.low == pytest.approx(other.low, rel=1e-12)


def _parts(run: DrawnRun) -> tuple[Estimate, NDArray[np.bool_]]:
    inside = run.quadrats % 3 == 0
    return run.resampled(run.sampling(40)).estimate(ADAPTIVE_TOP_K, inside), inside


def test_a_part_under_the_threshold_of_all() -> None:
    run = random_run(9, 900, n_quadrats=90)
    estimate, inside = _parts(run)
    of = run.scored.per_occurrence
    assert estimate.score == run.scored.adaptive_hits[inside].mean()
    assert estimate.interval().n_units == len(np.unique(run.quadrats[inside]))
    for i, weights in enumerate(run.sampling(40).weights):
        naive = run.repeated(weights[run.units.numbers])
        of_part = naive.scored.adaptive_hits[naive.quadrats % 3 == 0]
        assert estimate.spread.replicates[i] == np.count_nonzero(of_part) / len(of_part)
    by_hand = []
    for quadrat in np.unique(run.quadrats):
        rest = run.quadrats != quadrat
        surplus = of.set_sizes[rest].mean() - of.set_sizes.mean()
        by_hand.append(run.scored.adaptive_hits[rest & inside].mean() - estimate.slope * surplus)
    assert estimate.spread.left_out == pytest.approx(by_hand, rel=1e-12)
    spread = estimate.spread.replicates.std()
    assert estimate.spread.standard_error == pytest.approx(spread, rel=0.35)
