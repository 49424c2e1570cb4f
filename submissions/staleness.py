"""Whether ids are those of the edition: the organizers corrected them once, on 2020-04-28."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from scoring.places import region_of_id
from submissions.errors import CannotCheckError
from submissions.reading.piped import AnyPath
from submissions.tables import OccurrenceTable, read_occurrences

#: What to do about ids from before the correction.
RENEW = "Ids were corrected on 2020-04-28; download both tables again."

#: What it means where `agrees_by_chance` holds.
BY_CHANCE = (
    "French ids match no more often than by chance: ids were corrected on 2020-04-28, and one of the two "
    "files is older, or of another edition"
)

# The span of the French ids of 2020: a table numbered otherwise hits as many of them as chance lets it.
_N_FRENCH_IDS = 823_484
# Fewer expected hits than this tell nothing.
_ENOUGH_BY_CHANCE = 5

# Two tables agree on a place within this many degrees (10 m): editions round differently.
_SAME_PLACE_DEGREES = 1e-4


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


def staleness(table: OccurrenceTable, trusted: OccurrenceTable) -> Staleness:
    """Compare a table's ids and places with those of a trusted table of the same edition.

    The organizers corrected the ids of the 2020 edition on 2020-04-28. Tables from before look
    whole, but their ids name other places than the patches, the test files and the truth.

    Examples
    --------
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


def refuse_moved(tables: Sequence[AnyPath], others: Sequence[AnyPath]) -> None:
    """Raise a `CannotCheckError` if a table puts ids at other places than another; see `staleness`."""
    read = {path: _placed(path) for path in (*tables, *others)}
    for first, second in product(tables, others):
        placed, against = read[first], read[second]
        if placed is None or against is None:
            continue
        moved = staleness(placed, against).moved_ids
        if len(moved):
            raise CannotCheckError(moved_in_words(first, second, moved), RENEW)


def moved_in_words(first: AnyPath, second: AnyPath, moved: NDArray[np.int64]) -> str:
    """Say which two tables put which ids at different places."""
    names = f"{os.fspath(first)} and {os.fspath(second)}"
    return f"{names} give {len(moved):,} of the same ids different places, such as {moved[0]}: one is stale."


def _placed(path: AnyPath) -> OccurrenceTable | None:
    try:
        return read_occurrences(path)
    except CannotCheckError:  # a table without places, such as a truth, tells nothing
        return None


def agrees_by_chance(ids: NDArray[np.integer], expected: NDArray[np.integer]) -> bool:
    """Say whether French ids meet the expected ones only as often as ids of another numbering would.

    The ids before the correction come from the same span as those after it, and no id is stale by itself.
    Ids of another part of the edition, such as training occurrences, meet none of the expected ones.

    Examples
    --------
    >>> test = np.arange(10_000_000, 10_823_484, 40)
    >>> old = np.arange(10_000_000, 10_001_000)
    >>> agrees_by_chance(old, test), agrees_by_chance(test, test), agrees_by_chance(test + 1, test)
    (True, False, False)
    """
    mine, theirs = (np.unique(each[region_of_id(each) == "fr"]) for each in (ids, expected))
    by_chance = len(mine) * len(theirs) / _N_FRENCH_IDS
    n_shared = len(np.intersect1d(mine, theirs, assume_unique=True))
    most_differ = 2 * n_shared < min(len(mine), len(theirs))
    return most_differ and by_chance >= _ENOUGH_BY_CHANCE and by_chance / 3 < n_shared < by_chance * 3


def _place_keys(table: OccurrenceTable) -> NDArray[np.complex128]:
    # Seven decimals are a centimetre: what float32 and float64 copies of one place share.
    return np.round(table.latitudes, 7) + 1j * np.round(table.longitudes, 7)
