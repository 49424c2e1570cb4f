"""The replicates of a test set: how often each unit is drawn, the same for all runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.mixing import GOLDEN, mixed
from scoring.uncertainty.units import Units

#: Replicates and seed unless others are asked for.
N_REPLICATES = 1000
SEED = 0

# Weights are turned into floats, which BLAS multiplies, this many at a time: 8 MB.
_BLOCK_WEIGHTS = 1 << 20

# Streams of one seed: which units are drawn, and which signs are flipped.
_DRAWS, _SIGNS = 0, 1


@dataclass(frozen=True)
class Sampling:
    """Units and how often each is drawn in each replicate: as many units as there are, with replacement.

    Draws are hashes of the seed, the same on every machine and in every release of NumPy.

    Parameters
    ----------
    weights : ndarray of uint8 or uint16 of shape (n_replicates, n_units)
        How often each unit is drawn; every row adds up to the number of units.
    """

    units: Units
    weights: NDArray[np.unsignedinteger]
    seed: int

    @classmethod
    def of(cls, units: Units, *, n_replicates: int = N_REPLICATES, seed: int = SEED) -> Sampling:
        """Draw replicates.

        Examples
        --------
        >>> sampling = Sampling.of(Units.of_occurrences(4), n_replicates=2)
        >>> sampling.weights.sum(axis=1).tolist()
        [4, 4]
        """
        if n_replicates < 1:
            raise ValueError(f"there must be at least one replicate, not {n_replicates}")
        n_units = len(units)
        weights = np.empty((n_replicates, n_units), np.uint8 if n_units < 256 else np.uint16)
        for rows in _blocks(n_replicates, n_units):
            weights[rows] = _drawn(rows, n_units, seed)
        # More than 255 draws of one unit are all but impossible; then so are two bytes.
        return cls(units, weights.astype(np.uint8) if weights.max() < 256 else weights, seed)

    def equals(self, other: Sampling) -> bool:
        """Return whether two draws are of the same units, and the same."""
        return self is other or (
            (self.seed, self.n_replicates, self.units.kind)
            == (other.seed, other.n_replicates, other.units.kind)
            and np.array_equal(self.units.numbers, other.units.numbers)
        )

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return len(self.weights)

    def sums(self, of_units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up columns of one value per unit in each replicate; sums of integers below 2^53 are exact.

        Parameters
        ----------
        of_units : ndarray of float of shape (n_units,) or (n_units, n_columns)
            The values.

        Returns
        -------
        ndarray of float of shape (n_replicates,) or (n_replicates, n_columns)
        """
        sums = np.empty((self.n_replicates, *of_units.shape[1:]))
        for rows in _blocks(*self.weights.shape):
            sums[rows] = self.weights[rows].astype(np.float64) @ of_units
        return sums

    def signed_sums(self, of_units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up columns of one value per unit, with a random sign for each unit and replicate."""
        sums = np.empty((self.n_replicates, *of_units.shape[1:]))
        for rows in _blocks(*self.weights.shape):
            sums[rows] = _signs(rows, len(self.units), self.seed) @ of_units
        return sums


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    step = max(1, _BLOCK_WEIGHTS // n_columns)
    for first in range(0, n_rows, step):
        yield slice(first, min(first + step, n_rows))


def _drawn(rows: slice, n_units: int, seed: int) -> NDArray[np.intp]:
    """Count how often each unit is drawn in some replicates."""
    # The upper 32 bits times the number of units: no unit is favoured by more than n_units / 2^32.
    drawn = (_bits(rows, n_units, seed, _DRAWS) >> np.uint64(32)) * np.uint64(n_units) >> np.uint64(32)
    n_rows = rows.stop - rows.start
    cells = drawn.astype(np.intp).reshape(n_rows, n_units) + n_units * np.arange(n_rows)[:, np.newaxis]
    return np.bincount(cells.ravel(), minlength=n_rows * n_units).reshape(n_rows, n_units)


def _signs(rows: slice, n_units: int, seed: int) -> NDArray[np.float64]:
    lowest = (_bits(rows, n_units, seed, _SIGNS) >> np.uint64(63)).astype(np.float64)
    return (2 * lowest - 1).reshape(-1, n_units)


def _bits(rows: slice, n_units: int, seed: int, stream: int) -> NDArray[np.uint64]:
    """Return 64 random bits for each of some replicates and each unit."""
    start = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    for step in (seed >> 64 & 0xFFFFFFFFFFFFFFFF, stream):
        start = mixed(start + GOLDEN) ^ np.uint64(step)
    places = np.arange(rows.start * n_units, rows.stop * n_units, dtype=np.uint64)
    return mixed(mixed(start + GOLDEN) + (places + np.uint64(1)) * GOLDEN)
