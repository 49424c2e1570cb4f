"""Sums over units and replicates that round once, as those of `scoring.metrics.metric.Ratio` do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Ratio

# Bits of a value that are added up at once: sums over 2^27 occurrences stay below 2^53.
_LIMB_BITS = 26


@dataclass(frozen=True)
class UnitTotals:
    """The terms of a metric, added up in each unit; as limbs, so that no sum rounds.

    Parameters
    ----------
    numerators, denominators : ndarray of float of shape (n_limbs, n_units)
        Whole numbers; see `limbs_of`.
    """

    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]

    @classmethod
    def of(cls, terms: Ratio, numbers: NDArray[np.intp], n_units: int) -> UnitTotals:
        """Add up the terms of occurrences whose units have some numbers."""
        return cls(*(limbs_of(each, numbers, n_units) for each in (terms.numerators, terms.denominators)))

    def plus(self, other: UnitTotals) -> UnitTotals:
        """Return the totals of the occurrences of both."""
        return UnitTotals(
            _sum(self.numerators, other.numerators), _sum(self.denominators, other.denominators)
        )

    def scores(self, weights: NDArray[np.unsignedinteger]) -> NDArray[np.float64]:
        """Return the score that each row of weights of units gives, NaN where nothing was drawn."""
        denominators = _weighted(self.denominators, weights)
        safe = np.where(denominators == 0, np.nan, denominators)
        return np.asarray(_weighted(self.numerators, weights) / safe)


def limbs_of(values: NDArray[Any], numbers: NDArray[np.intp], n_units: int) -> NDArray[np.float64]:
    """Return sums per unit of whole parts, then of ever smaller binary places, until nothing is left."""
    limbs: list[NDArray[np.float64]] = []
    rest = values
    while not limbs or rest.any():
        whole = np.floor(rest) if rest.dtype.kind == "f" else rest
        limbs.append(np.bincount(numbers, weights=whole, minlength=n_units).astype(np.float64))
        rest = (rest - whole) * 2.0**_LIMB_BITS if rest.dtype.kind == "f" else np.zeros(0)
    return np.array(limbs)


def _sum(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    longer, shorter = (some, others) if len(some) >= len(others) else (others, some)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def _weighted(limbs: NDArray[np.float64], weights: NDArray[np.unsignedinteger]) -> NDArray[np.float64]:
    sums = weights.astype(np.float64) @ limbs.T
    if len(limbs) == 1:
        return np.asarray(sums[:, 0])
    return np.array([_joined(row) for row in sums.astype(np.int64).tolist()])


def _joined(limbs: list[int]) -> float:
    total = 0
    for limb in limbs:
        total = (total << _LIMB_BITS) + limb
    return total / (1 << _LIMB_BITS * (len(limbs) - 1))  # Python rounds such a quotient once
