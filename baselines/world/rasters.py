"""The rasters of a world as GeoTIFFs."""

from __future__ import annotations

import os

from baselines.covariates.rasters.layout import RasterLayout
from baselines.world.climate import RASTER_RECIPES, Climate
from baselines.world.regions import CELLS_PER_DEGREE, MICRODEGREES
from submissions.errors import require


def write_rasters(climate: Climate, folder: str | os.PathLike[str]) -> None:
    """Write the 27 rasters of a region into a folder ``rasters``, in the organizers' layout."""
    rasterio = require("rasterio", "rf")
    region, layout = climate.region, RasterLayout(folder)
    step = 1 / CELLS_PER_DEGREE
    corner = region.west / MICRODEGREES, region.north / MICRODEGREES
    for name, recipe in RASTER_RECIPES.items():
        cells = climate.raster(name)
        path = layout.path(name, region.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=region.n_rows,
            width=region.n_columns,
            count=1,
            dtype=recipe.dtype,
            nodata=recipe.nodata if recipe.tagged else None,
            crs="EPSG:4326",
            transform=rasterio.Affine(step, 0, corner[0], 0, -step, corner[1]),
            compress="deflate",
        ) as raster:
            raster.write(cells, 1)
