"""The occurrences that models learn from and predict, each with its region and quadrat."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.regions import REGION_BOUNDS, REGION_WORDS
from scoring.places import REGIONS, quadrat_of_place, region_of_id
from submissions.errors import BadInputError
from submissions.staleness import RENEW, moved_in_words, staleness
from submissions.tables import OccurrenceTable, read_occurrences

#: Stands for the species of an occurrence whose file has no labels.
NO_SPECIES = -1

# A region in the name of a file: occurrences_fr_train.csv, but not house_of_frogs.csv.
_REGION_IN_NAME = re.compile(r"(?<![a-z])(?:fr|us)(?![a-z])")


@dataclass(frozen=True)
class Occurrences:
    """Occurrences of one or several files, with region and quadrat.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids, each once.
    latitudes, longitudes : ndarray of float64 of shape (n,)
        Places in degrees, WGS84.
    species : ndarray of int64 of shape (n,)
        Species ids; `NO_SPECIES` where the file has no labels.
    regions : ndarray of str of shape (n,)
        ``"fr"`` or ``"us"``.
    quadrats : ndarray of int64 of shape (n, 2)
        Row and column of the 5 km quadrat; see `scoring.places.quadrat_of_place`.
    """

    ids: NDArray[np.int64]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    species: NDArray[np.int64]
    regions: NDArray[np.str_]
    quadrats: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which occurrences have a species, of shape (n,)."""
        return np.asarray(self.species != NO_SPECIES)

    @property
    def shares_place(self) -> NDArray[np.bool_]:
        """Which occurrences have exactly the coordinates of another one, of shape (n,).

        Such duplicates are kept: several species grow at one place, and some coordinates are the
        centre of a commune. They share their covariates, so they belong on one side of a split.
        """
        places = self.latitudes + 1j * self.longitudes
        _, place_of, counts = np.unique(places, return_inverse=True, return_counts=True)
        return np.asarray(counts[place_of] > 1)

    @property
    def n_sharing_place(self) -> int:
        """How many occurrences have exactly the coordinates of another one."""
        return int(np.count_nonzero(self.shares_place))

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Occurrences:
        """Return some of the occurrences, by a mask of shape (n,) or by row numbers, in that order."""
        return Occurrences(*(getattr(self, column.name)[rows] for column in fields(self)))


def read_all_occurrences(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Occurrences:
    """Read any of the official occurrence files, with and without labels, into one checked table.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Such as ``occurrences_fr_train.csv``, ``occurrences_us_train.csv`` and the two test files.

    Returns
    -------
    Occurrences
        All rows, in order; duplicated places are kept.

    Raises
    ------
    CannotCheckError
        If a file is absent, empty or no occurrence table.
    BadInputError
        If a place is off the globe, latitude and longitude are swapped, a file holds ids of the other
        region or of no known edition, or two files have the same id: at different places, one of them
        is stale.
    """
    files = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    tables = [read_occurrences(path) for path in files]
    faults = [
        f"{os.fspath(path)} has {_count_text(rows)} {text}, such as {table.ids[rows][0]}."
        for path, table in zip(files, tables, strict=True)
        for rows, text in _faults_of(path, table)
        if rows.any()
    ]
    if faults:
        raise BadInputError(" ".join(faults), "Download the table again from the organizers' page.")
    _refuse_shared_ids(files, tables)
    return place_occurrences(tables)


def place_occurrences(tables: Sequence[OccurrenceTable]) -> Occurrences:
    """Join occurrence tables and give every row its region and quadrat, without further checks.

    Examples
    --------
    >>> table = OccurrenceTable(np.array([10561900]), np.array([43.6]), np.array([3.88]))
    >>> placed = place_occurrences([table])
    >>> placed.regions.tolist(), placed.quadrats.tolist(), placed.labelled.tolist()
    (['fr'], [[969, 62]], [False])
    """
    ids = np.concatenate([table.ids for table in tables])
    latitudes = np.concatenate([table.latitudes for table in tables])
    longitudes = np.concatenate([table.longitudes for table in tables])
    labels = [np.full(len(table), NO_SPECIES) if table.species is None else table.species for table in tables]
    quadrats = quadrat_of_place(latitudes, longitudes)
    return Occurrences(ids, latitudes, longitudes, np.concatenate(labels), region_of_id(ids), quadrats)


def _count_text(rows: NDArray[np.bool_]) -> str:
    n_ids = np.count_nonzero(rows)
    return "1 id" if n_ids == 1 else f"{n_ids} ids"


def _faults_of(
    path: str | os.PathLike[str], table: OccurrenceTable
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    # Some occurrences, perhaps none, and what is wrong with them.
    latitudes, longitudes = table.latitudes, table.longitudes
    yield (np.abs(latitudes) > 90) | (np.abs(longitudes) > 360), "at places that are not on the globe"
    regions = region_of_id(table.ids)
    named = set(_REGION_IN_NAME.findall(Path(path).name.lower()))
    for region, box in REGION_BOUNDS.items():
        rows, word = regions == region, REGION_WORDS[region]
        if named and region not in named:
            yield rows, f"of {word}, but is named for {REGION_WORDS[min(named)]}"
            continue
        where = f"latitude {box.south:g} to {box.north:g}, longitude {box.west:g} to {box.east:g}"
        swapped = rows & box.holds(longitudes, latitudes)
        yield swapped, f"of {word} with latitude and longitude swapped ({where} was expected)"
        for other in set(REGIONS) - {region}:
            elsewhere = rows & REGION_BOUNDS[other].holds(latitudes, longitudes)
            yield elsewhere, f"of {word} at places in {REGION_WORDS[other]}"
    yield regions == "other", "of no known edition"


def _refuse_shared_ids(files: Sequence[str | os.PathLike[str]], tables: Sequence[OccurrenceTable]) -> None:
    for later, table in enumerate(tables):
        for earlier in range(later):
            shared = np.intersect1d(table.ids, tables[earlier].ids)
            if not len(shared):
                continue
            moved = staleness(table, tables[earlier]).moved_ids
            if len(moved):
                raise BadInputError(moved_in_words(files[earlier], files[later], moved), RENEW)
            names = f"{os.fspath(files[earlier])} and {os.fspath(files[later])}"
            raise BadInputError(
                f"{names} share {len(shared)} ids, such as {shared[0]}; an occurrence belongs in one file.",
                "Give each file once, and only files of one edition.",
            )
