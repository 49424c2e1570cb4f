"""The largest scores of a stream, and where they stand, in bounded memory."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import nth_largest


class Pool:
    """Keep the largest of a stream of scores, and the bound that the next must exceed.

    Parameters
    ----------
    size : int
        How many scores suffice; up to twice as many are kept.
    bound : float
        What scores must exceed at first: -inf, or a guess of the `size`-th largest.

    Attributes
    ----------
    proven : bool
        Whether at least `size` scores of the stream are not below the bound.
    """

    def __init__(self, size: int, bound: float) -> None:
        self._size = size
        self._values: NDArray[np.floating] = np.empty(0, np.float32)
        self._rows = np.empty(0, np.int32)
        self._n = 0
        self.bound = bound
        self.proven = bound == -math.inf

    def above(self, bound: float) -> tuple[NDArray[np.floating], NDArray[np.int32]]:
        """Return every score of the stream above a bound that is not below the pool's, and their rows."""
        above = np.flatnonzero(self._values[: self._n] > bound)
        return self._values[above], self._rows[above]

    def add(self, block: NDArray[np.floating], rows: NDArray[np.intp]) -> None:
        """Add what lies above the bound in a block of scores, a line for each of some rows."""
        flat = block.reshape(-1)
        places = np.flatnonzero(flat > self.bound)
        values = flat[places]
        if self._n + len(values) > len(self._values):
            self._shrink()
        if self._n + len(values) > len(self._values):
            self._grow(max(2 * self._size, self._n + len(values)), values.dtype)
        inside = slice(self._n, self._n + len(values))
        self._values[inside], self._rows[inside] = values, rows[places // block.shape[1]]
        self._n += len(values)

    def _shrink(self) -> None:
        if self._n < self._size:
            return
        self.bound, self.proven = nth_largest(self._values[: self._n], self._size), True
        # Ties with the bound may go: at most size - 1 scores lie above it, so if no more come, the
        # bound itself is the threshold.
        values, rows = self.above(self.bound)
        self._n = len(values)
        self._values[: self._n], self._rows[: self._n] = values, rows

    def _grow(self, capacity: int, dtype: np.dtype[np.floating]) -> None:
        values, rows = np.empty(capacity, dtype), np.empty(capacity, np.int32)
        values[: self._n], rows[: self._n] = self._values[: self._n], self._rows[: self._n]
        self._values, self._rows = values, rows
