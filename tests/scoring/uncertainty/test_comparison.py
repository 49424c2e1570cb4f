"""Comparing runs, beside slow tests written from their definitions."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from drawn_runs import DrawnRun, random_run, run_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.table import METRICS
from scoring.metrics.top_k import TOP_K, TOP_K_ERROR
from scoring.uncertainty.comparison import ComparedPair, Comparison, compare
from scoring.uncertainty.estimate import Estimate
from scoring.uncertainty.ranking import first_frequencies, mean_tau, rank_frequencies, ranks_of, tie_groups
from scoring.uncertainty.sampling import Sampling

SKILLS = (0.3, 0.5, 0.5, 1.0, 2.0)


def _estimates(
    skills: tuple[float, ...] = SKILLS, name: str = "adaptive-top-k", n_replicates: int = 99
) -> list[Estimate]:
    """Return runs of different skill, and noise of their own, on one truth."""
    sampling = random_run(0).sampling(n_replicates)
    runs = [_noisy(random_run(0, skill=skill), seed) for seed, skill in enumerate(skills)]
    return [run.estimate(METRICS[name], sampling) for run in runs]


def _noisy(run: DrawnRun, seed: int) -> DrawnRun:
    """Return a run with other scores, and without some of the pairs after the first of each list."""
    rng = np.random.default_rng(seed + 10)
    noisy = replace(run.lists, scores=run.lists.scores + rng.normal(0, 0.5, len(run.lists.scores)))
    kept = rng.random(len(noisy.scores)) < 1 - 0.1 * seed
    kept[noisy.offsets[:-1]] = True
    return replace(run, lists=noisy.taken(kept, np.append(0, np.cumsum(kept))[noisy.offsets]))


def _compared(estimates: list[Estimate]) -> Comparison:
    return compare([f"run {i}" for i in range(len(estimates))], estimates)


def _pair(estimates: list[Estimate], comparison: Comparison, pair: ComparedPair) -> tuple[Estimate, Estimate]:
    by_name = {f"run {i}": each for i, each in enumerate(estimates)}
    return by_name[pair.a], by_name[pair.b]


def _slow_statistics(a: Estimate, b: Estimate) -> tuple[float, list[float], float]:
    """Return |d| / se, |d* - d| / se* of each replicate, and the effective number of units."""
    sampling = a.sampling
    sizes = sampling.units.sizes
    u = a.spread.influence - b.spread.influence
    d = a.score - b.score
    replicated = []
    for i, w in enumerate(sampling.weights.astype(int)):
        moved = a.spread.replicates[i] - b.spread.replicates[i] - d
        error = math.sqrt((w * (u - moved * sizes) ** 2).sum()) / (w * sizes).sum()
        replicated.append(abs(moved) / error if error else (math.inf if moved else 0.0))
    effective = np.abs(u).sum() ** 2 / (u**2).sum() if u.any() else 0.0
    return abs(d) / (math.sqrt((u**2).sum()) / sizes.sum()) if u.any() else 0.0, replicated, effective


def _slow_p(estimates: list[Estimate], comparison: Comparison) -> list[tuple[float, float]]:
    """Test every pair, then step down from the surest: the maximum is of all pairs that are no surer."""
    found = [_slow_statistics(*_pair(estimates, comparison, pair)) for pair in comparison.pairs]
    n = comparison.n_replicates + 1
    testable = [i for i, (_, _, effective) in enumerate(found) if effective >= 10]
    order = sorted(testable, key=lambda i: -found[i][0])
    plain, adjusted, least = dict.fromkeys(range(len(found)), 1.0), dict.fromkeys(range(len(found)), 1.0), 0.0
    for place, i in enumerate(order):
        t, replicated, _ = found[i]
        plain[i] = (1 + sum(each >= t * (1 - 1e-12) for each in replicated)) / n
        largest = [max(column) for column in zip(*(found[j][1] for j in order[place:]), strict=True)]
        least = max(least, (1 + sum(each >= t * (1 - 1e-12) for each in largest)) / n)
        adjusted[i] = least
    return [(plain[i], adjusted[i]) for i in range(len(found))]


@pytest.mark.parametrize("name", METRICS)
def test_tests_of_all_pairs_are_those_of_their_definitions(name: str) -> None:
    estimates = _estimates(name=name)
    comparison = _compared(estimates)
    slow = _slow_p(estimates, comparison)
    assert [pair.p for pair in comparison.pairs] == pytest.approx([plain for plain, _ in slow])
    assert [pair.p_adjusted for pair in comparison.pairs] == pytest.approx([adjusted for _, adjusted in slow])
    assert len(set(slow)) > 2


def test_some_pairs_differ_and_some_do_not() -> None:
    comparison = _compared(_estimates(n_replicates=400))
    assert {pair.different for pair in comparison.pairs} == {False, True}
    for pair in comparison.pairs:
        assert pair.p <= pair.p_adjusted
        assert pair.different == (pair.p_adjusted <= 0.05)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    estimates = _estimates()
    expected = _compared(estimates)
    monkeypatch.setattr("scoring.uncertainty.testing._BLOCK_CELLS", 100)
    blocks = _compared(estimates)
    for one, other in zip(blocks.pairs, expected.pairs, strict=True):
        assert (one.p, one.p_adjusted, one.p_sign_flip) == (other.p, other.p_adjusted, other.p_sign_flip)


def test_sign_flips_beside_those_of_the_definition() -> None:
    estimates = _estimates(n_replicates=200)
    comparison = _compared(estimates)
    signs = estimates[0].sampling.signed_sums(np.eye(len(estimates[0].sampling.units)))
    for pair in comparison.pairs:
        a, b = _pair(estimates, comparison, pair)
        sizes = a.sampling.units.sizes
        totals = a.spread.influence - b.spread.influence + pair.difference * sizes
        assert totals.sum() == pytest.approx(pair.difference * sizes.sum())
        reached = [abs((row * totals).sum()) >= abs(totals.sum()) * (1 - 1e-9) for row in signs]
        assert pair.p_sign_flip == pytest.approx((1 + sum(reached)) / 201)


def test_sign_flips_come_near_all_of_them() -> None:
    # Eight quadrats of equal size, so 256 ways to flip them; no threshold that is fitted.
    lists = [{0: 0.9, 1: 0.1} if hit else {0: 0.1, 1: 0.9} for hit in (1, 1, 1, 1, 1, 1, 1, 0)]
    none = [{0: 0.1, 1: 0.9}] * 8
    runs = [run_of(each, [0] * 8, list(range(8)), k=1) for each in (lists, none)]
    sampling = runs[0].sampling(20_000)
    pair = _compared([run.estimate(TOP_K, sampling) for run in runs]).pairs[0]
    assert (pair.wins, pair.ties, pair.losses) == (7, 1, 0)
    totals = np.array([1] * 7 + [0])
    reached = [abs(np.dot(signs, totals)) >= 7 for signs in itertools.product((-1, 1), repeat=8)]
    assert pair.p_sign_flip == pytest.approx(np.mean(reached), abs=0.002)


@pytest.mark.parametrize("name", METRICS)
def test_a_run_compared_with_itself(name: str) -> None:
    estimate = _estimates()[1] if name == "adaptive-top-k" else _estimates(name=name)[1]
    others = _estimates(name=name)
    comparison = compare(["one", "again", "other"], [estimate, estimate, others[4]])
    pair = next(each for each in comparison.pairs if {each.a, each.b} == {"one", "again"})
    assert (pair.difference, pair.p, pair.p_adjusted, pair.p_sign_flip) == (0, 1, 1, 1)
    assert (pair.wins, pair.ties, pair.losses, pair.different) == (0, 400, 0, False)
    assert (pair.interval.low, pair.interval.high) == (0, 0)
    ranks = {run.run: run.rank for run in comparison.runs}
    assert ranks["one"] == ranks["again"]
    # The pair of one run stays outside the maximum: the others are judged as if it were not there.
    without = compare(["one", "other"], [estimate, others[4]]).pairs[0]
    beside = next(each for each in comparison.pairs if {each.a, each.b} == {"one", "other"})
    assert beside.p_adjusted == without.p_adjusted


def test_a_doubled_score_is_the_same_run() -> None:
    run = random_run(0)
    doubled = replace(run, lists=replace(run.lists, scores=2 * run.lists.scores))
    sampling = run.sampling(50)
    pair = _compared([each.estimate(ADAPTIVE_TOP_K, sampling) for each in (run, doubled)]).pairs[0]
    assert (pair.difference, pair.p, pair.ties) == (0, 1, 400)


def test_a_difference_on_few_quadrats_is_never_called_one() -> None:
    # The second run loses every hit of one quadrat of sixty, and nothing else.
    run = random_run(0, skill=3.0)
    scores = run.lists.scores.copy()
    worse = run.lists.species == np.repeat(run.labels, 6)
    scores[worse & np.repeat(run.quadrats < 3, 6)] = -9
    other = replace(run, lists=replace(run.lists, scores=scores))
    sampling = run.sampling(99)
    pairs = _compared([each.estimate(TOP_K, sampling) for each in (run, other)]).pairs
    assert pairs[0].wins > 0
    assert (pairs[0].p, pairs[0].p_adjusted, pairs[0].different) == (1, 1, False)
    assert pairs[0].p_sign_flip < 1


def test_frequencies_ranks_and_intervals() -> None:
    estimates = _estimates()
    comparison = _compared(estimates)
    assert [run.score for run in comparison.runs] == sorted((each.score for each in estimates), reverse=True)
    assert sum(run.first_frequency for run in comparison.runs) == pytest.approx(1)
    for run in comparison.runs:
        assert sum(run.rank_frequencies) == pytest.approx(1)
        assert run.rank_set[0] <= run.rank <= run.rank_set[1]
        own = estimates[int(run.run.split()[1])]
        assert run.interval == own.interval()
    best, worst = comparison.runs[0], comparison.runs[-1]
    pair = next(each for each in comparison.pairs if (each.a, each.b) == (best.run, worst.run))
    a, b = _pair(estimates, comparison, pair)
    left_out = a.spread.left_out - b.spread.left_out
    error = math.sqrt((len(left_out) - 1) * left_out.var())
    reach = stats.t.ppf(0.975, comparison.effective_units - 1) * error
    assert (pair.interval.low, pair.interval.high) == pytest.approx(
        (pair.difference - reach, pair.difference + reach)
    )


def test_lower_is_better_turns_the_order_and_the_wins_around() -> None:
    accuracy, error = (_compared(_estimates(name=metric.name)) for metric in (TOP_K, TOP_K_ERROR))
    assert [run.run for run in error.runs] == [run.run for run in accuracy.runs]
    for one, other in zip(accuracy.pairs, error.pairs, strict=True):
        assert other.difference == pytest.approx(-one.difference)
        assert (other.wins, other.ties, other.losses) == (one.wins, one.ties, one.losses)
        assert (other.p, other.p_adjusted) == (one.p, one.p_adjusted)
    assert [run.first_frequency for run in error.runs] == [run.first_frequency for run in accuracy.runs]
    assert error.kendall_tau == pytest.approx(accuracy.kendall_tau)


def test_frames() -> None:
    comparison = _compared(_estimates())
    assert comparison.to_frame().run.tolist() == [run.run for run in comparison.runs]
    assert comparison.pairs_to_frame().p.tolist() == [pair.p for pair in comparison.pairs]
    assert {"score", "low", "high", "letters", "first_frequency"} <= set(comparison.to_frame())


def test_what_must_agree_and_does_not_is_named() -> None:
    ours, theirs = _estimates()[:2]
    other_k = replace(theirs, signature=theirs.signature.replace("k:2", "k:3"))
    with pytest.raises(ValueError, match="a and b were not scored alike: k 2 and 3"):
        compare(["a", "b"], [ours, other_k])
    with pytest.raises(ValueError, match="metric adaptive-top-k and top-k"):
        compare(["a", "b"], [ours, _estimates(name="top-k")[0]])
    apart = random_run(0).estimate(ADAPTIVE_TOP_K, random_run(0).sampling(9))
    with pytest.raises(ValueError, match="do not share their replicates"):
        compare(["a", "b"], [ours, apart])
    with pytest.raises(ValueError, match="two runs or more"):
        compare(["a"], [ours])


def test_how_many_pairs_were_dropped_may_differ() -> None:
    ours, theirs = _estimates()[:2]
    comparison = compare(
        ["a", "b"], [ours, replace(theirs, signature=theirs.signature.replace("dropped:0", "dropped:7"))]
    )
    assert "dropped" not in comparison.signature
    assert "|unit:quadrat|replicates:99|seed:0|" in comparison.signature


_GRAPHS = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.booleans(), min_size=n * n, max_size=n * n).map(
        lambda cells: _symmetric(np.array(cells).reshape(n, n))
    )
)


def _symmetric(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    upper = np.triu(cells, 1)
    return upper | upper.T


@given(differ=_GRAPHS)
def test_two_runs_share_a_tie_group_exactly_if_they_are_not_called_different(
    differ: NDArray[np.bool_],
) -> None:
    groups = tie_groups(differ)
    for a, b in itertools.combinations(range(len(differ)), 2):
        assert any(a in group and b in group for group in groups) != differ[a, b]
    assert {run for group in groups for run in group} == set(range(len(differ)))
    assert not any(set(one) < set(other) for one in groups for other in groups)


def test_tie_groups_do_not_explode() -> None:
    # Twenty teams of two runs that differ, all else alike: there are 2^20 greatest groups.
    differ = np.kron(np.eye(20, dtype=bool), ~np.eye(2, dtype=bool))
    assert len(tie_groups(differ)) < 25


_REPLICATES = st.integers(2, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=n, max_size=n), min_size=2, max_size=6
    )
)


@given(rows=_REPLICATES)
def test_tau_and_frequencies_beside_scipy(rows: list[list[float]]) -> None:
    scores, replicates = np.array(rows[0]), np.array(rows[1:])
    taus = [stats.kendalltau(scores, each).statistic for each in replicates if len(set(each)) > 1]
    expected = np.mean(taus) if taus and len(set(rows[0])) > 1 else None
    assert mean_tau(scores, replicates) == (expected if expected is None else pytest.approx(expected))
    ranks = ranks_of(replicates)
    assert np.array_equal(ranks, [stats.rankdata(-each, "min") for each in replicates])
    n_first = np.zeros(len(scores))
    for each in replicates:
        n_first += (each == each.max()) / np.count_nonzero(each == each.max())
    assert first_frequencies(ranks) == pytest.approx(n_first / len(replicates))
    frequencies = rank_frequencies(ranks)
    for run, rank in np.ndindex(frequencies.shape):
        assert frequencies[run, rank] == pytest.approx(np.mean(ranks[:, run] == rank + 1))


def test_many_runs_of_one_score() -> None:
    estimate = _estimates()[0]
    comparison = compare([str(i) for i in range(30)], [estimate] * 30)
    assert comparison.kendall_tau is None
    assert {run.rank_set for run in comparison.runs} == {(1, 30)}
    assert {run.letters for run in comparison.runs} == {"a"}
    assert comparison.tie_groups == (tuple(str(i) for i in range(30)),)
    assert [run.first_frequency for run in comparison.runs] == pytest.approx([1 / 30] * 30)


def test_occurrences_as_units_are_told() -> None:
    run = random_run(0)
    one_each = replace(run, quadrats=np.arange(400))
    sampling = Sampling.of(type(one_each.units).of_occurrences(400), n_replicates=20)
    comparison = _compared([each.estimate(TOP_K, sampling) for each in (one_each, _noisy(one_each, 1))])
    assert (comparison.unit, comparison.n_units, comparison.effective_units) == ("occurrence", 400, 400)
    assert "unit:occurrence" in comparison.signature
