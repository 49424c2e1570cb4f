"""The threshold of adaptive top-K: one score, the same for all occurrences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def check_k(k: int) -> int:
    """Return `k` if it is a positive whole number.

    Raises
    ------
    ValueError
        If it is not.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k must be a positive integer, not {k!r}")
    return int(k)


def budget_of(k: int, n_occurrences: int) -> int:
    """Return how many pairs may lie above the threshold: `k` for each occurrence of the truth."""
    return check_k(k) * n_occurrences


def threshold_of(scores: NDArray[np.floating], budget: int) -> float:
    """Return the threshold that leaves at most `budget` scores strictly above it.

    Parameters
    ----------
    scores : ndarray of float of shape (n_pairs,)
        All submitted scores, in any order, without NaN.
    budget : int
        Floor of K times the number of occurrences in the truth.

    Returns
    -------
    float
        The smallest number with at most `budget` scores above it: the (budget + 1)-th largest
        score, or -inf where there are no more than `budget`.

    Notes
    -----
    GeoLifeCLEF 2020, adaptive top-K accuracy: t = min{kappa : #{(i, j) : s_ij > kappa} <= K N}. The
    comparison is strict, so scores tied at t are left out together.

    Examples
    --------
    >>> threshold_of(np.array([0.9, 0.5, 0.5, 0.1]), 2)
    0.5
    >>> threshold_of(np.array([0.9, 0.5]), 2)
    -inf
    """
    if len(scores) <= budget:
        return -math.inf
    position = len(scores) - budget - 1
    return float(np.partition(scores, position)[position])
