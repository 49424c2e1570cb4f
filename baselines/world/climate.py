"""What the rasters hold: gradients of climate and soil over the cells of a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.draws import key_of
from baselines.world.fields import Grids, Octave, equalised, noise, octaves
from baselines.world.regions import Places, Region

#: The gradients that species respond to, in this order.
GRADIENTS = ("warmth", "rain", "continentality", "texture", "acidity")
#: Gradients run from 0 to this, evenly spread over the cells of a region.
GRADIENT_LEVELS = 10_000

_PARTS: tuple[Octave, ...] = ((96, 1.0), (48, 0.7), (24, 0.45), (12, 0.3), (6, 0.15))
_COAST: tuple[Octave, ...] = ((160, 1.0), (40, 0.25), (10, 0.06))
# About this share of a region's cells is sea.
_SEA_PERCENT = 12
_INT32_MIN, _INT16_MIN, _FLOAT32_MAX = -(2**31), -(2**15), float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class RasterRecipe:
    """How one raster follows from the gradients.

    Parameters
    ----------
    weights : tuple of int of length 5
        Weight of each of `GRADIENTS`; a negative one turns the gradient round.
    low, high : int
        Values at the two ends.
    grain : int
        Range of what the raster has of its own, in thousandths of `high` - `low`.
    dtype : str
        NumPy type of the file.
    nodata : float
        Value at sea.
    tagged : bool
        Whether the file says so itself.
    """

    weights: tuple[int, ...]
    low: int
    high: int
    grain: int
    dtype: str = "int32"
    nodata: float = _INT32_MIN
    tagged: bool = True


_SMALL = ("int16", _INT16_MIN)
_PERCENT = ("int8", 127)

#: How each raster is made, by name, in the order of `RASTER_NAMES`. Ranges are about those of WorldClim and
#: SoilGrids in western Europe. The files vary as real ones do, in type and in nodata, down to one without a
#: tag whose sea is 0.
RASTER_RECIPES = {
    "bio_1": RasterRecipe((8, 0, -1, 0, 0), 40, 178, 40, "uint16", 0, tagged=False),
    "bio_2": RasterRecipe((2, -2, 5, 0, 0), 52, 131, 60, *_SMALL),
    "bio_3": RasterRecipe((2, 1, -4, 0, 0), 24, 44, 90, "float32", _FLOAT32_MAX),
    "bio_4": RasterRecipe((1, -1, 7, 0, 0), 2680, 8420, 30),
    "bio_5": RasterRecipe((6, -1, 3, 0, 0), 143, 331, 40),
    "bio_6": RasterRecipe((6, 0, -3, 0, 0), -102, 76, 40),
    "bio_7": RasterRecipe((0, -1, 6, 0, 0), 161, 341, 50, *_SMALL),
    "bio_8": RasterRecipe((4, -2, 2, 0, 0), -71, 247, 120),
    "bio_9": RasterRecipe((4, -3, -1, 0, 0), -89, 241, 120),
    "bio_10": RasterRecipe((6, -1, 2, 0, 0), 88, 253, 40),
    "bio_11": RasterRecipe((6, 0, -3, 0, 0), -52, 124, 40),
    "bio_12": RasterRecipe((0, 8, -1, 0, 0), 481, 2048, 30),
    "bio_13": RasterRecipe((0, 6, 2, 0, 0), 53, 244, 60, *_SMALL),
    "bio_14": RasterRecipe((-2, 6, -1, 0, 0), 9, 118, 70, *_SMALL),
    "bio_15": RasterRecipe((4, -3, 2, 0, 0), 8, 62, 80, *_SMALL),
    "bio_16": RasterRecipe((0, 6, 1, 0, 0), 151, 690, 50),
    "bio_17": RasterRecipe((-2, 6, -1, 0, 0), 40, 421, 60),
    "bio_18": RasterRecipe((-3, 5, 2, 0, 0), 52, 487, 60),
    "bio_19": RasterRecipe((0, 5, -3, 0, 0), 81, 556, 60),
    "bdticm": RasterRecipe((0, 0, 0, 4, -2), 290, 16_110, 150),
    "bldfie": RasterRecipe((0, -1, 0, 4, -4), 870, 1590, 90, *_SMALL),
    "cecsol": RasterRecipe((0, 0, 0, -6, -2), 4, 58, 80, "uint8", 255),
    "clyppt": RasterRecipe((0, 0, 0, -8, 0), 6, 51, 60, *_PERCENT),
    "orcdrc": RasterRecipe((-2, 2, 0, 0, 6), 3, 147, 90, *_SMALL),
    "phihox": RasterRecipe((0, -1, 0, 0, -8), 44, 83, 60, *_PERCENT),
    "sltppt": RasterRecipe((0, 0, 0, -4, 2), 12, 63, 120, *_PERCENT),
    "sndppt": RasterRecipe((0, 0, 0, 8, 1), 11, 79, 60, *_PERCENT),
}


@dataclass(frozen=True)
class Climate:
    """The gradients of a region's cells, 0 to `GRADIENT_LEVELS` - 1, also at sea, and where there is land.

    Parameters
    ----------
    gradients : ndarray of int64 of shape (5, n_rows, n_columns)
        Levels of `GRADIENTS`.
    is_land : ndarray of bool of shape (n_rows, n_columns)
        False where the rasters have no data.
    """

    region: Region
    seed: int
    gradients: NDArray[np.int64]
    is_land: NDArray[np.bool_]

    def at(self, places: Places) -> NDArray[np.int64]:
        """Return the gradients of places, shape (n, 5); outside the rasters, those of the nearest cell."""
        return self.gradients[:, *self._nearest(places)].T

    def on_land(self, places: Places) -> NDArray[np.bool_]:
        """Return which places stand in a cell of the rasters that has data."""
        return np.asarray(self.inside(places) & self.is_land[self._nearest(places)])

    def inside(self, places: Places) -> NDArray[np.bool_]:
        """Return which places stand in a cell of the rasters."""
        return np.asarray(np.equal(places.cells(), self._nearest(places)).all(axis=0))

    def raster(self, name: str) -> NDArray[np.generic]:
        """Return the cells of one raster, in the type of its file, with nodata at sea."""
        recipe = RASTER_RECIPES[name]
        grain = noise(key_of(self.seed, self.region.name, name), _grid(self.region), scale=3)[0]
        own = np.floor(grain * np.float32(recipe.grain * GRADIENT_LEVELS // 1000)).astype(np.int64)
        mixed = _mixture(self.gradients, recipe.weights) * (1000 - recipe.grain) // 1000 + own
        values = recipe.low + (recipe.high - recipe.low) * mixed // GRADIENT_LEVELS
        return np.where(self.is_land, values, recipe.nodata).astype(recipe.dtype)

    def _nearest(self, places: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows, columns = places.cells()
        return np.clip(rows, 0, self.region.n_rows - 1), np.clip(columns, 0, self.region.n_columns - 1)


def climate_of(region: Region, seed: int) -> Climate:
    """Make the gradients and the coast of a region; equal for equal arguments, on any machine."""
    grid = _grid(region)
    levels = [
        equalised(octaves(key_of(seed, region.name, name), grid, parts=_PARTS), n_levels=GRADIENT_LEVELS)
        for name in GRADIENTS
    ]
    coast = equalised(octaves(key_of(seed, region.name, "coast"), grid, parts=_COAST), n_levels=100)
    return Climate(region, seed, np.concatenate(levels), coast[0] >= _SEA_PERCENT)


def _grid(region: Region) -> Grids:
    return Grids(np.arange(region.n_rows)[np.newaxis], np.arange(region.n_columns)[np.newaxis])


def _mixture(gradients: NDArray[np.int64], weights: tuple[int, ...]) -> NDArray[np.int64]:
    turned = sum(weight for weight in weights if weight < 0) * (GRADIENT_LEVELS - 1)
    total = np.tensordot(weights, gradients, axes=1) - turned
    return np.asarray(total // np.abs(weights).sum())
