"""The cells of a map: squares of quadrats, coarser where occurrences are few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.places import REGIONS, region_of_id
from submissions.leaderboard.season import Ground

# Cells that a map is wide or high at most, and how often cells may be merged, four into one.
_FINEST, _LEVELS = 64, 4

# Quadrats of 5 km in a degree of latitude.
_QUADRATS_PER_DEGREE = 22.2

# Occurrences of a cell, as a share, that may be left out when it is quartered.
_MOST_BLANK = 0.05

_NOWHERE = -1


@dataclass(frozen=True)
class CellMap:
    """The cells of one region.

    Parameters
    ----------
    x, y, sides : ndarray of int of shape (n_cells,)
        West and north edge and side of each cell, in quadrats from the corner of the map.
    n_occurrences : ndarray of int of shape (n_cells,)
        Occurrences of each.
    of_units : ndarray of int of shape (n_units,)
        The cell of each quadrat; -1 for those of other regions, and those that no cell tells of.
    n_withheld : int
        Occurrences of the region that no cell tells of.
    """

    region: str
    width: int
    height: int
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    sides: NDArray[np.int64]
    n_occurrences: NDArray[np.int64]
    of_units: NDArray[np.int64]
    n_withheld: int

    def shares(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the occurrences of each cell contribute on average, given the totals of quadrats."""
        inside = self.of_units != _NOWHERE
        sums = np.bincount(self.of_units[inside], totals[inside], len(self.n_occurrences))
        return np.asarray(sums / self.n_occurrences)


def cell_maps(ground: Ground, *, least: int) -> list[CellMap]:
    """Return a map of each region whose cells have at least so many occurrences each.

    A cell is quartered where nearly all of its occurrences are in quarters of that many; the few others are
    left out. Without places there is no map.
    """
    units = ground.units.units
    if units.kind != "quadrat":
        return []
    _, first = np.unique(units.numbers, return_index=True)
    regions = region_of_id(ground.ids[first])
    there = sorted(set(regions.tolist()), key=lambda each: (each not in REGIONS, each))
    return [_cell_map(ground, region, np.flatnonzero(regions == region), least) for region in there]


def _cell_map(ground: Ground, region: str, members: NDArray[np.intp], least: int) -> CellMap:
    sizes = ground.units.units.sizes
    rows, columns = (each[members] for each in ground.units.quadrats)
    x, y = _on_paper(rows, columns)
    extent = int(max(x.max(), y.max())) + 1
    finest = 1 << max(0, int(np.ceil(np.log2(extent / _FINEST))))
    tree = _Quarters(x, y, sizes[members], least, finest)
    cells = list(tree.cells(finest << (_LEVELS - 1)))
    of_units = np.full(len(sizes), _NOWHERE)
    for number, (*_, inside) in enumerate(cells):
        of_units[members[inside]] = number
    told = np.array([sizes[members[inside]].sum() for *_, inside in cells], np.int64)
    west, north, sides = np.array([cell[:3] for cell in cells], np.int64).reshape(-1, 3).T
    return CellMap(
        region,
        int(x.max()) + 1,
        int(y.max()) + 1,
        west,
        north,
        sides,
        n_occurrences=told,
        of_units=of_units,
        n_withheld=int(sizes[members].sum() - told.sum()),
    )


def _on_paper(
    rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return places east and south of the corner of a map of equal areas, around its own meridian."""
    shrinking = np.cos(np.radians((rows + 0.5) / _QUADRATS_PER_DEGREE))
    degrees = (columns + 0.5) / (_QUADRATS_PER_DEGREE * shrinking)
    east = np.floor(columns - np.median(degrees) * _QUADRATS_PER_DEGREE * shrinking).astype(np.int64)
    return east - east.min(), rows.max() - rows


@dataclass(frozen=True)
class _Quarters:
    """Places with how many occurrences each has, quartered as long as little is left out for it."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    sizes: NDArray[np.int64]
    least: int
    finest: int

    def cells(self, side: int) -> Iterator[tuple[int, int, int, NDArray[np.intp]]]:
        """Yield edges, side and places of cells of at most a side."""
        for west, north, inside in self._squares(np.arange(len(self.x)), side):
            if self.sizes[inside].sum() >= self.least:
                yield from self._cells(west, north, side, inside)

    def _cells(
        self, west: int, north: int, side: int, inside: NDArray[np.intp]
    ) -> Iterator[tuple[int, int, int, NDArray[np.intp]]]:
        quarters = self._squares(inside, side // 2) if side > self.finest else []
        told = [quarter for quarter in quarters if self.sizes[quarter[2]].sum() >= self.least]
        n_told = sum(self.sizes[each].sum() for *_, each in told)
        if n_told < (1 - _MOST_BLANK) * self.sizes[inside].sum():
            yield west, north, side, inside
            return
        for x, y, each in told:
            yield from self._cells(x, y, side // 2, each)

    def _squares(self, inside: NDArray[np.intp], side: int) -> list[tuple[int, int, NDArray[np.intp]]]:
        """Return the squares of a side that have any of some places."""
        corners = np.stack([self.x[inside] // side, self.y[inside] // side], axis=1)
        found, numbers = np.unique(corners, axis=0, return_inverse=True)
        return [
            (int(x) * side, int(y) * side, inside[numbers.ravel() == i]) for i, (x, y) in enumerate(found)
        ]
