"""The largest scores of a stream, and where they stand, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidates:
    """What is left of a stream: every score above `bound`, and the rows they stand in.

    Parameters
    ----------
    proven : bool
        Whether at least `size` scores of the stream are not below the bound.
    values : ndarray of float of shape (n,)
        The scores, and possibly some that do not exceed the bound.
    rows : ndarray of int32 of shape (n,)
        The rows they stand in.
    """

    bound: float
    proven: bool
    values: NDArray[np.floating]
    rows: NDArray[np.int32]


class Pool:
    """Keep the largest of a stream of scores, and the bound that the next must exceed.

    Parameters
    ----------
    size : int
        How many scores suffice; up to twice as many are kept.
    bound : float
        What scores must exceed at first: -inf, or a guess of the `size`-th largest.
    """

    def __init__(self, size: int, bound: float) -> None:
        self._size = size
        self._values: NDArray[np.floating] = np.empty(0, np.float32)
        self._rows = np.empty(0, np.int32)
        self._n = 0
        self.bound = bound
        self._proven = bound == -math.inf

    def add(self, values: NDArray[np.floating], rows: NDArray[np.intp]) -> None:
        """Add scores, all above the bound."""
        if self._n + len(values) > len(self._values):
            self._shrink()
        if self._n + len(values) > len(self._values):
            self._grow(max(2 * self._size, self._n + len(values)), values.dtype)
        inside = slice(self._n, self._n + len(values))
        self._values[inside], self._rows[inside] = values, rows
        self._n += len(values)

    def candidates(self) -> Candidates:
        """Return what is left."""
        return Candidates(self.bound, self._proven, self._values[: self._n], self._rows[: self._n])

    def _shrink(self) -> None:
        if self._n < self._size:
            return
        values, rows = self._values[: self._n], self._rows[: self._n]
        position = self._n - self._size
        self.bound, self._proven = float(np.partition(values, position)[position]), True
        # Ties with the bound may go: at most size - 1 scores lie above it, so if no more come, the
        # bound itself is the threshold.
        above = np.flatnonzero(values > self.bound)
        self._values[: len(above)], self._rows[: len(above)] = values[above], rows[above]
        self._n = len(above)

    def _grow(self, capacity: int, dtype: np.dtype[np.floating]) -> None:
        values, rows = np.empty(capacity, dtype), np.empty(capacity, np.int32)
        values[: self._n], rows[: self._n] = self._values[: self._n], self._rows[: self._n]
        self._values, self._rows = values, rows
