"""A run: for each occurrence, species with scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.byvalue import ByValue
from scoring.sparse import Pairs
from submissions.faults import Fault
from submissions.memory import require_memory
from submissions.ordering import stable_order
from submissions.reading.linenumbers import LineNumbers, LinesOfLists

if TYPE_CHECKING:
    import pandas as pd

# What a row takes while rows are put into order: 37 bytes in a shuffled run of 16 million.
_BYTES_OF_ORDERING = 40
# What a pair of a matrix takes in a data frame, and while that is made.
_BYTES_OF_FRAME = 48
_FRAMED_ROWS = 256


@dataclass(frozen=True, repr=False, eq=False)
class Run(ByValue):
    """A run as lists of pairs, one list for each occurrence that it has.

    Parameters
    ----------
    path : str
        Where it was read, as given.
    occurrence_ids : ndarray of int of shape (n_lists,)
        The occurrence of each list, each once.
    pairs : Pairs
        Species, scores and ranks, list by list; in a list, in the order of the file.
    rows : ndarray of int of shape (n_pairs,), optional
        Row of the file of each pair; None where pairs stand in the order of the file.
    lines : LineNumbers or LinesOfLists, optional
        Line of each row; None for formats without lines.
    mentioned : ndarray of int of shape (n,)
        Occurrences that bad rows name, ascending: they have more pairs than could be read.
    n_unplaced : int
        Bad rows that name no occurrence.
    empty, empty_lines : ndarray of int of shape (n,)
        Occurrences that are in the file with an empty list, so neither missing nor among the lists, and
        where each stands.
    rank_decides : bool
        Whether ranks alone order a list, as in the formats of 2018 and 2019; elsewhere it is scores, and
        ranks only break ties.
    year : int, optional
        An edition whose board took such files, where that is not ours.
    n_unread : int
        Rows that could not be read, and are none of the pairs.
    readable : bool
        Whether the file could be read as a run at all; if not, there is nothing else to check.
    faults : tuple of Fault
        What was wrong with the file itself. A run with errors cannot be scored.
    metadata : mapping, optional
        What ``RUN.meta.json`` beside the file says.
    """

    path: str
    occurrence_ids: NDArray[np.integer]
    pairs: Pairs
    rows: NDArray[np.intp] | None = None
    lines: LineNumbers | LinesOfLists | None = field(default=None, compare=False)
    mentioned: NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    n_unplaced: int = 0
    empty: NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    empty_lines: NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    rank_decides: bool = False
    year: int | None = None
    n_unread: int = 0
    readable: bool = True
    faults: tuple[Fault, ...] = ()
    metadata: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Run({self.path!r}, n_occurrences={len(self.occurrence_ids)}, n_pairs={self.n_pairs})"

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.pairs.scores)

    @property
    def is_whole(self) -> bool:
        """Whether no row could be anything but one of the pairs."""
        return not len(self.mentioned) and not self.n_unplaced

    def row_numbers(self, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the row of the file, from 0, of each of some pairs."""
        return pairs if self.rows is None else self.rows[pairs]

    def lines_of(self, pairs: NDArray[np.intp]) -> list[int | None]:
        """Return the line of the file of each of some pairs, None where the format has no lines."""
        if self.lines is None:
            return [None] * len(pairs)
        return [int(line) for line in self.lines.of(self.row_numbers(pairs))]

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each pair, with the columns of a run file.

        Pairs of an occurrence stand together, in the order of the file; there is a column of ranks if the
        file has one.
        """
        import pandas as pd

        pairs = self.pairs
        ids = np.repeat(self.occurrence_ids, np.diff(pairs.offsets))
        columns = {"occurrence_id": ids, "species_id": pairs.species, "probability": pairs.scores}
        return pd.DataFrame(columns if pairs.ranks is None else columns | {"rank": pairs.ranks})


@dataclass(frozen=True, repr=False, eq=False)
class DenseRun(ByValue):
    """A run as a matrix, occurrences by species; -inf where a pair is not predicted.

    Parameters
    ----------
    scores : ndarray of float16, float32 or float64 of shape (n_rows, n_classes)
        A memory map, never copied whole.
    readable : bool
        True; a matrix that cannot be read becomes a `Run` without pairs.
    faults, metadata
        As in `Run`.
    """

    path: str
    occurrence_ids: NDArray[np.int64]
    species_ids: NDArray[np.int64]
    scores: NDArray[np.floating]
    readable: bool = True
    faults: tuple[Fault, ...] = ()
    metadata: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        n_occurrences, n_species = self.scores.shape
        return f"DenseRun({self.path!r}, n_occurrences={n_occurrences}, n_species={n_species})"

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each pair that is predicted, as that of a `Run`.

        Raises
        ------
        CannotCheckError
            If it does not fit into the memory that is free.
        """
        import pandas as pd

        blocks = [self.scores[i : i + _FRAMED_ROWS] for i in range(0, len(self.scores), _FRAMED_ROWS)]
        n_pairs = sum(int(np.count_nonzero(block > -np.inf)) for block in blocks)
        require_memory(_BYTES_OF_FRAME * n_pairs, f"A data frame of {n_pairs:,} pairs")
        found = [np.nonzero(block > -np.inf) for block in blocks]
        rows = np.concatenate([rows + _FRAMED_ROWS * i for i, (rows, _) in enumerate(found)])
        scores = [block[places].astype(np.float64) for block, places in zip(blocks, found, strict=True)]
        columns = np.concatenate([columns for _, columns in found])
        ids = {"occurrence_id": self.occurrence_ids[rows], "species_id": self.species_ids[columns]}
        return pd.DataFrame(ids | {"probability": np.concatenate(scores)})


@dataclass(frozen=True)
class Grouping:
    """Rows put together by occurrence.

    Parameters
    ----------
    ids : ndarray of int of shape (n_lists,)
        The occurrence of each list.
    offsets : ndarray of int64 of shape (n_lists + 1,)
        Where each list starts and ends.
    order : ndarray of int of shape (n_rows,), optional
        The row of each pair; None where rows stand together already.
    """

    ids: NDArray[np.integer]
    offsets: NDArray[np.int64]
    order: NDArray[np.intp] | None = None


def group_by_occurrence(ids: NDArray[np.integer]) -> Grouping:
    """Group rows by occurrence: in the order of the rows if they stand together, else by ascending id.

    The order within a group is kept.

    Examples
    --------
    >>> group_by_occurrence(np.array([7, 7, 3])).offsets.tolist()
    [0, 2, 3]
    >>> group_by_occurrence(np.array([7, 3, 7])).order.tolist()
    [1, 0, 2]
    """
    starts = _starts(ids)
    heads = ids[starts[:-1]]
    ascending = np.sort(heads)
    if not (ascending[1:] == ascending[:-1]).any():
        return Grouping(heads, starts)
    require_memory(_BYTES_OF_ORDERING * len(ids), f"Ordering a run of {len(ids):,} pairs by occurrence")
    order = stable_order(ids)
    grouped = ids[order]
    starts = _starts(grouped)
    return Grouping(grouped[starts[:-1]], starts, order)


def _starts(ids: NDArray[np.integer]) -> NDArray[np.int64]:
    changes = np.flatnonzero(ids[1:] != ids[:-1]) + 1
    ends = [len(ids)] if len(ids) else []
    return np.concatenate([[0], changes, ends]).astype(np.int64)
