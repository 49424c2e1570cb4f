"""Where each row of a table stood in its file."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


class LineNumbers:
    """Where each row stood in its file, kept as runs of consecutive lines.

    Examples
    --------
    >>> numbers = LineNumbers()
    >>> numbers.append(2, 3)
    >>> numbers.append(7, 2)
    >>> numbers.of([0, 2, 3, 4]).tolist()
    [2, 4, 7, 8]
    """

    def __init__(self) -> None:
        # Where good and bad lines take turns, there are as many as rows: lists took 72 bytes for each.
        self._first_rows, self._first_lines = array("q"), array("q")
        self._n_rows = self._next_line = 0

    def append(self, first_line: int, n_rows: int) -> None:
        """Note that the next `n_rows` rows stand in consecutive lines."""
        if not n_rows:
            return
        if first_line != self._next_line:
            self._first_rows.append(self._n_rows)
            self._first_lines.append(first_line)
        self._n_rows += n_rows
        self._next_line = first_line + n_rows

    def of(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return the lines of rows, which are counted from 0."""
        rows = np.asarray(rows, dtype=np.int64)
        first_rows = np.asarray(self._first_rows, dtype=np.int64)
        first_lines = np.asarray(self._first_lines, dtype=np.int64)
        runs = np.searchsorted(first_rows, rows, side="right") - 1
        return np.asarray(first_lines[runs] + rows - first_rows[runs])


@dataclass(frozen=True)
class LinesOfLists:
    """Where each pair stood in a file that has a line for all pairs of an occurrence.

    Parameters
    ----------
    lines, ends : ndarray of int of shape (n_lists,)
        The line of each list that is not empty, and the number of pairs up to its end.

    Examples
    --------
    >>> LinesOfLists(np.array([2, 5]), np.array([3, 4])).of([0, 2, 3]).tolist()
    [2, 2, 5]
    """

    lines: NDArray[np.int64]
    ends: NDArray[np.int64]

    def of(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return the lines of pairs, which are counted from 0."""
        return self.lines[np.searchsorted(self.ends, np.asarray(rows), side="right")]
