"""The threshold of adaptive top-K: one score, the same for all occurrences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def check_k(k: int) -> int:
    """Return `k`, or raise a `ValueError` if it is not a positive whole number."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k must be a positive integer, not {k!r}")
    return int(k)


def budget_of(k: int, n_occurrences: int) -> int:
    """Return how many pairs may lie above the threshold: `k` for each occurrence of the truth."""
    return check_k(k) * n_occurrences


def threshold_of(scores: NDArray[np.floating], budget: int) -> float:
    """Return the smallest number with at most `budget` scores, none of them NaN, strictly above it.

    That is the (budget + 1)-th largest score, or -inf where there are no more than `budget`.

    Notes
    -----
    GeoLifeCLEF 2020, adaptive top-K accuracy: t = min{kappa : #{(i, j) : s_ij > kappa} <= K N}, for N
    occurrences in the truth. The comparison is strict, so scores tied at t are left out together.

    Examples
    --------
    >>> threshold_of(np.array([0.9, 0.5, 0.5, 0.1]), 2)
    0.5
    >>> threshold_of(np.array([0.9, 0.5]), 2)
    -inf
    """
    return nth_largest(scores, budget + 1) if len(scores) > budget else -math.inf


def nth_largest(scores: NDArray[np.floating], n: int) -> float:
    """Return the `n`-th largest score, of which there must be as many; equal scores count each."""
    position = len(scores) - n
    return float(np.partition(scores, position)[position])
