"""What is drawn, how often, and Student's t beside SciPy's."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.student import t_quantile
from scoring.uncertainty.units import Units, effective_number


@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.995, 0.025, 0.1])
@pytest.mark.parametrize("degrees", [0.7, 1, 2.5, 8.3, 9, 38.25, 336.2, 5000.0, 42_404.0])
def test_quantiles_of_t_are_those_of_scipy(probability: float, degrees: float) -> None:
    expected = stats.t.ppf(probability, degrees)
    assert t_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0, 5), (1, 5), (0.9, 0), (float("nan"), 5)])
def test_there_is_no_quantile_outside(probability: float, degrees: float) -> None:
    with pytest.raises(ValueError, match="no quantile of t"):
        t_quantile(probability, degrees)


def test_quadrats_are_numbered_by_place_whatever_the_order_of_occurrences() -> None:
    latitudes, longitudes = np.array([43.6, 47.1, 43.6, 30.2]), np.array([3.88, 2.0, 3.90, -97.0])
    units, backwards = (
        Units.of_places(latitudes, longitudes),
        Units.of_places(latitudes[::-1], longitudes[::-1]),
    )
    assert units.numbers.tolist() == [1, 2, 1, 0]
    assert backwards.numbers.tolist() == units.numbers.tolist()[::-1]
    assert units.sizes.tolist() == [1, 2, 1]
    assert units.totals(np.array([1, 10, 100, 1000])).tolist() == [1000, 101, 10]


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="1 places are not finite"):
        Units.of_places([43.6, np.nan], [3.8, 3.8])


def test_effective_numbers_by_hand() -> None:
    assert Units.of_occurrences(7).effective == 7
    assert effective_number([3, 1]) == 16 / 10
    assert effective_number([-3, 1]) == 16 / 10  # of influences the magnitudes count
    assert Units.of_labels([5, 5, 5]).effective == 1


def test_the_real_quadrats(realdata: Path) -> None:
    rows = []
    for region in ("fr", "us"):
        with (realdata / "occurrences" / f"occurrences_{region}_test.csv").open() as file:
            rows += [(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file, delimiter=";")]
    units = Units.of_places(*np.array(rows).T)
    assert (len(units.numbers), len(units), units.sizes.max()) == (42_405, 3569, 928)
    assert units.effective == pytest.approx(336.6, abs=0.1)


@pytest.mark.parametrize("n_units", [1, 2, 255, 256, 3000])
def test_every_replicate_draws_as_many_units_as_there_are(n_units: int) -> None:
    sampling = Sampling.of(Units.of_occurrences(n_units), n_replicates=50)
    assert sampling.weights.dtype == np.uint8
    assert sampling.weights.sum(axis=1).tolist() == [n_units] * 50


def test_a_unit_that_is_drawn_more_than_255_times_is_counted_in_full() -> None:
    assert Sampling.of(Units.of_occurrences(1)).weights.max() == 1
    sampling = Sampling.of(Units.of_occurrences(300), n_replicates=3)
    wide = Sampling(sampling.units, sampling.weights.astype(np.uint16) * 300, 0)
    assert wide.sums(np.ones(300)).tolist() == [90_000.0] * 3


def test_weights_are_multinomial() -> None:
    n_units, n_replicates = 50, 4000
    weights = Sampling.of(Units.of_occurrences(n_units), n_replicates=n_replicates, seed=3).weights
    counts = np.bincount(weights.ravel(), minlength=8)[:8] / weights.size
    expected = stats.binom.pmf(np.arange(8), n_units, 1 / n_units)
    assert counts == pytest.approx(expected, abs=4 * np.sqrt(0.25 / weights.size))
    correlations = np.corrcoef(weights[:, :10].astype(float).T)[np.triu_indices(10, 1)]
    assert correlations.mean() == pytest.approx(-1 / (n_units - 1), abs=4 / np.sqrt(n_replicates * 45))


# Of 6 units by seed 0: a change would change every published interval.
GOLDEN_WEIGHTS = [[2, 1, 0, 0, 3, 0], [1, 2, 0, 2, 0, 1], [1, 0, 1, 1, 2, 1]]


def test_draws_depend_on_seed_alone_and_never_change() -> None:
    units = Units.of_occurrences(6)
    first = Sampling.of(units, n_replicates=3)
    assert np.array_equal(Sampling.of(units, n_replicates=5).weights[:3], first.weights)
    assert not np.array_equal(Sampling.of(units, n_replicates=3, seed=1).weights, first.weights)
    assert not np.array_equal(Sampling.of(units, n_replicates=3, seed=1 << 64).weights, first.weights)
    assert first.weights.tolist() == GOLDEN_WEIGHTS


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    units = Units.of_occurrences(40)
    values = np.random.default_rng(0).integers(0, 100, (40, 3)).astype(float)
    whole = Sampling.of(units, n_replicates=11)
    expected = whole.sums(values), whole.signed_sums(values)
    monkeypatch.setattr("scoring.uncertainty.sampling._BLOCK_WEIGHTS", 80)
    blocks = Sampling.of(units, n_replicates=11)
    assert np.array_equal(blocks.weights, whole.weights)
    assert np.array_equal(blocks.sums(values), expected[0])
    assert np.array_equal(blocks.signed_sums(values), expected[1])
    assert np.array_equal(expected[0], whole.weights.astype(int) @ values)


def test_signs_are_fair_and_not_the_draws() -> None:
    sampling = Sampling.of(Units.of_occurrences(200), n_replicates=500)
    signs = sampling.signed_sums(np.eye(200))
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)
    assert abs(np.corrcoef(signs.ravel(), sampling.weights.ravel())[0, 1]) < 4 / np.sqrt(signs.size)


def test_without_replicates_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="at least one replicate"):
        Sampling.of(Units.of_occurrences(3), n_replicates=0)
