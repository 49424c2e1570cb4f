"""The two regions of a world: where they lie, and how places become cells and metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Raster cells per degree: 30 arc-seconds, as in the real rasters.
CELLS_PER_DEGREE = 120
#: Places are whole micro-degrees, about 0.1 m, so that they are written and read back exactly.
MICRODEGREES = 1_000_000


@dataclass(frozen=True)
class Region:
    """One region and the rules of its ids and land cover.

    Parameters
    ----------
    west, north : int
        The corner of the rasters, in whole micro-degrees.
    n_rows, n_columns : int
        Cells of a raster.
    metres_per_degree : tuple of int
        Length of a degree of latitude and of longitude in the middle of the region. The world is
        flat: metres count from the corner, southwards and eastwards.
    id_range : tuple of int
        Lowest and highest occurrence id.
    land_cover : tuple of int
        First and last land cover code.
    land_cover_cell : int
        Side of a land cover cell in metres.
    shared_share : float
        Share of the occurrences at exactly the place of another (24 % and 7 % in the challenge).
    share_south : float
        Share of the occurrences south of all rasters (98 of 21,797 in the US test file, 0 in France).
    """

    name: str
    west: int
    north: int
    n_rows: int
    n_columns: int
    metres_per_degree: tuple[int, int]
    id_range: tuple[int, int]
    land_cover: tuple[int, int]
    land_cover_cell: int
    shared_share: float
    share_south: float

    @property
    def height_m(self) -> int:
        """Extent of the rasters from north to south in metres."""
        return self.n_rows * self.metres_per_degree[0] // CELLS_PER_DEGREE

    @property
    def width_m(self) -> int:
        """Extent of the rasters from west to east in metres."""
        return self.n_columns * self.metres_per_degree[1] // CELLS_PER_DEGREE


#: A part of the south of France, and southern Florida. As in the challenge, the rasters of the US end
#: at 25.0 N, and some of its occurrences do not.
WORLD_REGIONS = (
    Region(
        "fr", 1_500_000, 45_000_000, 240, 300, (111_120, 80_200),
        (10_000_000, 10_999_999), (1, 17), 8, 0.24, 0.0,
    ),
    Region(
        "us", -83_000_000, 28_000_000, 360, 300, (110_780, 99_700),
        (100, 2_099_999), (18, 33), 16, 0.07, 0.0045,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Places of one region, in whole micro-degrees."""

    region: Region
    latitudes: NDArray[np.int64]
    longitudes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.latitudes)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Places:
        """Return some of the places, by a mask or by row numbers."""
        return Places(self.region, self.latitudes[rows], self.longitudes[rows])

    def degrees(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return latitudes and longitudes in degrees, exactly as a table writes them."""
        return self.latitudes / MICRODEGREES, self.longitudes / MICRODEGREES

    def metres(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return whole metres south and east of the region's corner."""
        return self._from_corner(*self.region.metres_per_degree)

    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and columns of the rasters' cells; those of places outside lie outside the shape."""
        return self._from_corner(CELLS_PER_DEGREE, CELLS_PER_DEGREE)

    def _from_corner(self, *per_degree: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # In whole units, of which a degree of latitude and one of longitude have so many.
        south, east = self.region.north - self.latitudes, self.longitudes - self.region.west
        return south * per_degree[0] // MICRODEGREES, east * per_degree[1] // MICRODEGREES


def places_at(region: Region, *, south: NDArray[np.int64], east: NDArray[np.int64]) -> Places:
    """Return the places at these distances in metres from a region's corner.

    Examples
    --------
    >>> import numpy as np
    >>> place = places_at(WORLD_REGIONS[0], south=np.array([1000]), east=np.array([250]))
    >>> place.degrees()[0].tolist(), place.metres()[1].tolist()
    ([44.991001], [249])
    """
    lengths = region.metres_per_degree
    latitudes = region.north - south * MICRODEGREES // lengths[0]
    return Places(region, latitudes, region.west + east * MICRODEGREES // lengths[1])
