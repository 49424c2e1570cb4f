"""Occurrences with region and quadrat, and the tables that must not be trusted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.covariates.occurrences import NO_SPECIES, place_occurrences, read_all_occurrences
from baselines.covariates.regions import REGION_BOUNDS
from submissions.errors import BadInputError, CannotCheckError
from submissions.staleness import staleness
from submissions.tables import OccurrenceTable, read_occurrences, read_species

FR_TRAIN = "id;lat;lon;species_id\n10000001;43.6;3.88;7\n10000002;43.6;3.88;9\n10000005;48.85;2.35;7\n"
FR_TEST = "id;lat;lon\n10000003;45.0;6.0\n"
US_TRAIN = "id;lat;lon;species_id\n193;28.1;-82.6;3\n2000197;33.8;-117.9;4\n"
US_TEST = "id;lat;lon\n219;47.8;-122.3\n"


def _write(folder: Path, **texts: str) -> list[Path]:
    paths = [folder / f"occurrences_{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def test_four_files_make_one_table(tmp_path: Path) -> None:
    paths = _write(tmp_path, fr_train=FR_TRAIN, us_train=US_TRAIN, fr_test=FR_TEST, us_test=US_TEST)
    table = read_all_occurrences(paths)
    assert table.ids.tolist() == [10000001, 10000002, 10000005, 193, 2000197, 10000003, 219]
    assert table.regions.tolist() == ["fr", "fr", "fr", "us", "us", "fr", "us"]
    assert table.species.tolist() == [7, 9, 7, 3, 4, NO_SPECIES, NO_SPECIES]
    assert table.labelled.tolist() == [True] * 5 + [False] * 2
    assert table.quadrats.shape == (7, 2)
    assert table.shares_place.tolist() == [True, True, False, False, False, False, False]


def test_select_keeps_the_columns_together(tmp_path: Path) -> None:
    table = read_all_occurrences(_write(tmp_path, fr_train=FR_TRAIN)[0])
    chosen = table.select(table.species == 7)
    assert chosen.ids.tolist() == [10000001, 10000005]
    assert chosen.latitudes.tolist() == [43.6, 48.85]
    assert chosen.quadrats.tolist() == table.quadrats[[0, 2]].tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_duplicates_are_counted_as_a_counter_would(cells: list[tuple[int, int]]) -> None:
    latitudes = np.array([40.0 + cell[0] for cell in cells])
    longitudes = np.array([1.0 + cell[1] for cell in cells])
    ids = np.arange(10_000_000, 10_000_000 + len(cells))
    table = place_occurrences([OccurrenceTable(ids, latitudes, longitudes)])
    counts = Counter(cells)
    assert table.shares_place.tolist() == [counts[cell] > 1 for cell in cells]
    assert table.n_sharing_place == sum(count for count in counts.values() if count > 1)


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("fr_train", "id;lat;lon\n10000001;3.88;43.6\n", r"1 id of France .*swapped \(latitude 40 to 53"),
        ("us_train", "id;lat;lon\n193;-82.6;28.1\n", r"1 id of the US .*swapped"),
        ("fr_train", "id;lat;lon\n193;28.1;-82.6\n", "1 id of the US, but is named for France, such as 193"),
        ("us_test", "id;lat;lon\n10000001;43.6;3.88\n", "1 id of France, but is named for the US"),
        ("fr_test", "id;lat;lon\n10000001;28.1;-82.6\n", "1 id of France at places in the US"),
        ("us_test", "id;lat;lon\n193;43.6;3.88\n", "1 id of the US at places in France"),
        ("test", "id;lat;lon\n90000001;43.6;3.88\n", "1 id of no known edition, such as 90000001"),
    ],
)
def test_mistaken_tables_are_refused(tmp_path: Path, name: str, text: str, match: str) -> None:
    path = _write(tmp_path, **{name: text})[0]
    with pytest.raises(BadInputError, match=match) as caught:
        read_all_occurrences(path)
    assert str(path) in str(caught.value)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    swapped = "id;lat;lon\n10000001;3.88;43.6\n10000002;3.9;43.7\n"
    paths = _write(tmp_path, fr_train=swapped, us_train="id;lat;lon\n10000003;43.6;3.88\n")
    with pytest.raises(BadInputError, match=r"fr_train.csv has 2 ids .*us_train.csv has 1 id "):
        read_all_occurrences(paths)


@pytest.mark.parametrize("name", ["house_of_frogs.csv", "occurrences_us_fr.csv", "FR+US.csv"])
def test_names_that_say_no_single_region_say_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FR_TRAIN + "193;28.1;-82.6;3\n")
    assert read_all_occurrences(path).regions.tolist() == ["fr"] * 3 + ["us"]


def test_the_boxes_cannot_be_confused() -> None:
    france, us = REGION_BOUNDS["fr"], REGION_BOUNDS["us"]
    assert not france.overlaps(us)
    for box in (france, us):
        assert box.overlaps(box)
        latitudes, longitudes = (grid.ravel() for grid in np.mgrid[20:60:0.5, -130:20:0.5])
        assert not (box.holds(latitudes, longitudes) & box.holds(longitudes, latitudes)).any()


@pytest.mark.parametrize("text", ["", "id;lat;lon\n"])
def test_empty_tables_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotCheckError, match=r"occurrences_fr_test.csv"):
        read_all_occurrences(_write(tmp_path, fr_test=text))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match=r"nowhere.csv"):
        read_all_occurrences(tmp_path / "nowhere.csv")


def test_one_occurrence_in_two_files(tmp_path: Path) -> None:
    paths = _write(tmp_path, fr_train=FR_TRAIN, fr_test="id;lat;lon\n10000001;43.6;3.88\n")
    with pytest.raises(BadInputError, match=r"share 1 ids, such as 10000001"):
        read_all_occurrences(paths)


def test_one_id_at_two_places_is_stale(tmp_path: Path) -> None:
    paths = _write(tmp_path, fr_train=FR_TRAIN, fr_test="id;lat;lon\n10000001;44.6;3.88\n")
    with pytest.raises(BadInputError, match=r"different places, such as 10000001: one is stale.*2020-04-28"):
        read_all_occurrences(paths)


def test_renumbered_places_are_only_suspicious_in_bulk() -> None:
    latitudes, longitudes = np.linspace(42, 49, 10), np.linspace(-4, 8, 10)
    trusted = OccurrenceTable(np.arange(10_000_000, 10_000_010), latitudes, longitudes)
    renumbered = OccurrenceTable(trusted.ids + 100, latitudes, longitudes)
    report = staleness(renumbered, trusted)
    assert report.is_stale
    assert report.renumbered_ids.tolist() == renumbered.ids.tolist()
    assert not len(report.moved_ids)
    shifted = latitudes + np.where(np.arange(10) < 3, 0, 0.1)
    assert not staleness(OccurrenceTable(renumbered.ids, shifted, longitudes), trusted).is_stale
    assert not staleness(trusted, trusted).is_stale


def test_rounding_is_not_moving() -> None:
    exact = OccurrenceTable(
        np.array([10_000_000]), np.array([45.70511627197271]), np.array([1.4246221780777])
    )
    rounded = OccurrenceTable(exact.ids, exact.latitudes.round(5), exact.longitudes.round(5))
    assert not staleness(rounded, exact).is_stale


def test_the_real_test_files(realdata: Path) -> None:
    folder = realdata / "occurrences"
    table = read_all_occurrences([folder / "occurrences_fr_test.csv", folder / "occurrences_us_test.csv"])
    assert len(table) == 42_405
    assert {region: int((table.regions == region).sum()) for region in ("fr", "us")} == {
        "fr": 20_608,
        "us": 21_797,
    }
    shared = [table.select(table.regions == region).n_sharing_place for region in ("fr", "us")]
    assert shared == [4955, 1576]
    assert len(read_species(folder / "species_metadata.csv")) == 31_435


def test_a_real_stale_table_is_found(realdata: Path) -> None:
    folder = realdata / "occurrences"
    stale = folder / "example_occurrences_STALE_IDS.csv"
    corrected = read_occurrences(folder / "glc22_observations_fr_train.csv")
    against_test = staleness(read_occurrences(stale), read_occurrences(folder / "occurrences_fr_test.csv"))
    assert against_test.is_stale
    assert len(against_test.moved_ids) == 21
    against_corrected = staleness(read_occurrences(stale), corrected)
    assert against_corrected.is_stale
    assert len(against_corrected.renumbered_ids) > 900
    assert not staleness(corrected, read_occurrences(folder / "occurrences_fr_test.csv")).is_stale
    with pytest.raises(BadInputError, match=r"21 of the same ids different places"):
        read_all_occurrences([stale, folder / "occurrences_fr_test.csv"])
