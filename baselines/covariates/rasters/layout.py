"""The names of the rasters and where their files lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: The 27 rasters of the challenge, in the order of the columns of an environmental vector:
#: 19 bioclimatic covariates (WorldClim), then 8 of the soil (SoilGrids).
RASTER_NAMES = (
    *(f"bio_{number}" for number in range(1, 20)),
    *("bdticm", "bldfie", "cecsol", "clyppt", "orcdrc", "phihox", "sltppt", "sndppt"),
)

# How the organizers' raster files call the regions.
_SUFFIXES = {"fr": "FR", "us": "USA"}


@dataclass(frozen=True)
class RasterLayout:
    """A folder of rasters in the organizers' layout, and what its files mean.

    Parameters
    ----------
    root : path-like
        The folder that holds ``NAME/NAME_FR.tif`` and ``NAME/NAME_USA.tif``.
    names : sequence of str
        The rasters to read, in the order of the columns of an environmental vector.

    Examples
    --------
    >>> RasterLayout("rasters").path("bio_1", "us").as_posix()
    'rasters/bio_1/bio_1_USA.tif'
    """

    root: str | os.PathLike[str]
    names: Sequence[str] = RASTER_NAMES

    def path(self, name: str, region: str) -> Path:
        """Return the path of one raster of one region.

        Parameters
        ----------
        name : str
            Name of the raster, such as ``"bio_1"``.
        region : {"fr", "us"}
            The region.

        Returns
        -------
        Path
            Where the GeoTIFF lies.

        Raises
        ------
        KeyError
            If the region is none of the challenge.
        """
        return Path(self.root) / name / f"{name}_{_SUFFIXES[region]}.tif"
