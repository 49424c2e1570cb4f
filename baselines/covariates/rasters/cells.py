"""Which cell of a raster a place falls in, and in which windows the cells are read. Arithmetic only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Cells in a window: 8 MiB of float64. Larger windows save nothing; smaller ones pay for the calls.
_WINDOW_CELLS = 2**20


@dataclass(frozen=True)
class Axis:
    """One axis of a raster whose rows lie along a parallel.

    Parameters
    ----------
    origin, step : float
        Coordinate of the first edge, and the signed width of a cell.
    scale, offset : float
        The inverse: ``coordinate * scale + offset`` is the fractional index of a cell. Given, not
        computed here, so that cells are to the last bit those of rasterio's ``rowcol``.
    """

    origin: float
    step: float
    n_cells: int
    scale: float
    offset: float

    def cells(self, coordinates: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the cell of each coordinate, 0 for those outside, and which coordinates are outside.

        Coordinates are those of the raster's reference system; what is not finite is outside.

        Notes
        -----
        The first edge (left, top) belongs to the raster and the last (right, bottom) does not, as
        of every cell. The edges are compared as coordinates; in the inverse, rounding can put the
        first edge in cell -1, and a program that indexes with it reads the opposite side.

        Examples
        --------
        >>> top_down = Axis(origin=50.0, step=-0.5, n_cells=2, scale=-2.0, offset=100.0)
        >>> top_down.cells(np.array([50.0, 49.5, 49.1, 49.0, 50.1]))
        (array([0, 1, 1, 0, 0]), array([False, False, False,  True,  True]))
        """
        last = self.origin + self.step * self.n_cells
        if self.step > 0:
            inside = (coordinates >= self.origin) & (coordinates < last)
        else:
            inside = (coordinates <= self.origin) & (coordinates > last)
        fractional = np.where(inside, coordinates, self.origin) * self.scale + self.offset
        cells = np.clip(np.floor(fractional).astype(np.int64), 0, self.n_cells - 1)
        return np.where(inside, cells, 0), ~inside


@dataclass(frozen=True)
class Grid:
    """The cells of a raster; rasters on equal grids share the cells of a place.

    Parameters
    ----------
    crs : str
        The coordinate reference system as WKT.
    x, y : Axis
        Columns and rows.
    block_shape : tuple of (int, int)
        Height and width of the blocks in which the file stores its cells.
    """

    crs: str
    x: Axis
    y: Axis
    block_shape: tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A part of a raster to read, in cells from its upper left one, and the points that want it.

    Parameters
    ----------
    points : slice
        Where its points stand among those of the plan.
    """

    row: int
    column: int
    height: int
    width: int
    points: slice


@dataclass(frozen=True)
class ReadingPlan:
    """In what order the cells of a raster are read.

    Parameters
    ----------
    points : ndarray of intp of shape (n_inside,)
        The points that have a cell, in raster order.
    cells : ndarray of int64 of shape (n_inside,)
        Their cells, counted from the upper left of their window, row by row.
    windows : tuple of Window
        Parts to read; each cell is in at most one of them.
    outside : ndarray of bool of shape (n,)
        Which of all points have no cell.
    """

    points: NDArray[np.intp]
    cells: NDArray[np.int64]
    windows: tuple[Window, ...]
    outside: NDArray[np.bool_]


def plan_reading(
    grid: Grid, xs: NDArray[np.float64], ys: NDArray[np.float64], *, window_cells: int = _WINDOW_CELLS
) -> ReadingPlan:
    """Decide which windows of a raster to read for points in its reference system.

    Windows go from the first row to the last, so that each block of the file is decoded once. None has more
    than `window_cells` cells, unless one row of the file's blocks is larger.
    """
    columns, off_x = grid.x.cells(xs)
    rows, off_y = grid.y.cells(ys)
    outside = off_x | off_y
    tile = _tile_shape(grid, window_cells)
    inside = np.flatnonzero(~outside)
    keys = _raster_order(rows[inside], columns[inside], tile=tile, width=grid.x.n_cells)
    order = np.argsort(keys)
    points = inside[order]
    starts = _run_starts(keys[order] // (tile[0] * tile[1]))
    return _plan(rows[points], columns[points], starts=starts, points=points, outside=outside)


def _tile_shape(grid: Grid, window_cells: int) -> tuple[int, int]:
    """Return a multiple of the block shape: full rows of strips, or a row of some blocks."""
    block_height, block_width = (
        min(grid.block_shape[0], grid.y.n_cells),
        min(grid.block_shape[1], grid.x.n_cells),
    )
    if block_width == grid.x.n_cells:
        height = max(window_cells // (block_width * block_height), 1) * block_height
        # A file in one strip: the strip is decoded as a whole, but not handed over as a whole.
        return min(height, max(window_cells // block_width, 1)), block_width
    return block_height, max(window_cells // (block_width * block_height), 1) * block_width


def _raster_order(
    rows: NDArray[np.int64], columns: NDArray[np.int64], *, tile: tuple[int, int], width: int
) -> NDArray[np.int64]:
    tiles_across = -(-width // tile[1])
    tiles = rows // tile[0] * tiles_across + columns // tile[1]
    return tiles * (tile[0] * tile[1]) + rows % tile[0] * tile[1] + columns % tile[1]


def _run_starts(sorted_keys: NDArray[np.int64]) -> NDArray[np.intp]:
    changes = np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1
    return np.concatenate([[0], changes]) if len(sorted_keys) else changes


def _plan(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    *,
    starts: NDArray[np.intp],
    points: NDArray[np.intp],
    outside: NDArray[np.bool_],
) -> ReadingPlan:
    """Cut each window down to the cells that its points want."""
    if not len(points):
        return ReadingPlan(points, rows, (), outside)
    top, left = np.minimum.reduceat(rows, starts), np.minimum.reduceat(columns, starts)
    height = np.maximum.reduceat(rows, starts) - top + 1
    width = np.maximum.reduceat(columns, starts) - left + 1
    bounds = [*starts.tolist(), len(points)]
    lengths = np.diff(bounds)
    cells = (rows - np.repeat(top, lengths)) * np.repeat(width, lengths) + columns - np.repeat(left, lengths)
    corners = zip(top.tolist(), left.tolist(), height.tolist(), width.tolist(), strict=True)
    spans = (slice(start, stop) for start, stop in itertools.pairwise(bounds))
    windows = tuple(Window(*corner, points=span) for corner, span in zip(corners, spans, strict=True))
    return ReadingPlan(points, cells, windows, outside)
