"""Extracted vectors that are kept as Parquet, and when they are made anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from telling import Counted

from baselines.covariates.rasters.cache import (
    environmental_vectors,
    extraction_key,
    read_vectors,
    write_vectors,
)
from baselines.covariates.rasters.extraction import EnvironmentalVectors
from baselines.covariates.rasters.layout import RasterLayout
from submissions.errors import BadInputError, CannotCheckError
from submissions.tables import OccurrenceTable

NAMES = ("bio_1", "bio_2")
TABLE = OccurrenceTable(
    np.array([10_000_003, 10_000_001, 193]),
    np.array([50.9, 52.0, 44.9]),
    np.array([-4.9, -4.9, -99.9]),
)


def _raster(path: Path, value: int, *, west: float, north: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.full((10, 20), value, dtype=np.int16)
    profile = {"driver": "GTiff", "count": 1, "height": 10, "width": 20, "dtype": "int16", "nodata": -1}
    with rasterio.open(
        path, "w", crs="EPSG:4326", transform=Affine(0.5, 0, west, 0, -0.5, north), **profile
    ) as dataset:
        dataset.write(cells, 1)


@pytest.fixture
def layout(tmp_path: Path) -> RasterLayout:
    made = RasterLayout(tmp_path / "rasters", NAMES)
    for column, name in enumerate(NAMES):
        _raster(made.path(name, "fr"), 10 + column, west=-5, north=51)
        _raster(made.path(name, "us"), 20 + column if column else -1, west=-100, north=45)
    return made


def _same(some: EnvironmentalVectors, others: EnvironmentalVectors) -> bool:
    assert some.values.dtype == others.values.dtype
    return (
        some.names == others.names
        and np.array_equal(some.values, others.values, equal_nan=True)
        and np.array_equal(some.outside, others.outside)
        and np.array_equal(some.nodata, others.nodata)
    )


def test_ids_choose_the_rasters_of_their_region(layout: RasterLayout) -> None:
    vectors = environmental_vectors(TABLE, layout)
    assert vectors.names == NAMES
    assert vectors.outside.tolist() == [[False, False], [True, True], [False, False]]
    assert vectors.nodata.tolist() == [[False, False], [False, False], [True, False]]
    assert vectors.values[[0, 2], 1].tolist() == [11, 21]


def test_kept_vectors_are_read_and_not_made(layout: RasterLayout, tmp_path: Path) -> None:
    cache, told = tmp_path / "cache", Counted()
    first = environmental_vectors(TABLE, layout, cache=cache, progress=told)
    assert told.done == {"reading rasters": 4}
    again = environmental_vectors(TABLE, layout, cache=cache, progress=told)
    assert told.done == {"reading rasters": 4}
    assert _same(first, again)
    assert [path.name for path in cache.iterdir()] == [f"vectors-{extraction_key(TABLE, layout)}.parquet"]


def test_another_place_raster_setting_or_type_is_another_key(layout: RasterLayout, tmp_path: Path) -> None:
    keys = [extraction_key(TABLE, layout), extraction_key(TABLE, layout, dtype=np.float64)]
    keys.append(extraction_key(replace(TABLE, latitudes=TABLE.latitudes + 1e-9), layout))
    keys.append(extraction_key(replace(TABLE, ids=TABLE.ids + 1), layout))
    keys.append(extraction_key(TABLE, replace(layout, nodata={"bio_1": 10})))
    keys.append(extraction_key(TABLE, replace(layout, names=NAMES[::-1])))
    keys.append(extraction_key(TABLE, replace(layout, names=NAMES[:1])))
    _raster(layout.path("bio_2", "fr"), 12, west=-5, north=51)
    keys.append(extraction_key(TABLE, layout))
    assert len(set(keys)) == len(keys)


def test_moved_rasters_and_new_labels_keep_the_key(layout: RasterLayout, tmp_path: Path) -> None:
    key = extraction_key(TABLE, layout)
    moved = (tmp_path / "rasters").rename(tmp_path / "elsewhere")
    labelled = replace(TABLE, species=np.array([1, 2, 3]))
    assert extraction_key(labelled, replace(layout, root=moved)) == key


def test_a_changed_raster_changes_the_vectors(layout: RasterLayout, tmp_path: Path) -> None:
    before = environmental_vectors(TABLE, layout, cache=tmp_path)
    _raster(layout.path("bio_2", "fr"), 12, west=-5, north=51)
    after = environmental_vectors(TABLE, layout, cache=tmp_path)
    assert (before.values[0, 1], after.values[0, 1]) == (11, 12)


def test_a_damaged_file_is_named_and_made_again(layout: RasterLayout, tmp_path: Path) -> None:
    vectors = environmental_vectors(TABLE, layout, cache=tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    progress = Counted()
    again = environmental_vectors(TABLE, layout, cache=tmp_path / "cache", progress=progress)
    assert np.array_equal(again.values, vectors.values, equal_nan=True)
    assert [path.name in line for line in progress.said] == [True]
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_costs_no_work(layout: RasterLayout, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    progress = Counted()
    environmental_vectors(TABLE, layout, cache=tmp_path / "cache", progress=progress)
    assert [line.startswith("The vectors are not kept.") for line in progress.said] == [True]


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(2000, 1))
    off = np.zeros(values.shape, dtype=np.bool_)
    path = tmp_path / "vectors.parquet"
    write_vectors(path, EnvironmentalVectors(("bio_1",), values, off, off), ids=np.arange(2000))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CannotCheckError, match=r"vectors.parquet"):
        read_vectors(path)


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    pq.write_table(pa.table({"occurrence_id": [1], "bio_1": [2.0]}), tmp_path / "other.parquet")
    with pytest.raises(CannotCheckError, match=r"other.parquet does not hold environmental vectors"):
        read_vectors(tmp_path / "other.parquet")


def test_absent_rasters_are_named_before_they_are_hashed(layout: RasterLayout, tmp_path: Path) -> None:
    for name in NAMES:
        layout.path(name, "us").unlink()
    with pytest.raises(CannotCheckError, match=r"2 of 4 rasters .*bio_1_USA.tif.*bio_2_USA.tif"):
        environmental_vectors(TABLE, layout, cache=tmp_path)
    with pytest.raises(CannotCheckError, match=r"Cannot read the raster .*bio_1_USA.tif"):
        extraction_key(TABLE, layout)


def test_ids_of_no_edition_have_no_rasters(layout: RasterLayout) -> None:
    with pytest.raises(BadInputError, match="1 ids are of no known edition, such as 99000000"):
        environmental_vectors(replace(TABLE, ids=np.array([1, 10_000_000, 99_000_000])), layout)


@settings(deadline=None)  # writes files
@given(
    values=hypothesis_numpy.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(0, 8), st.just(3)),
        elements=st.floats(-(2.0**30), 2.0**30, width=32),
    ),
    seed=st.integers(0, 100),
)
def test_parquet_gives_back_values_and_masks(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, seed: int
) -> None:
    state = np.random.default_rng(seed).integers(0, 3, values.shape)
    hidden = np.where(state > 0, np.nan, values).astype(values.dtype)
    vectors = EnvironmentalVectors(("bio_1", "bio_2", "bdticm"), hidden, state == 1, state == 2)
    path = tmp_path_factory.mktemp("vectors") / "vectors.parquet"
    write_vectors(path, vectors, ids=np.arange(len(values)))
    assert _same(read_vectors(path), vectors)
