"""Whether a table's ids are those of the edition: the organizers corrected them once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Two tables agree on a place within this many degrees (10 m): editions round differently.
_SAME_PLACE_DEGREES = 1e-4


class PlacedTable(Protocol):
    """Any table of occurrences and their places, such as `OccurrenceTable`."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Occurrence ids, each once, of shape (n,)."""

    @property
    def latitudes(self) -> NDArray[np.float64]:
        """Degrees, WGS84, of shape (n,)."""

    @property
    def longitudes(self) -> NDArray[np.float64]:
        """Degrees, WGS84, of shape (n,)."""


@dataclass(frozen=True)
class Staleness:
    """Where a table disagrees with a trusted one; ids are ascending.

    Parameters
    ----------
    moved_ids : ndarray of int64
        Ids that both tables have, at places more than 10 m apart.
    renumbered_ids : ndarray of int64
        Ids of the table whose exact place the trusted one has, but only under other ids.
    n_rows : int
        Rows of the table.
    """

    moved_ids: NDArray[np.int64]
    renumbered_ids: NDArray[np.int64]
    n_rows: int

    @property
    def is_stale(self) -> bool:
        """Whether the table's ids cannot be those of the trusted one.

        One moved id is enough. Renumbered ones are only suspicious in bulk, since two occurrences
        may share a place: 24 % of the French test occurrences of 2020 do.
        """
        return len(self.moved_ids) > 0 or 2 * len(self.renumbered_ids) > self.n_rows


def staleness(table: PlacedTable, trusted: PlacedTable) -> Staleness:
    """Compare a table's ids and places with those of a trusted table of the same edition.

    The organizers corrected the ids of the 2020 edition on 2020-04-28. Tables from before look
    whole, but their ids name other places than the patches, the test files and the truth.

    Examples
    --------
    >>> from submissions.tables import OccurrenceTable
    >>> old = OccurrenceTable(np.array([10000088]), np.array([43.68]), np.array([6.9]))
    >>> new = OccurrenceTable(np.array([10000088]), np.array([43.36]), np.array([6.9]))
    >>> staleness(old, new).is_stale
    True
    """
    shared, mine, theirs = np.intersect1d(table.ids, trusted.ids, return_indices=True)
    apart = np.abs(table.latitudes[mine] - trusted.latitudes[theirs]) > _SAME_PLACE_DEGREES
    apart |= np.abs(table.longitudes[mine] - trusted.longitudes[theirs]) > _SAME_PLACE_DEGREES
    known_place = np.isin(_place_keys(table), _place_keys(trusted))
    renumbered = np.setdiff1d(table.ids[known_place], shared[~apart])
    return Staleness(shared[apart], renumbered, len(table.ids))


def _place_keys(table: PlacedTable) -> NDArray[np.complex128]:
    # Seven decimals are a centimetre: what float32 and float64 copies of one place share.
    return np.round(table.latitudes, 7) + 1j * np.round(table.longitudes, 7)
