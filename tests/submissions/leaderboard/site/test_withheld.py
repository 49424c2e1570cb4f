"""Small parts and cells: merged or left out, and what is left out cannot be concluded."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.places import quadrat_keys, quadrat_of_place
from scoring.uncertainty.units import Units
from submissions.leaderboard.season import Ground
from submissions.leaderboard.site.cells import cell_maps
from submissions.leaderboard.site.drawing import Ruler, drawn_map, drawn_squares
from submissions.leaderboard.site.withheld import merged_ranges, told_parts
from submissions.places import TruthUnits

LEAST = 10


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 12))
def test_what_is_left_out_is_nothing_or_enough(sizes: list[int], least: int) -> None:
    parts = [{"by": "x", "part": str(i), "n_occurrences": n} for i, n in enumerate(sizes)]
    for told in told_parts(parts, least=least):
        kept = [part["n_occurrences"] for part in told.parts]
        assert all(n >= least for n in kept)
        assert sum(kept) + told.n_withheld == sum(sizes)
        assert told.n_withheld == 0 or told.n_withheld >= least or not kept
        enough = [n for n in sizes if n >= least]
        assert len(kept) >= len(enough) - 1  # no more is left out than must be


@given(st.lists(st.integers(0, 30), min_size=1, max_size=10), st.integers(1, 12))
def test_ranges_cover_all_that_is_there_in_order(counts: list[int], least: int) -> None:
    ranges = merged_ranges(np.array(counts), least)
    assert all(sum(counts[start:end]) >= least for start, end in ranges)
    if ranges:
        assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
        assert sum(sum(counts[start:end]) for start, end in ranges) == sum(counts)
    else:
        assert sum(counts) < least


def ground_of(seed: int, n: int, spread: float) -> Ground:
    rng = np.random.default_rng(seed)
    region = rng.integers(0, 2, n)
    latitudes = np.where(region == 1, 46, 38) + spread * rng.normal(size=n)
    longitudes = np.where(region == 1, 2, -98) + spread * rng.normal(size=n)
    keys = quadrat_keys(quadrat_of_place(latitudes, longitudes))
    ids = 10_000_000 * region + 1 + np.arange(n)
    return Ground(ids, TruthUnits(Units.of_labels(keys), keys), None, 0)


grounds = st.builds(
    ground_of, st.integers(0, 99), st.integers(1, 400), st.sampled_from([0.02, 0.3, 2.0, 6.0])
)


@given(grounds, st.sampled_from([1, LEAST]))
def test_every_occurrence_is_in_one_cell_of_enough_or_left_out(ground: Ground, least: int) -> None:
    maps = cell_maps(ground, least=least)
    sizes = ground.units.units.sizes
    assert sum(each.n_withheld + each.n_occurrences.sum() for each in maps) == len(ground.ids)
    cells_of_units = np.array([each.of_units >= 0 for each in maps])
    assert (cells_of_units.sum(axis=0) <= 1).all()
    for each in maps:
        assert (each.n_occurrences >= least).all()
        inside = each.of_units >= 0
        counted = np.bincount(each.of_units[inside], sizes[inside], len(each.n_occurrences))
        assert counted.tolist() == each.n_occurrences.tolist()
        assert least > 1 or each.n_withheld == 0


@given(grounds)
def test_cells_of_a_map_do_not_overlap(ground: Ground) -> None:
    for each in cell_maps(ground, least=LEAST):
        drawn = np.zeros((each.height + 1024, each.width + 1024), np.int8)
        for x, y, side in zip(each.x.tolist(), each.y.tolist(), each.sides.tolist(), strict=True):
            drawn[y : y + side, x : x + side] += 1
        assert drawn.max(initial=0) <= 1


@given(grounds, st.integers(0, 9))
def test_shares_are_means_over_the_occurrences_of_cells(ground: Ground, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2, len(ground.ids)).astype(np.float64)
    units = ground.units.units
    for each in cell_maps(ground, least=LEAST):
        of_occurrences = each.of_units[units.numbers]
        wanted = [values[of_occurrences == cell].mean() for cell in range(len(each.n_occurrences))]
        shares = each.shares(units.totals(values))
        np.testing.assert_allclose(shares, wanted)
        assert sum(drawn_map(each, shares).n_cells) == len(shares)


def test_places_lie_as_on_a_map() -> None:
    """North is up, east is right: Lille, Brest, Strasbourg, Marseille."""
    latitudes, longitudes = np.array([50.63, 48.39, 48.58, 43.30]), np.array([3.06, -4.49, 7.75, 5.37])
    keys = quadrat_keys(quadrat_of_place(latitudes, longitudes))
    ids = 10_000_001 + np.arange(4)
    (found,) = cell_maps(Ground(ids, TruthUnits(Units.of_labels(keys), keys), None, 0), least=1)
    cell_of = found.of_units[Units.of_labels(keys).numbers]
    x, y = found.x[cell_of], found.y[cell_of]
    assert y.argmin() == 0
    assert y.argmax() == 3
    assert x.argmin() == 1
    assert x.argmax() == 2
    kilometres = 5 * np.hypot(x[2] - x[1], y[2] - y[1])
    assert abs(kilometres - 900) < 60


def test_without_places_there_is_no_map() -> None:
    ids = np.arange(1, 5)
    assert cell_maps(Ground(ids, TruthUnits(Units.of_occurrences(4), ids), None, 0), least=1) == []


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5))
def test_an_axis_holds_its_values_and_has_round_ticks(values: list[float]) -> None:
    axis = Ruler.around(values, 100)
    assert all(0 <= axis.at(value) <= 100 for value in values)
    ticks = axis.ticks()
    assert ticks or axis.high - axis.low < 1e-9
    for at, words in ticks:
        assert -0.1 <= at <= 100.1
        assert abs(axis.at(float(words)) - at) < 1 + 1e-3 * abs(axis.high) / (axis.high - axis.low)


@given(st.integers(1, 6), st.integers(0, 99), st.sampled_from([0.0, 0.25]))
def test_squares_cover_what_they_stand_for(n: int, seed: int, inset: float) -> None:
    chosen: Any = np.random.default_rng(seed).random((n, n)) < 0.4
    path = drawn_squares(chosen, inset=inset)
    area = 0.0
    for piece in path.split("z")[:-1]:
        width, rest = piece.split("h", 1)[1].split("v", 1)
        area += float(width) * float(rest.split("h")[0])
    assert abs(area - chosen.sum() * (1 - 2 * inset) ** 2) < 1e-9
