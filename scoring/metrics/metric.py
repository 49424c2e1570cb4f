"""What a metric is: a numerator and a denominator for each occurrence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: What a metric needs of a run: scores that compare between occurrences, an order within each, or just sets.
Need = Literal["scores", "order", "sets"]


@dataclass(frozen=True)
class Ratio:
    """The numerator and denominator of each occurrence; the score is sum / sum.

    Parameters
    ----------
    numerators, denominators : ndarray of bool, int or float of shape (n,)
        Whole numbers are added as such; floats such that their order does not matter.
    """

    numerators: NDArray[Any]
    denominators: NDArray[Any]

    @classmethod
    def mean(cls, values: NDArray[Any]) -> Ratio:
        """Return the terms of a mean over the occurrences."""
        return cls(values, np.ones(len(values), np.int64))

    @property
    def score(self) -> float:
        """Sum of the numerators over sum of the denominators."""
        return _sum(self.numerators) / _sum(self.denominators)


@dataclass(frozen=True)
class Metric:
    """A metric of one edition of the challenge or several.

    Parameters
    ----------
    terms : callable
        From the outcomes (`scoring.outcomes.PerOccurrence`; `scoring.outcomes.Sets` if it needs only sets),
        K and the threshold to `Ratio`.
    bounds : callable, optional
        From the same to the least and the greatest score that another order of equal scores could give.
    lower_is_better : bool
        The direction.
    fits_threshold : bool
        Whether it fits one threshold on all scores (`scoring.adaptive.threshold_of`); an occurrence then
        has ``set_sizes`` pairs above it.
    has_k : bool
        Whether K matters.
    is_mean : bool
        Whether every denominator is 1.
    summary : str
        What it is, for people: half a line.
    """

    name: str
    needs: Need
    terms: Callable[[Any, int, float], Ratio]
    summary: str
    bounds: Callable[[Any, int, float], tuple[float, float]] | None = None
    lower_is_better: bool = False
    fits_threshold: bool = False
    has_k: bool = False
    is_mean: bool = True

    def score(self, outcomes: Any, k: int, threshold: float) -> float:
        """Return the score of some outcomes."""
        return self.terms(outcomes, k, threshold).score


def _sum(values: NDArray[Any]) -> float:
    return math.fsum(values.tolist()) if values.dtype.kind == "f" else int(values.sum())
