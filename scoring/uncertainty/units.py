"""What is drawn when a test set is drawn again: quadrats, or occurrences where there are no places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.places import quadrat_keys, quadrat_of_place

UnitKind = Literal["quadrat", "occurrence"]

#: Below this effective number no interval is given and no pair of runs is called different.
LEAST_EFFECTIVE_UNITS = 10.0

#: Below this effective number intervals deserve a warning.
FEW_EFFECTIVE_UNITS = 40.0


@dataclass(frozen=True)
class Units:
    """The sampling unit of each occurrence of a truth.

    Parameters
    ----------
    numbers : ndarray of int of shape (n_occurrences,)
        The number of the unit, from 0; every number up to the greatest is there.
    kind : {"quadrat", "occurrence"}
        What a unit is.
    """

    numbers: NDArray[np.intp]
    kind: UnitKind

    @classmethod
    def of_places(cls, latitudes: ArrayLike, longitudes: ArrayLike, *, block_km: float = 5.0) -> Units:
        """Return the quadrats of places; see `scoring.places.quadrat_of_place`.

        Examples
        --------
        >>> units = Units.of_places([43.6, 43.6, 44.6], [3.88, 3.90, 3.88])
        >>> units.numbers.tolist(), len(units), units.effective
        ([0, 0, 1], 2, 1.8)
        """
        return cls.of_labels(quadrat_keys(quadrat_of_place(latitudes, longitudes, block_km=block_km)))

    @classmethod
    def of_labels(cls, labels: ArrayLike) -> Units:
        """Return units of occurrences with equal labels, numbered in the order of the labels."""
        return cls(np.unique(np.asarray(labels), return_inverse=True)[1], "quadrat")

    @classmethod
    def of_occurrences(cls, n_occurrences: int) -> Units:
        """Return every occurrence as a unit of its own, for want of places."""
        return cls(np.arange(n_occurrences), "occurrence")

    def __len__(self) -> int:
        return len(self.sizes)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Number of occurrences of each unit."""
        return np.bincount(self.numbers).astype(np.int64)

    @property
    def effective(self) -> float:
        """The effective number of units G*; see `effective_number`."""
        return effective_number(self.sizes)

    def taken(self, chosen: NDArray[np.intp]) -> Units:
        """Return the units of some occurrences, numbered anew."""
        return Units(np.unique(self.numbers[chosen], return_inverse=True)[1], self.kind)

    def totals(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Add up the values of the occurrences of each unit; sums of integers are exact."""
        return np.bincount(self.numbers, weights=values, minlength=len(self)).astype(np.float64)


def effective_number(sizes: ArrayLike) -> float:
    """Return how many equal units would weigh as much: (sum |s|)^2 / sum s^2, and 0 where all are 0.

    Notes
    -----
    Carter, Schnepel and Steigerwald (2017), Asymptotic behavior of a t-test robust to cluster heterogeneity,
    Review of Economics and Statistics 99: clusters of unequal sizes carry less than their number says.

    Examples
    --------
    >>> effective_number([5, 5, 5]), effective_number([8, 1, 1]), effective_number([0, 0])
    (3.0, 1.5151515151515151, 0.0)
    """
    magnitudes = np.abs(np.asarray(sizes, np.float64))
    squares = float(magnitudes @ magnitudes)
    return float(magnitudes.sum()) ** 2 / squares if squares > 0 else 0.0
