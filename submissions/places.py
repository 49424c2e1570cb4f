"""Where the occurrences of a truth are, and so the units that are drawn when a test set is drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.places import quadrat_keys, quadrat_of_place, quadrats_of_keys
from scoring.uncertainty.units import Units
from submissions.errors import CannotCheckError
from submissions.ordering import positions_among
from submissions.reading.piped import AnyPath
from submissions.tables import OccurrencePlaces, read_places


@dataclass(frozen=True)
class TruthUnits:
    """The sampling units of the occurrences of a truth.

    Parameters
    ----------
    keys : ndarray of int64 of shape (n_occurrences,)
        A number that stands for the unit whatever else is in the truth: of a quadrat, or the occurrence's id.
    """

    units: Units
    keys: NDArray[np.int64]

    @property
    def quadrats(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the quadrats, in the order of the units; see `scoring.places`."""
        _, first = np.unique(self.units.numbers, return_index=True)
        return quadrats_of_keys(self.keys[first])


def units_of_truth(ids: NDArray[np.int64], *tables: Sequence[AnyPath]) -> TruthUnits:
    """Return the units of a truth: quadrats by the coordinates of the first tables that have them all.

    Where none have, every occurrence is a unit.

    Parameters
    ----------
    tables : sequences of path-like
        Files that may have coordinates together, such as the truth's own, then the test files.

    Raises
    ------
    CannotCheckError
        If a place is off the globe, or a file cannot be used.
    """
    places = next((found for each in tables if (found := _places(ids, each)) is not None), None)
    if places is None:
        return TruthUnits(Units.of_occurrences(len(ids)), ids)
    try:
        keys = quadrat_keys(quadrat_of_place(places.latitudes, places.longitudes))
    except ValueError as error:
        raise CannotCheckError(f"The places of the truth cannot be used: {error}.") from error
    return TruthUnits(Units.of_labels(keys), keys)


def _places(ids: NDArray[np.int64], tables: Sequence[AnyPath]) -> OccurrencePlaces | None:
    """Return the places of some occurrences, in their order; None unless the tables have them all."""
    found = [places for table in tables if (places := read_places(table)) is not None]
    if not found:
        return None
    listed = np.concatenate([places.ids for places in found])
    order = np.argsort(listed, kind="stable")
    positions, is_there = positions_among(ids, listed[order])
    if not is_there.all():
        return None
    rows = order[positions]
    latitudes = np.concatenate([places.latitudes for places in found])[rows]
    return OccurrencePlaces(ids, latitudes, np.concatenate([places.longitudes for places in found])[rows])
