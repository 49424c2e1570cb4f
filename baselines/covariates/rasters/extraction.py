"""Environmental vectors: the cells of all rasters at many places."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from baselines.covariates.rasters.cells import plan_reading
from baselines.covariates.rasters.geotiff import Raster, inspect_raster, is_nodata, read_cells
from baselines.covariates.rasters.layout import RasterLayout
from baselines.covariates.rasters.projection import project
from scoring.places import REGIONS
from submissions.errors import BadInputError, CannotCheckError, GlckitError, require
from submissions.progress import SILENT, Advance, Progress

# Bytes that GDAL may keep of decoded blocks, by default 5 % of the memory. A plan asks for a block
# once, or for a row of blocks in a few windows.
_BLOCK_CACHE_BYTES = 64 * 2**20

# Rasters that are read at a time.
_N_THREADS = min(os.cpu_count() or 1, 8)

# Faulty rasters that a message spells out.
_SPELT_OUT = 3


@dataclass(frozen=True)
class EnvironmentalVectors:
    """The covariates at some places, one column per raster.

    Parameters
    ----------
    values : ndarray of float32 or float64 of shape (n, n_rasters)
        Cells; NaN where a mask is set.
    outside : ndarray of bool of shape (n, n_rasters)
        Where the place is off the raster.
    nodata : ndarray of bool of shape (n, n_rasters)
        Where the place is on the raster, but its cell means nothing.
    """

    names: tuple[str, ...]
    values: NDArray[np.floating]
    outside: NDArray[np.bool_]
    nodata: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Which places have a value in every raster, of shape (n,)."""
        return np.asarray(~(self.outside.any(axis=1) | self.nodata.any(axis=1)))

    @property
    def n_outside(self) -> int:
        """How many places are off at least one raster."""
        return int(np.count_nonzero(self.outside.any(axis=1)))

    @property
    def n_nodata(self) -> int:
        """How many places are on nodata in at least one raster."""
        return int(np.count_nonzero(self.nodata.any(axis=1)))


def extract_vectors(
    latitudes: ArrayLike,
    longitudes: ArrayLike,
    *,
    regions: ArrayLike,
    layout: RasterLayout,
    dtype: DTypeLike = np.float32,
    progress: Progress = SILENT,
) -> EnvironmentalVectors:
    """Read the cells of all rasters at some places, in the order given.

    Parameters
    ----------
    latitudes, longitudes : array-like of float of shape (n,)
        Places in degrees, WGS84.
    regions : array-like of str of shape (n,), or str
        ``"fr"`` or ``"us"``: whose rasters a place is looked up in.
    layout : RasterLayout
        Where the rasters lie.
    dtype : {float32, float64}
        Type of the values. float32 is what a forest reads, and exact for integers up to 2**24.
    progress : Progress
        Told of each raster after it was read.

    Raises
    ------
    BadInputError, CannotCheckError
        If rasters are absent, unreadable, or unusable (see `inspect_raster`); all are looked at
        before any is read, and reported together.
    ValueError
        If shapes differ, a place is not finite, or a region is none of the challenge.

    Notes
    -----
    A place has the cell that rasterio's ``rowcol`` gives: left and top edges belong to a cell, right
    and bottom edges do not. Each raster is read in windows from the first row to the last, some
    rasters at a time, so memory is that of the result and, for each thread, of a window and a
    column. Values are as stored: scale and offset tags are not applied.
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, not {np.dtype(dtype)}")
    latitude, longitude, region = _checked_places(latitudes, longitudes, regions)
    rows_of = {name: rows for name in REGIONS if len(rows := np.flatnonzero(region == name))}
    rasters = survey(layout, tuple(rows_of))
    shape = (len(latitude), len(layout.names))
    vectors = EnvironmentalVectors(
        tuple(layout.names),
        np.full(shape, np.nan, dtype=dtype),
        np.zeros(shape, dtype=np.bool_),
        np.zeros(shape, dtype=np.bool_),
    )
    with progress.bar("reading rasters", len(rows_of) * len(layout.names)) as advance:
        for name, rows in rows_of.items():
            places = latitude[rows], longitude[rows]
            _fill(vectors, rasters[name], rows=rows, places=places, advance=advance)
    # A place without a value that is not outside is on nodata; True > False.
    np.greater(np.isnan(vectors.values), vectors.outside, out=vectors.nodata)
    return vectors


def survey(layout: RasterLayout, regions: Sequence[str]) -> Mapping[str, Sequence[Raster]]:
    """Open every raster of some regions, in the order of `layout.names`.

    Raises
    ------
    BadInputError, CannotCheckError, UsageError
        If any cannot be used; all that cannot are reported together.
    """
    found: dict[str, list[Raster]] = {region: [] for region in regions}
    errors = []
    for region in regions:
        for name in layout.names:
            path, setting = layout.path(name, region), layout.nodata.get(name)
            try:
                found[region].append(inspect_raster(path, region=region, nodata_setting=setting))
            except (BadInputError, CannotCheckError) as error:
                errors.append(error)
    if errors:
        raise _all_of(errors, len(regions) * len(layout.names))
    return found


def _all_of(errors: Sequence[GlckitError], n_rasters: int) -> GlckitError:
    spelt_out = " ".join(error.message for error in errors[:_SPELT_OUT])
    more = f" {len(errors) - _SPELT_OUT} more are faulty." if len(errors) > _SPELT_OUT else ""
    count = f"{len(errors)} of {n_rasters} rasters cannot be used. " if len(errors) > 1 else ""
    return type(errors[0])(f"{count}{spelt_out}{more}", errors[0].hint)


def _checked_places(
    latitudes: ArrayLike, longitudes: ArrayLike, regions: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    latitude, longitude = np.asarray(latitudes, dtype=np.float64), np.asarray(longitudes, dtype=np.float64)
    if latitude.ndim != 1 or latitude.shape != longitude.shape:
        raise ValueError(f"latitudes of shape {latitude.shape}, longitudes of shape {longitude.shape}")
    if not (np.isfinite(latitude) & np.isfinite(longitude)).all():
        raise ValueError("a place is not finite")
    region = np.broadcast_to(np.asarray(regions, dtype=np.str_), latitude.shape)
    unknown = np.setdiff1d(region, REGIONS)
    if len(unknown):
        raise ValueError(f"regions must be among {REGIONS}, not {unknown.tolist()}")
    return latitude, longitude, region


def _fill(
    vectors: EnvironmentalVectors,
    rasters: Sequence[Raster],
    *,
    rows: NDArray[np.intp],
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
    advance: Advance,
) -> None:
    # The 27 rasters of a region lie on two or three grids: cells are computed once for each.
    grids = {raster.grid for raster in rasters}
    plans = {grid: plan_reading(grid, *project(*places, crs=grid.crs)) for grid in grids}

    def read_column(column: int) -> None:
        raster, plan = rasters[column], plans[rasters[column].grid]
        values = _as_values(read_cells(raster, plan), raster.nodata, vectors.values.dtype)
        vectors.values[rows[plan.points], column] = values
        vectors.outside[rows[plan.outside], column] = True

    # Decoding and indexing release the interpreter's lock, and no two threads write to one column.
    bounded = require("rasterio", "rf").Env(GDAL_CACHEMAX=_BLOCK_CACHE_BYTES)
    with bounded, ThreadPoolExecutor(_N_THREADS) as threads:
        for _ in threads.map(read_column, range(len(rasters))):
            advance(1)


def _as_values(
    cells: NDArray[Any], nodata: float | None, dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    hidden = is_nodata(cells, nodata)
    with np.errstate(over="ignore"):  # what overflows float32 becomes infinite, and so nodata
        values = cells.astype(dtype)
    if np.issubdtype(cells.dtype, np.floating):
        hidden |= ~np.isfinite(values)
    values[hidden] = np.nan
    return values
