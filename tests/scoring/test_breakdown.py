"""Scores by part, A(K) for every K, and what a recalibration wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_runs import DrawnRun, drawn_runs, random_run
from hypothesis import given

from scoring.breakdown import RARITY_STARTS, Breakdown, Partition, scored_alone
from scoring.curve import curve
from scoring.metrics.table import METRICS
from scoring.recalibration import N_FOLDS, folds_of, isotonic, recalibration
from scoring.sparse import Pairs, score_sparse
from scoring.uncertainty.largest import LargestPairs

ALL = tuple(METRICS.values())


def _breakdown(run: DrawnRun, n_replicates: int | None = 20) -> Breakdown:
    scored = replace(run.scored, metrics=ALL)
    if n_replicates is None:
        return Breakdown(scored, pairs=run.pairs)
    resampled = replace(run.resampled(run.sampling(n_replicates)), scored=scored)
    return Breakdown(scored, resampled, run.pairs)


def _alone(run: DrawnRun, chosen: np.ndarray) -> DrawnRun:
    times = np.zeros(len(run.labels), np.int64)
    times[chosen] = 1
    return run.repeated(times)


def test_parts_average_to_the_whole_under_one_threshold() -> None:
    run = random_run(0)
    regions = Partition.of_labels("region", np.where(run.quadrats < 20, "fr", "us"))
    parts = _breakdown(run).by(regions)
    assert [(part.by, part.part, part.refitted) for part in parts] == [
        ("region", "fr", False),
        ("region", "us", False),
    ]
    assert sum(part.n_occurrences for part in parts) == 400
    for metric in ALL:
        if metric.is_mean:
            mean = sum(part.scores[metric.name] * part.n_occurrences for part in parts) / 400
            assert mean == pytest.approx(run.scored.by(metric))
    for part in parts:
        assert part.threshold == run.scored.threshold
        assert part.intervals is not None
        assert part.intervals.keys() == METRICS.keys()
        assert all(part.intervals[name].estimate == part.scores[name] for name in METRICS)


@given(run=drawn_runs())
def test_a_part_alone_is_scored_as_if_there_were_no_others(run: DrawnRun) -> None:
    partition = Partition.of_labels("quadrat", run.quadrats)
    for part in _breakdown(run, None).by(partition, refit=True):
        alone = _alone(run, np.flatnonzero(run.quadrats == int(part.part)))
        assert part.refitted
        assert part.intervals is None
        assert part.threshold == alone.scored.threshold
        assert part.scores == {metric.name: alone.scored.by(metric) for metric in ALL}


def test_intervals_of_a_part_alone() -> None:
    run = random_run(1)
    region = run.quadrats < 20
    part = _breakdown(run).by(Partition.of_labels("region", region), refit=True)[1]
    alone = _alone(run, np.flatnonzero(region))
    assert part.intervals is not None
    for name, metric in METRICS.items():
        assert part.intervals[name] == alone.estimate(metric, alone.sampling()).interval()


def test_parts_of_few_effective_units_have_scores_and_no_interval() -> None:
    run = random_run(2)
    parts = _breakdown(run).by(Partition.of_labels("quadrat", run.quadrats))
    assert len(parts) == 60
    for part in parts:
        assert part.intervals is not None
        interval = part.intervals["adaptive-top-k"]
        assert (interval.low, interval.percentile, interval.n_units) == (None, None, 1)


def test_a_part_without_hits_has_an_interval_of_nothing() -> None:
    run = random_run(3)
    hits = run.scored.adaptive_hits
    part = _breakdown(run).by(Partition.of_labels("hit", hits))[0]
    assert part.intervals is not None
    assert part.scores["adaptive-top-k"] == 0
    assert part.intervals["adaptive-top-k"].low == 0


def test_refitting_takes_pairs() -> None:
    run = random_run(4)
    with pytest.raises(ValueError, match="fitting the threshold of a part takes the pairs"):
        scored_alone(run.scored, np.arange(3), None)
    without = replace(run.scored, metrics=(METRICS["top-k"],))
    of_part = scored_alone(without, np.arange(300), None)
    assert of_part.scores["top-k"] == run.scored.top_k_hits[:300].mean()


def test_ranges_have_names_and_ends() -> None:
    rarity = Partition.of_ranges("rarity", [0, 1, 9, 10, 99, 100, 1000, 5000], RARITY_STARTS)
    assert [rarity.names[i] for i in rarity.numbers] == [
        "0", "1-9", "1-9", "10-99", "10-99", "100-999", "1000+", "1000+",
    ]  # fmt: skip
    assert [name for name, _ in Partition.of_ranges("x", [5], (0, 3, 9)).parts()] == ["3-8"]


@given(run=drawn_runs())
def test_the_curve_is_the_score_at_every_k(run: DrawnRun) -> None:
    if not len(run.positions):
        return
    found = curve(run.scored, run.pairs, up_to=7)
    for i, k in enumerate(found.k.tolist()):
        scored = score_sparse(run.lists, run.labels, run.positions, k=k)
        assert found.adaptive_top_k[i] == scored.adaptive_top_k
        assert found.mean_set_sizes[i] == scored.mean_set_size
        assert found.thresholds[i] == scored.threshold
    assert found.area == pytest.approx(found.adaptive_top_k.mean())
    last = curve(run.scored, run.pairs)
    assert last.thresholds[-1] == -np.inf
    assert (last.thresholds[:-1] > -np.inf).all()


def test_the_curve_of_the_largest_pairs_ends_where_they_do() -> None:
    run = random_run(5)
    pairs = run.pairs
    kept = np.argsort(-pairs.scores)[:1000]
    held = LargestPairs(pairs.scores[kept], pairs.occurrences[kept], 400, len(pairs) - 1000)
    found = curve(run.scored, held)
    assert found.k.tolist() == [1, 2]
    assert found.adaptive_top_k.tolist() == curve(run.scored, pairs).adaptive_top_k[:2].tolist()
    assert found.to_frame().k.tolist() == [1, 2]
    with pytest.raises(ValueError, match="hold more"):
        curve(run.scored, held, up_to=3)


def _miscalibrated(factor: float) -> DrawnRun:
    """Return a run whose scores are multiplied in half of the quadrats."""
    run = random_run(6, 4000, n_quadrats=200, skill=2.0)
    spoilt = np.repeat(run.quadrats % 2 == 0, np.diff(run.lists.offsets))
    scores = np.exp(run.lists.scores) * np.where(spoilt, factor, 1.0)
    return replace(run, lists=Pairs(run.lists.offsets, run.lists.species, scores))


def test_recalibration_wins_back_what_a_region_lost() -> None:
    even, spoilt = _miscalibrated(1.0), _miscalibrated(50.0)
    region = Partition.of_labels("region", spoilt.quadrats % 2)
    lost = even.scored.adaptive_top_k - spoilt.scored.adaptive_top_k
    found = recalibration(spoilt.scored, spoilt.pairs, region, spoilt.units)
    assert lost > 0.05
    assert found.won == pytest.approx(lost, abs=0.01)
    assert found.gap == spoilt.scored.adaptive_top_k - spoilt.scored.top_k
    nothing = recalibration(even.scored, even.pairs, region, even.units)
    assert nothing.won == pytest.approx(0, abs=0.01)


def test_one_part_has_nothing_to_win() -> None:
    run = _miscalibrated(50.0)
    found = recalibration(run.scored, run.pairs, Partition.of_labels("run", np.zeros(4000)), run.units)
    assert found.won == 0
    assert found.by_fold == pytest.approx(found.adaptive_top_k, abs=0.02)


def test_recalibration_of_degenerate_runs() -> None:
    run = random_run(7, 50)
    alike = replace(run, lists=replace(run.lists, scores=np.full(300, 0.5)))
    region = Partition.of_labels("region", run.quadrats < 20)
    assert recalibration(alike.scored, alike.pairs, region, alike.units).recalibrated >= 0
    alone = Partition.of_labels("quadrat", run.quadrats)  # no part is in two folds
    assert 0 <= recalibration(run.scored, run.pairs, alone, run.units).recalibrated <= 1


def test_folds_are_whole_quadrats_of_about_equal_size() -> None:
    run = random_run(8, 2000, n_quadrats=300)
    folds = folds_of(run.units, N_FOLDS, seed=0)
    for quadrat in np.unique(run.quadrats):
        assert len(set(folds[run.quadrats == quadrat].tolist())) == 1
    assert np.bincount(folds, minlength=N_FOLDS) == pytest.approx(400, abs=20)
    assert not np.array_equal(folds, folds_of(run.units, N_FOLDS, seed=1))


def test_isotonic_is_that_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.isotonic")
    rng = np.random.default_rng(0)
    for n in (1, 2, 30):
        values, weights = rng.random(n), rng.random(n) + 0.1
        expected = sklearn.IsotonicRegression().fit_transform(np.arange(n), values, sample_weight=weights)
        assert isotonic(values, weights) == pytest.approx(expected)
