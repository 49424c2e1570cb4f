"""The rasters as a data frame are those that the forest reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glckit
from baselines.covariates.rasters.layout import RASTER_NAMES
from submissions.errors import CannotCheckError, UsageError
from submissions.tables import read_occurrences

rasterio = pytest.importorskip("rasterio")


def tables(world: Path) -> list[Path]:
    return sorted(world.glob("occurrences_??_train.csv"))


def test_a_row_for_each_occurrence(tiny_world: Path) -> None:
    frame = glckit.covariates(tables(tiny_world))
    table = read_occurrences(tables(tiny_world))
    assert frame.index.name == "occurrence_id"
    assert frame.index.tolist() == table.ids.tolist()
    assert tuple(frame.columns) == RASTER_NAMES
    assert set(frame.dtypes) == {np.dtype(np.float32)}


def test_values_are_those_of_rasterio(tiny_world: Path) -> None:
    path = tables(tiny_world)[0]  # of France
    frame, table = glckit.covariates(path), read_occurrences(path)
    for name in ("bio_1", "bio_12", "phihox"):
        with rasterio.open(tiny_world / "rasters" / name / f"{name}_FR.tif") as raster:
            places = zip(table.longitudes.tolist(), table.latitudes.tolist(), strict=True)
            cells = np.array([values[0] for values in raster.sample(places)], np.float64)
            tag = 0 if name == "bio_1" else raster.nodata  # bio_1 has a setting instead of a tag
        found = frame[name].to_numpy(np.float64)
        expected = np.where(cells == tag, np.nan, cells)
        inside = ~np.isnan(found)
        assert inside.any()
        assert np.array_equal(found[inside], expected[inside].astype(np.float32))


def test_what_is_outside_or_means_nothing_is_nan(tiny_world: Path, tmp_path: Path) -> None:
    (tmp_path / "occurrences_us_test.csv").write_text("id;lat;lon\n7;25.5;-80.5\n8;28.0;-50.0\n")
    frame = glckit.covariates(tmp_path / "occurrences_us_test.csv", tiny_world / "rasters")
    assert frame.loc[8].isna().all()


def test_values_are_kept(tiny_world: Path, tmp_path: Path) -> None:
    first = glckit.covariates(tables(tiny_world), cache=tmp_path)
    assert len(list(tmp_path.glob("vectors-*.parquet"))) == 1
    pd.testing.assert_frame_equal(glckit.covariates(tables(tiny_world), cache=tmp_path), first)


def test_other_things_are_refused(tiny_world: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No occurrence tables are given"):
        glckit.covariates([])
    with pytest.raises(UsageError, match="Occurrences are paths of tables, not of type DataFrame"):
        glckit.covariates(pd.DataFrame({"id": [7]}))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Rasters are in a folder, not of type int"):
        glckit.covariates(tables(tiny_world), 3)  # type: ignore[arg-type]
    with pytest.raises(CannotCheckError, match="54 of 54 rasters cannot be used"):
        glckit.covariates(tables(tiny_world), tmp_path)
