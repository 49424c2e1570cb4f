"""The names of the rasters, where their files lie and which cells hold nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from submissions.errors import UsageError

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
    """A folder of rasters in the organizers' layout: ``NAME/NAME_FR.tif`` and ``NAME/NAME_USA.tif``.

    Parameters
    ----------
    names : sequence of str
        The rasters to read, in the order of the columns of an environmental vector.
    nodata : mapping of str to float
        The value that means nothing, by name, for rasters whose file does not tag one.

    Raises
    ------
    UsageError
        If `nodata` names a raster that is not among the 27.

    Examples
    --------
    >>> RasterLayout("rasters").path("bio_1", "us").as_posix()
    'rasters/bio_1/bio_1_USA.tif'
    """

    root: str | os.PathLike[str]
    names: Sequence[str] = RASTER_NAMES
    nodata: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.nodata) - set(self.names) - set(RASTER_NAMES))
        if unknown:
            raise UsageError(
                f"The nodata setting names {', '.join(unknown)}, but there is no such raster.",
                f"The rasters are {', '.join(RASTER_NAMES)}.",
            )

    def path(self, name: str, region: str) -> Path:
        """Return where the GeoTIFF of one raster, such as ``"bio_1"``, of a region lies."""
        return Path(self.root) / name / f"{name}_{_SUFFIXES[region]}.tif"
