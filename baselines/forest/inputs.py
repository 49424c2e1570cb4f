"""Where the covariates of a forest come from: rasters, a file of vectors, or a table of points."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.covariates.rasters.cache import environmental_vectors
from baselines.covariates.rasters.extraction import EnvironmentalVectors, extract_vectors
from baselines.covariates.rasters.layout import RasterLayout
from baselines.covariates.regions import REGION_BOUNDS
from baselines.forest.covariatefile import read_covariates
from baselines.forest.pointfile import Points, read_points
from scoring.places import region_of_id
from submissions.errors import CannotCheckError
from submissions.ordering import positions_among
from submissions.printable import printable
from submissions.progress import SILENT, Progress

#: The region of a place that is in neither.
NO_REGION = ""

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class PredictedPlaces:
    """What a forest is to predict: occurrences, each once, with a row of covariates each.

    A region is ``"fr"``, ``"us"``, or `NO_REGION`. `points` are those of a table, where that was asked for.
    """

    ids: NDArray[np.int64]
    regions: NDArray[np.str_]
    vectors: EnvironmentalVectors
    points: Points | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class RasterSource:
    """Rasters to read covariates from, and a folder in which vectors are kept, and looked for first."""

    layout: RasterLayout
    cache: PathLike | None = None
    progress: Progress = SILENT

    def vectors_of(self, occurrences: Occurrences) -> EnvironmentalVectors:
        """Return the covariates of occurrences, each from the rasters of its region."""
        return environmental_vectors(occurrences, self.layout, cache=self.cache, progress=self.progress)

    def occurrences(self, files: Sequence[PathLike]) -> PredictedPlaces:
        """Return what the occurrences of some files have, such as the test files."""
        found = read_all_occurrences(files)
        return PredictedPlaces(found.ids, found.regions, self.vectors_of(found))

    def points(self, path: PathLike) -> PredictedPlaces:
        """Return what the places of a table have; CannotCheckError if no place is in a region."""
        points = read_points(path)
        regions = regions_of_places(points.latitudes, points.longitudes)
        inside = regions != NO_REGION
        if not inside.any():
            raise CannotCheckError(
                f"None of the {len(regions):,} points of {printable(path)} is in France or the US: "
                f"{points.named(~inside)}.",
                "Write latitude and longitude in degrees (WGS84).",
            )
        found = extract_vectors(
            points.latitudes[inside],
            points.longitudes[inside],
            regions=regions[inside],
            layout=self.layout,
            progress=self.progress,
        )
        vectors = _rows_of(found, np.maximum(np.cumsum(inside) - 1, 0))
        vectors.values[~inside], vectors.outside[~inside], vectors.nodata[~inside] = np.nan, True, False
        return PredictedPlaces(points.ids, regions, vectors, points)


@dataclass(frozen=True)
class FileSource:
    """A file of vectors that were extracted before, and the covariates to take from it, in order."""

    path: PathLike
    names: tuple[str, ...]

    def vectors_of(self, occurrences: Occurrences) -> EnvironmentalVectors:
        """Return the covariates of occurrences; CannotCheckError if the file cannot be used, or lacks one."""
        given = read_covariates(self.path, self.names)
        order = np.argsort(given.ids)
        places, found = positions_among(occurrences.ids, given.ids[order])
        missing = occurrences.ids[~found]
        if len(missing):
            raise CannotCheckError(
                f"{self.path} lacks {len(missing)} of {len(occurrences)} occurrences, such as {missing[0]}.",
                "Give vectors for all of them, or let glckit read the rasters.",
            )
        return _rows_of(given.vectors, order[places])

    def all_occurrences(self) -> PredictedPlaces:
        """Return all that the file has."""
        given = read_covariates(self.path, self.names)
        return PredictedPlaces(given.ids, region_of_id(given.ids), given.vectors)


def regions_of_places(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return the region of each place, or `NO_REGION`.

    Examples
    --------
    >>> regions_of_places(np.array([43.6, 40.7, 0.0]), np.array([3.9, -74.0, 0.0])).tolist()
    ['fr', 'us', '']
    """
    regions = np.full(len(latitudes), NO_REGION, dtype="U2")
    for name, box in REGION_BOUNDS.items():
        regions[box.holds(latitudes, longitudes)] = name
    return regions


def _rows_of(vectors: EnvironmentalVectors, rows: NDArray[np.intp]) -> EnvironmentalVectors:
    return EnvironmentalVectors(
        vectors.names, vectors.values[rows], vectors.outside[rows], vectors.nodata[rows]
    )
