"""What the patches show: relief, vegetation and land cover at every metre of a region.

All of it varies within a raster cell, so the rasters do not hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.draws import key_of
from baselines.world.fields import Grids, Octave, noise, octaves
from baselines.world.regions import Places, Region

#: Kinds of land cover that species tell apart, in the order of the rows and columns of moisture by openness.
HABITATS = (
    "settlement", "crop", "dry grass",
    "orchard", "meadow", "heath",
    "wetland", "broadleaf", "conifer",
)  # fmt: skip

# A step of one metre changes a field by less than 1.5 * weight / scale per octave: these sum to 0.92,
# so that neighbouring pixels differ by 1 m at most, as in all real patches.
_RELIEF: tuple[Octave, ...] = ((16_384, 1400.0), (4096, 380.0), (1024, 140.0), (256, 48.0), (64, 7.0))
_VEGETATION: tuple[Octave, ...] = ((320, 0.75), (80, 0.25))
_COVER: tuple[Octave, ...] = ((448, 0.6), (160, 0.4))
# Codes of one habitat alternate between landscapes of about this width in metres.
_LANDSCAPE_M = 3000

_Field = Callable[[Grids], NDArray[np.uint8]]


@dataclass(frozen=True)
class WorldGround:
    """The fine fields of one region."""

    region: Region
    seed: int

    def altitude(self, grids: Grids) -> NDArray[np.int16]:
        """Return whole metres of altitude on grids of metres, shape (n, height, width)."""
        return np.rint(octaves(self._key("relief"), grids, parts=_RELIEF)).astype(np.int16)

    def vegetation(self, grids: Grids) -> NDArray[np.uint8]:
        """Return the vigour of the vegetation, 0 to 255, which near-infrared imagery shows."""
        vigour = _stretched(octaves(self._key("vegetation"), grids, parts=_VEGETATION), 1.7)
        return np.asarray(np.floor(vigour * np.float32(255.99)), dtype=np.uint8)

    def habitat(self, grids: Grids) -> NDArray[np.uint8]:
        """Return which of `HABITATS` each metre is, as imagery shows it: with smooth borders."""
        bands = [
            np.floor(_stretched(octaves(self._key(name), grids, parts=_COVER), 1.9) * np.float32(2.999))
            for name in ("moisture", "openness")
        ]
        return np.asarray(bands[0] * 3 + bands[1]).astype(np.uint8)

    def land_cover(self, grids: Grids) -> NDArray[np.uint8]:
        """Return the land cover code of each metre; constant within a land cover cell."""
        return self._by_cell(self._codes_of_cells, grids)

    def at(self, places: Places) -> NDArray[np.int64]:
        """Return the habitat of the land cover, vegetation and altitude of places, shape (n, 3)."""
        south, east = places.metres()
        grids = Grids(south[:, np.newaxis], east[:, np.newaxis])
        fields = self._by_cell(self.habitat, grids), self.vegetation(grids), self.altitude(grids)
        return np.stack([field[:, 0, 0].astype(np.int64) for field in fields], axis=1)

    def _codes_of_cells(self, grids: Grids) -> NDArray[np.uint8]:
        landscape = noise(self._key("landscape"), grids, scale=_LANDSCAPE_M) >= np.float32(0.5)
        # Two codes per habitat, but one for settlements, and in the US, with 16 codes, one for conifers.
        first, last = self.region.land_cover
        offsets = self.habitat(grids).astype(np.int64) * 2 + landscape - 1
        return np.clip(offsets, 0, last - first).astype(np.uint8) + np.uint8(first)

    def _by_cell(self, field: _Field, grids: Grids) -> NDArray[np.uint8]:
        side = self.region.land_cover_cell
        row_cells, row_index = _cells_of(grids.rows, side)
        column_cells, column_index = _cells_of(grids.columns, side)
        values = field(Grids(row_cells * side, column_cells * side))
        across = np.take_along_axis(values, row_index[:, :, np.newaxis], axis=1)
        return np.take_along_axis(across, column_index[:, np.newaxis], axis=2)

    def _key(self, name: str) -> int:
        return key_of(self.seed, self.region.name, name)


def _stretched(field: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    # Sums of octaves crowd round one half; this spreads them over [0, 1].
    half = np.float32(0.5)
    return np.asarray(np.clip((field - half) * np.float32(gain) + half, np.float32(0), np.float32(1)))


def _cells_of(positions: NDArray[np.int64], side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cells = positions // side
    index = cells - cells[:, :1]
    return cells[:, :1] + np.arange(index.max() + 1), index
