"""Which cell of a raster a place falls in, and in which windows the cells are read. Arithmetic only."""

from __future__ import annotations

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

    points: slice
    row: int
    column: int
    height: int
    width: int


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
    height, width = _tile_shape(grid, window_cells)
    tiles = rows // height * -(-grid.x.n_cells // width) + columns // width
    raster_order = (tiles * height + rows % height) * width + columns % width
    inside = np.flatnonzero(~(off_x | off_y))
    points = inside[np.argsort(raster_order[inside])]
    cells, windows = _windows(rows[points], columns[points], tiles[points])
    return ReadingPlan(points, cells, windows, off_x | off_y)


def _tile_shape(grid: Grid, window_cells: int) -> tuple[int, int]:
    """Return a multiple of the block shape: full rows of strips, or a row of some blocks."""
    block_height = min(grid.block_shape[0], grid.y.n_cells)
    block_width = min(grid.block_shape[1], grid.x.n_cells)
    n_blocks = max(window_cells // (block_width * block_height), 1)
    if block_width < grid.x.n_cells:
        return block_height, n_blocks * block_width
    # A file in one strip: the strip is decoded as a whole, but not handed over as a whole.
    return min(n_blocks * block_height, max(window_cells // block_width, 1)), block_width


def _windows(
    rows: NDArray[np.int64], columns: NDArray[np.int64], tiles: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[Window, ...]]:
    """Cut each tile down to the cells that its points want; return the cells within, and the windows."""
    starts = np.flatnonzero(np.diff(tiles, prepend=-1))
    lengths = np.diff(starts, append=len(tiles))
    top, left = np.minimum.reduceat(rows, starts), np.minimum.reduceat(columns, starts)
    height = np.maximum.reduceat(rows, starts) - top + 1
    width = np.maximum.reduceat(columns, starts) - left + 1
    cells = (rows - np.repeat(top, lengths)) * np.repeat(width, lengths) + columns - np.repeat(left, lengths)
    bounds = np.stack([starts, starts + lengths, top, left, height, width], axis=1).tolist()
    windows = tuple(Window(slice(start, stop), *corner) for start, stop, *corner in bounds)
    return cells, windows
