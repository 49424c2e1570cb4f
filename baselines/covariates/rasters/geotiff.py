"""One GeoTIFF: opening it, refusing what could be misread, reading the cells of a plan."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.rasters.cells import Axis, Grid, ReadingPlan
from baselines.covariates.regions import REGION_BOUNDS, REGION_WORDS, Bounds
from submissions.errors import BadInputError, CannotCheckError, UsageError, require

# GDAL writes a float32 nodata of -3.4028235e38 into the tag as -3.4e+38, which no cell equals.
_HUGE = 1e38


@dataclass(frozen=True)
class Raster:
    """A raster that has been opened once and found readable.

    Parameters
    ----------
    nodata : float, optional
        The value that means nothing; None if every cell means something.
    """

    path: Path
    grid: Grid
    dtype: np.dtype[Any]
    nodata: float | None


@contextlib.contextmanager
def opened_raster(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Yield the rasterio dataset of a file; reading errors inside the block name the file.

    Raises
    ------
    CannotCheckError
        If the file is absent, no raster, or breaks off.
    """
    rasterio = require("rasterio", "rf")
    errors = require("rasterio.errors", "rf")
    if not Path(path).is_file():
        raise CannotCheckError(
            f"There is no raster {os.fspath(path)}.",
            "Rasters lie as NAME/NAME_FR.tif and NAME/NAME_USA.tif in one folder.",
        )
    try:
        with rasterio.open(os.fspath(path)) as dataset:
            yield dataset
    except errors.RasterioError as error:
        raise CannotCheckError(
            f"Cannot read the raster {os.fspath(path)}: {error}",
            "A whole GeoTIFF was expected; download it again.",
        ) from error


def inspect_raster(
    path: str | os.PathLike[str], *, region: str, nodata_setting: float | None = None
) -> Raster:
    """Open a raster that should cover a region and say what its cells are, or why it cannot be used.

    `nodata_setting` is the value that means nothing if the file does not tag one.

    Raises
    ------
    BadInputError
        If it has several bands, no reference system, a rotated grid, or does not cover the region.
    CannotCheckError
        If it cannot be read.
    UsageError
        If cells of its type cannot hold `nodata_setting`.
    """
    # What rasterio warns of, a raster without a place on the globe, is refused here.
    warned_of = require("rasterio.errors", "rf").NotGeoreferencedWarning
    with warnings.catch_warnings(action="ignore", category=warned_of), opened_raster(path) as dataset:
        faults = _faults(dataset) or _misplacement(dataset, region)
        if faults:
            raise BadInputError(f"The raster {os.fspath(path)} {'; it '.join(faults)}.")
        dtype = np.dtype(dataset.dtypes[0])
        nodata = dataset.nodata if dataset.nodata is not None else nodata_setting
        if dataset.nodata is None and nodata is not None and not _can_hold(dtype, nodata):
            raise UsageError(
                f"The nodata setting of {os.fspath(path)} is {nodata:g}, but its cells are {dtype}.",
                "Give a value that a cell can have.",
            )
        return Raster(Path(path), _grid_of(dataset), dtype, nodata)


def read_cells(raster: Raster, plan: ReadingPlan) -> NDArray[Any]:
    """Read the cells of a plan, in its order and in the type of the file.

    Raises
    ------
    CannotCheckError
        If the file breaks off or cannot be decoded.
    """
    window_type = require("rasterio.windows", "rf").Window
    cells = np.empty(len(plan.points), dtype=raster.dtype)
    with opened_raster(raster.path) as dataset:
        for window in plan.windows:
            place = window_type(window.column, window.row, window.width, window.height)
            block = dataset.read(1, window=place)
            np.take(block, plan.cells[window.points], out=cells[window.points])
    return cells


def is_nodata(cells: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Return which cells are equal to `nodata` in the type of the file, or are not finite.

    None is, if `nodata` is None or no cell of that type can be equal to it.

    Examples
    --------
    >>> is_nodata(np.array([7, -2147483648], dtype=np.int32), -2147483648.0).tolist()
    [False, True]
    >>> is_nodata(np.array([7, 3.4e38], dtype=np.float32), 3.4e38).tolist()
    [False, True]
    """
    if np.issubdtype(cells.dtype, np.floating):
        hidden = ~np.isfinite(cells)
        if nodata is not None and abs(nodata) >= _HUGE:
            hidden |= cells * np.sign(nodata) >= cells.dtype.type(_HUGE)
        elif nodata is not None:
            hidden |= cells == cells.dtype.type(nodata)
        return np.asarray(hidden)
    if nodata is None or not _can_hold(cells.dtype, nodata):
        return np.zeros(cells.shape, dtype=np.bool_)
    return np.asarray(cells == cells.dtype.type(nodata))


def _can_hold(dtype: np.dtype[Any], value: float) -> bool:
    if np.issubdtype(dtype, np.floating):
        return True
    limits = np.iinfo(dtype)
    return bool(np.isfinite(value) and value == int(value) and limits.min <= value <= limits.max)


def _faults(dataset: Any) -> list[str]:
    transform, dtype = dataset.transform, dataset.dtypes[0]
    is_real = np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.floating)
    faults = {
        f"has {dataset.count} bands, but one was expected": dataset.count != 1,
        "has no coordinate reference system, but one such as EPSG:4326 was expected": dataset.crs is None,
        "is not georeferenced, but a geotransform was expected": transform.is_identity,
        "has a rotated grid, but rows along parallels were expected": transform.b or transform.d,
        f"has cells of type {dtype}, but real numbers were expected": not is_real,
    }
    return [fault for fault, is_found in faults.items() if is_found]


def _misplacement(dataset: Any, region: str) -> list[str]:
    transform_bounds = require("rasterio.warp", "rf").transform_bounds
    try:
        west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    except require("rasterio._err", "rf").CPLE_BaseError:  # GDAL's own errors; rasterio exports none
        return ["has a reference system or bounds without longitude and latitude"]
    covered = Bounds(south=min(south, north), north=max(south, north), west=west, east=east)
    if covered.overlaps(REGION_BOUNDS[region]):
        return []
    where = f"{covered.south:.6g} to {covered.north:.6g} N, {west:.6g} to {east:.6g} E"
    others = [REGION_WORDS[other] for other, box in REGION_BOUNDS.items() if covered.overlaps(box)]
    found = f"{others[0]} ({where})" if others else where
    return [f"covers {found}, but {REGION_WORDS[region]} was expected"]


def _grid_of(dataset: Any) -> Grid:
    transform, inverse = dataset.transform, ~dataset.transform
    return Grid(
        dataset.crs.to_wkt(),
        Axis(transform.c, transform.a, dataset.width, inverse.a, inverse.c),
        Axis(transform.f, transform.e, dataset.height, inverse.e, inverse.f),
        dataset.block_shapes[0],
    )
