"""Where the covariates of a forest come from: rasters, a file of vectors, or a table of points."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.covariates.rasters.cache import environmental_vectors
from baselines.covariates.rasters.extraction import EnvironmentalVectors, extract_vectors
from baselines.covariates.rasters.layout import RasterLayout
from baselines.covariates.regions import REGION_BOUNDS
from baselines.forest.covariatefile import read_covariates
from baselines.forest.pointfile import read_points
from scoring.places import region_of_id
from submissions.errors import CannotCheckError

#: Opens a progress bar: a description and a number of steps in, what to tell of each step out.
Bars = Callable[[str, int | None], AbstractContextManager[Callable[[int], None] | None]]

#: The region of a place that is in neither.
NO_REGION = ""

PathLike = str | os.PathLike[str]


@contextmanager
def no_bars(description: str, total: int | None) -> Iterator[None]:
    """Show no progress."""
    yield None


@dataclass(frozen=True)
class Places:
    """What a forest is to predict.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids, each once.
    regions : ndarray of str of shape (n,)
        ``"fr"``, ``"us"``, or `NO_REGION`.
    vectors : EnvironmentalVectors
        Their covariates, a row for each.
    """

    ids: NDArray[np.int64]
    regions: NDArray[np.str_]
    vectors: EnvironmentalVectors

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class RasterSource:
    """Rasters to read covariates from.

    Parameters
    ----------
    layout : RasterLayout
        Where they lie.
    cache : path-like, optional
        A folder in which vectors are kept, and looked for first.
    bars : callable
        Opens a progress bar.
    """

    layout: RasterLayout
    cache: PathLike | None = None
    bars: Bars = no_bars

    def vectors_of(self, occurrences: Occurrences) -> EnvironmentalVectors:
        """Return the covariates of occurrences, each from the rasters of its region.

        Raises
        ------
        BadInputError, CannotCheckError
            If a raster is absent or unusable; all of them are reported together.
        """
        with self.bars("reading rasters", self._n_rasters(occurrences.regions)) as told:
            return environmental_vectors(
                occurrences, self.layout, cache=self.cache, progress=_by_raster(told)
            )

    def occurrences(self, files: Sequence[PathLike]) -> Places:
        """Return what the occurrences of some files have, such as the test files."""
        found = read_all_occurrences(files)
        return Places(found.ids, found.regions, self.vectors_of(found))

    def points(self, path: PathLike) -> Places:
        """Return what the places of a table have; see `pointfile.read_points`.

        Raises
        ------
        CannotCheckError
            If the table cannot be used, or no place is in a region.
        """
        points = read_points(path)
        regions = regions_of_places(points.latitudes, points.longitudes)
        inside = np.flatnonzero(regions != NO_REGION)
        if not len(inside):
            raise CannotCheckError(f"None of the {len(regions)} points of {os.fspath(path)} is in a region.")
        with self.bars("reading rasters", self._n_rasters(regions[inside])) as told:
            vectors = extract_vectors(
                points.latitudes[inside],
                points.longitudes[inside],
                regions=regions[inside],
                layout=self.layout,
                progress=_by_raster(told),
            )
        return Places(points.ids, regions, _spread(vectors, inside, len(regions)))

    def _n_rasters(self, regions: NDArray[np.str_]) -> int:
        return len(np.unique(regions)) * len(self.layout.names)


@dataclass(frozen=True)
class FileSource:
    """A file of vectors that were extracted before.

    Parameters
    ----------
    path : path-like
        The file; see `covariatefile.read_covariates`.
    names : tuple of str
        The covariates to take from it, in the order of the columns.
    """

    path: PathLike
    names: tuple[str, ...]

    def vectors_of(self, occurrences: Occurrences) -> EnvironmentalVectors:
        """Return the covariates of occurrences.

        Raises
        ------
        CannotCheckError
            If the file cannot be used, or lacks an occurrence.
        """
        given = read_covariates(self.path, self.names)
        order = np.argsort(given.ids)
        places = np.minimum(np.searchsorted(given.ids[order], occurrences.ids), len(order) - 1)
        rows = order[places]
        missing = occurrences.ids[given.ids[rows] != occurrences.ids]
        if len(missing):
            raise CannotCheckError(
                f"{os.fspath(self.path)} lacks {len(missing)} of {len(occurrences)} occurrences, "
                f"such as {missing[0]}.",
                "Give vectors for all of them, or let glckit read the rasters.",
            )
        return _rows_of(given.vectors, rows)

    def all_occurrences(self) -> Places:
        """Return all that the file has."""
        given = read_covariates(self.path, self.names)
        return Places(given.ids, region_of_id(given.ids), given.vectors)


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


def _by_raster(told: Callable[[int], None] | None) -> Callable[[Path], None] | None:
    return None if told is None else lambda _: told(1)


def _rows_of(vectors: EnvironmentalVectors, rows: NDArray[np.intp]) -> EnvironmentalVectors:
    return EnvironmentalVectors(
        vectors.names, vectors.values[rows], vectors.outside[rows], vectors.nodata[rows]
    )


def _spread(vectors: EnvironmentalVectors, rows: NDArray[np.intp], n: int) -> EnvironmentalVectors:
    """Return vectors of `n` places, of which only some rows are on the rasters at all."""
    shape = (n, len(vectors.names))
    spread = EnvironmentalVectors(
        vectors.names,
        np.full(shape, np.nan, dtype=vectors.values.dtype),
        np.ones(shape, dtype=np.bool_),
        np.zeros(shape, dtype=np.bool_),
    )
    spread.values[rows] = vectors.values
    spread.outside[rows] = vectors.outside
    spread.nodata[rows] = vectors.nodata
    return spread
