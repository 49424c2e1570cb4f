"""Splits: quadrats are never cut, shares hold, the order of rows does not matter, and the files are right."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from commands import glckit
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from baselines.covariates.occurrences import Occurrences, place_occurrences, read_all_occurrences
from baselines.covariates.splits.files import summarise, write_block_split, write_occurrences
from baselines.covariates.splits.holdout import HELD_OUT, TRAIN, block_split, random_holdout, random_split
from baselines.covariates.splits.map import draw_split
from glckit.cli import app
from scoring.places import quadrat_of_place
from submissions.errors import BadInputError, UsageError
from submissions.tables import OccurrenceTable, read_occurrences, read_truth


def _table(n: int, seed: int = 0) -> Occurrences:
    """Return clustered occurrences in both regions, several a quadrat."""
    generator = np.random.default_rng(seed)
    n_fr = n // 2
    centres = np.concatenate(
        [
            generator.uniform([43, -4], [50, 7], (max(n // 20, 1), 2)),
            generator.uniform([26, -120], [48, -70], (max(n // 20, 1), 2)),
        ]
    )
    half = len(centres) // 2
    chosen = np.concatenate([generator.integers(0, half, n_fr), generator.integers(half, 2 * half, n - n_fr)])
    places = centres[chosen] + generator.normal(0, 0.03, (n, 2))
    ids = np.concatenate(
        [10_000_000 + generator.permutation(9 * n)[:n_fr], generator.permutation(9 * n)[: n - n_fr]]
    )
    species = np.minimum(generator.geometric(0.05, n), 300)
    return place_occurrences([OccurrenceTable(ids, places[:, 0], places[:, 1], species)])


# ---------------------------------------------------------------- quadrats on the ground


def _geodesic_m(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the distance on the WGS84 ellipsoid by Vincenty's inverse formula (Survey Review, 1975)."""
    major, flattening = 6_378_137.0, 1 / 298.257223563
    minor = major * (1 - flattening)
    reduced = [math.atan((1 - flattening) * math.tan(math.radians(place[0]))) for place in (start, end)]
    (sin1, cos1), (sin2, cos2) = ((math.sin(u), math.cos(u)) for u in reduced)
    difference = math.radians(end[1] - start[1])
    angle = difference
    for _ in range(100):
        sin_a, cos_a = math.sin(angle), math.cos(angle)
        sin_s = math.hypot(cos2 * sin_a, cos1 * sin2 - sin1 * cos2 * cos_a)
        cos_s = sin1 * sin2 + cos1 * cos2 * cos_a
        sigma = math.atan2(sin_s, cos_s)
        sin_alpha = cos1 * cos2 * sin_a / sin_s
        cos2_alpha = 1 - sin_alpha**2
        cos_2m = cos_s - 2 * sin1 * sin2 / cos2_alpha
        c = flattening / 16 * cos2_alpha * (4 + flattening * (4 - 3 * cos2_alpha))
        inner = cos_2m + c * cos_s * (2 * cos_2m**2 - 1)
        previous, angle = angle, difference + (1 - c) * flattening * sin_alpha * (sigma + c * sin_s * inner)
        if abs(angle - previous) < 1e-13:
            break
    u2 = cos2_alpha * (major**2 / minor**2 - 1)
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    outer = cos_s * (2 * cos_2m**2 - 1) - b / 6 * cos_2m * (4 * sin_s**2 - 3) * (4 * cos_2m**2 - 3)
    return minor * a * (sigma - b * sin_s * (cos_2m + b / 4 * outer))


def test_the_geodesic_formula_gives_published_distances() -> None:
    # A degree of latitude at 45 N, and of longitude at 45 N, from the series of the ellipsoid.
    assert _geodesic_m((44.5, 0), (45.5, 0)) == pytest.approx(111_131.8, abs=0.2)
    assert _geodesic_m((45, 0), (45, 0.1)) == pytest.approx(7_884.7, abs=0.2)


def _edges(latitude: float, longitude: float, *, axis: int) -> tuple[float, float]:
    """Find the two edges of the quadrat of a place along an axis, by bisection on the quadrat's number."""

    def number(shift: float) -> int:
        place = (latitude + shift, longitude) if axis == 0 else (latitude, longitude + shift)
        return int(quadrat_of_place(*([coordinate] for coordinate in place))[0, axis])

    edges = []
    for direction in (-1, 1):
        inside, outside = 0.0, 0.2 * direction
        assert number(outside) != number(0.0)
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if number(middle) == number(0.0) else (inside, middle)
        edges.append((longitude if axis else latitude) + inside)
    return edges[0], edges[1]


@pytest.mark.parametrize("longitude", [-124.3, -70.01, -4.9, 0.01, 9.4])
@pytest.mark.parametrize("latitude", [24.01, 25.5, 30.2, 37.7, 43.6, 45.0, 48.85, 50.99])
def test_quadrats_are_5_km_on_the_ground(latitude: float, longitude: float) -> None:
    south, north = _edges(latitude, longitude, axis=0)
    west, east = _edges(latitude, longitude, axis=1)
    assert _geodesic_m((south, longitude), (north, longitude)) == pytest.approx(5000, rel=0.01)
    for parallel in (south, (south + north) / 2, north):
        assert _geodesic_m((parallel, west), (parallel, east)) == pytest.approx(5000, rel=0.01)


# ---------------------------------------------------------------- the spatial block holdout


@settings(deadline=None)  # the first table of a size takes longer
@given(
    seed=st.integers(-(2**70), 2**70),
    holdout=st.floats(0.02, 0.9),
    block_km=st.floats(1, 50),
    world=st.integers(0, 20),
)
def test_quadrats_are_whole_and_the_share_holds(
    seed: int, holdout: float, block_km: float, world: int
) -> None:
    table = _table(400, seed=world)
    quadrats = quadrat_of_place(table.latitudes, table.longitudes, block_km=block_km)
    n_quadrats = len({tuple(quadrat) for quadrat in quadrats.tolist()})
    if round(holdout * n_quadrats) in (0, n_quadrats):
        with pytest.raises(UsageError, match="occupied quadrats is"):
            block_split(table, block_km=block_km, holdout=holdout, seed=seed)
        return
    split = block_split(table, block_km=block_km, holdout=holdout, seed=seed)
    sides = [
        {tuple(quadrat) for quadrat in quadrats[split.mask(part)].tolist()} for part in (TRAIN, HELD_OUT)
    ]
    assert not sides[0] & sides[1]
    assert abs(len(sides[1]) - holdout * n_quadrats) <= 0.5
    assert [split.n_quadrats(split.mask(part)) for part in split.parts] == [len(side) for side in sides]
    assert sum(split.sizes.values()) == len(table) == len(split)


@settings(deadline=None)
@given(order=st.permutations(range(60)), seed=st.integers(0, 5))
def test_the_order_of_rows_changes_nothing(order: list[int], seed: int) -> None:
    table = _table(60)
    shuffled = table.select(np.array(order))
    for before, after in (
        (block_split(table, holdout=0.3, seed=seed), block_split(shuffled, holdout=0.3, seed=seed)),
        (random_split(table.ids, seed=seed), random_split(shuffled.ids, seed=seed)),
        (
            random_holdout(table.ids, holdout=0.1, seed=seed),
            random_holdout(shuffled.ids, holdout=0.1, seed=seed),
        ),
    ):
        assert np.array_equal(before.part_of[order], after.part_of)


def test_every_quadrat_is_as_likely_as_any_other() -> None:
    table = _table(400)
    n_seeds = 400
    counts = sum(
        block_split(table, holdout=0.25, seed=seed).mask(HELD_OUT).astype(int) for seed in range(n_seeds)
    )
    # 0.25 of 400 draws is 100 with a deviation of 8.7; over some 100 quadrats 4.5 deviations are never met.
    assert np.abs(counts - 100).max() < 4.5 * math.sqrt(n_seeds * 0.25 * 0.75)


def test_a_split_stays_as_it_was() -> None:
    # Published splits must come back with the next version; the numbers are of the first.
    table = OccurrenceTable(np.arange(8), np.linspace(43, 50, 8), np.linspace(-4, 8, 8))
    held_out = [
        np.flatnonzero(block_split(table, holdout=0.25, seed=seed).mask(HELD_OUT)).tolist()
        for seed in range(3)
    ]
    assert held_out == [[0, 6], [3, 7], [3, 7]]


def test_large_tables_hold_out_the_default_share() -> None:
    table = _table(40_000)
    split = block_split(table)
    n_quadrats = split.n_quadrats(np.ones(len(table), dtype=np.bool_))
    assert split.n_quadrats(split.mask(HELD_OUT)) == round(0.025 * n_quadrats)
    assert 0.01 < split.sizes[HELD_OUT] / len(table) < 0.05


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"holdout": 0.0}, "above 0 and below 1, not 0"),
        ({"holdout": 1.0}, "above 0 and below 1, not 1"),
        ({"holdout": math.nan}, "above 0 and below 1, not nan"),
        ({"holdout": 0.001}, r"A share of 0.001 of \d+ occupied quadrats is none of them"),
        ({"holdout": 0.999}, r"A share of 0.999 of \d+ occupied quadrats is all of them"),
        ({"block_km": 0.0}, "The side of a quadrat must be 0.001 to 1000 km, not 0 km"),
        ({"block_km": math.inf}, "not inf km"),
        ({"block_km": math.nan}, "not nan km"),
    ],
)
def test_what_cannot_be_meant(options: dict[str, float], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        block_split(_table(100), **options)


# ---------------------------------------------------------------- random splits


@given(n=st.integers(0, 500), seed=st.integers(0, 100))
def test_the_split_of_the_cnn(n: int, seed: int) -> None:
    split = random_split(np.arange(1000, 1000 + n), seed=seed)
    assert split.parts == ("train", "validation", "test")
    for part, share in zip(split.parts, (0.9, 0.05, 0.05), strict=True):
        assert abs(split.sizes[part] - share * n) <= 1
        assert split.mask(part).sum() == split.sizes[part]


@given(n=st.integers(101, 3000), seed=st.integers(0, 100))
def test_the_holdout_of_the_forest(n: int, seed: int) -> None:
    split = random_holdout(np.arange(n), seed=seed)
    assert split.sizes == {TRAIN: n - round(0.005 * n), HELD_OUT: round(0.005 * n)}


def test_seeds_differ_and_neighbouring_ids_do_not_stay_together() -> None:
    ids = np.arange(10_000)
    first, second = (random_split(ids, seed=seed).mask("test") for seed in (0, 1))
    assert not np.array_equal(first, second)
    both = (first & second).sum()
    assert 5 <= both <= 55  # 25 are expected of independent draws, with a deviation of 5
    assert abs(ids[first].mean() - 5000) < 500
    assert 5 <= (first[1:] & first[:-1]).sum() <= 55


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.9, 0.2, 0.1), (1.1, -0.1, 0.0)])
def test_shares_that_do_not_add_up(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="shares must be one per part"):
        random_split(np.arange(10), shares=shares)


def test_parts_are_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match="part must be among"):
        random_split(np.arange(10)).mask(HELD_OUT)


# ---------------------------------------------------------------- files


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    table = _table(600)
    paths = [tmp_path / f"occurrences_{region}_train.csv" for region in ("fr", "us")]
    for path, region in zip(paths, ("fr", "us"), strict=True):
        write_occurrences(path, table.select(table.regions == region))
    return paths


def test_both_sides_are_written(files: list[Path], tmp_path: Path) -> None:
    written = write_block_split(files, tmp_path / "split", holdout=0.2, seed=4)
    assert [path.name for path in written.paths] == [
        "occurrences_fr_train.csv",
        "occurrences_fr_test.csv",
        "occurrences_us_train.csv",
        "occurrences_us_test.csv",
        "truth.csv",
    ]
    before, after = read_all_occurrences(files), read_all_occurrences(written.paths[:4])
    assert sorted(before.ids.tolist()) == sorted(after.ids.tolist())
    truth = read_truth(written.paths[-1])
    assert np.array_equal(truth.ids, np.sort(after.ids[~after.labelled]))
    species_of = dict(zip(before.ids.tolist(), before.species.tolist(), strict=True))
    assert [species_of[i] for i in truth.ids.tolist()] == truth.species.tolist()
    for path in written.paths[:4]:
        table = read_occurrences(path)
        assert (table.species is None) == path.name.endswith("test.csv")
        rows = np.searchsorted(written.table.ids, table.ids)
        assert np.array_equal(written.table.latitudes[rows], table.latitudes)  # to the last bit
        assert np.array_equal(written.table.longitudes[rows], table.longitudes)


def test_files_in_another_order_make_equal_files(files: list[Path], tmp_path: Path) -> None:
    first = write_block_split(files, tmp_path / "a", holdout=0.2)
    for path in files:
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *rows[::-1]]) + "\n")
    second = write_block_split(files[::-1], tmp_path / "b", holdout=0.2)
    assert [path.read_bytes() for path in first.paths] == [path.read_bytes() for path in second.paths]


def test_the_summary_counts_what_a_set_would(files: list[Path]) -> None:
    table = read_all_occurrences(files)
    split = block_split(table, holdout=0.3, seed=1)
    summaries = summarise(table, split)
    assert [(each.region, each.part) for each in summaries] == [
        (region, part) for region in ("fr", "us") for part in (TRAIN, HELD_OUT)
    ]
    trained = set(table.species[split.mask(TRAIN)].tolist())
    for each in summaries:
        rows = (table.regions == each.region) & split.mask(each.part)
        species = set(table.species[rows].tolist())
        assert each.n_occurrences == rows.sum()
        assert each.n_species == len(species)
        assert each.n_unseen_species == len(species - trained)
        assert each.n_quadrats == len({tuple(quadrat) for quadrat in table.quadrats[rows].tolist()})
    assert sum(each.n_unseen_species for each in summaries) > 0


def test_test_files_cannot_be_split(tmp_path: Path) -> None:
    path = tmp_path / "occurrences_fr_test.csv"
    path.write_text("id;lat;lon\n10000001;43.6;3.88\n10000002;45.6;3.88\n")
    with pytest.raises(
        BadInputError,
        match=r"2 occurrences of .*occurrences_fr_test.csv have no species_id, such as 10000001",
    ):
        write_block_split([path], tmp_path / "split", holdout=0.5)


def test_nothing_is_overwritten_that_is_read(files: list[Path], tmp_path: Path) -> None:
    before = [path.read_bytes() for path in files]
    with pytest.raises(UsageError, match=r"would overwrite what it reads: .*occurrences_fr_train.csv"):
        write_block_split(files, tmp_path, holdout=0.2)
    assert [path.read_bytes() for path in files] == before
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_a_map_is_drawn(files: list[Path], tmp_path: Path) -> None:
    table = read_all_occurrences(files)
    draw_split(table, block_split(table, holdout=0.2), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


# ---------------------------------------------------------------- the command


def test_the_command_writes_and_reports(files: list[Path], tmp_path: Path) -> None:
    arguments = ["split", *map(str, files), "-o", str(tmp_path / "out"), "--holdout", "0.2", "--json"]
    result = CliRunner().invoke(app, [*arguments, "--plot", str(tmp_path / "map.png")])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert sum(part["n_occurrences"] for part in report["parts"]) == 600
    assert [Path(path).name for path in report["files"]][-1] == "truth.csv"
    assert all(Path(path).is_file() for path in report["files"])
    assert (tmp_path / "map.png").is_file()
    assert "truth.csv" in result.stderr


def test_the_command_prints_a_table(files: list[Path], tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["split", str(files[0]), "-o", str(tmp_path / "out"), "--holdout", "0.2"]
    )
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["region", "fr", "fr"]


@pytest.mark.parametrize(
    ("arguments", "status", "match"),
    [
        (["--holdout", "2"], 2, "above 0 and below 1"),
        (["--block-km", "-5"], 2, "The side of a quadrat"),
        (["--seed", "9999999999999999999999", "--holdout", "0.2"], 0, "truth.csv"),
    ],
)
def test_the_command_says_what_is_wrong(
    files: list[Path], tmp_path: Path, arguments: list[str], status: int, match: str
) -> None:
    result = CliRunner().invoke(app, ["split", *map(str, files), "-o", str(tmp_path / "out"), *arguments])
    assert result.exit_code == status
    assert match in result.stderr
    assert "Traceback" not in result.stderr


def test_an_absent_file_cannot_be_split(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["split", str(tmp_path / "none.csv"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "none.csv" in result.stderr


def test_leftovers_of_another_split_are_refused(tmp_path: Path) -> None:
    (tmp_path / "occurrences_us_test.csv").write_text("id;lat;lon\n5;30;-90\n")
    rows = "".join(f"{10_000_001 + i};{44 + i / 10};3.9;1\n" for i in range(40))
    (tmp_path / "all_fr.csv").write_text("id;lat;lon;species_id\n" + rows)
    result = glckit("split", tmp_path / "all_fr.csv", "-o", tmp_path, "--holdout", 0.2)
    assert result.exit_code == 2
    assert "occurrences_us_test.csv of another split" in result.stderr
    assert not (tmp_path / "truth.csv").exists()


def test_a_place_off_the_globe_is_named(tmp_path: Path) -> None:
    (tmp_path / "fr.csv").write_text("id;lat;lon;species_id\n10000001;444;3.9;1\n10000002;45;3;1\n")
    result = glckit("split", tmp_path / "fr.csv", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "fr.csv has 1 id at places that are not on the globe, such as 10000001" in result.stderr
