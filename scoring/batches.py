"""The threshold of scores that come in batches, without the scores that cannot matter.

The threshold of N occurrences is the (K N + 1)-th largest of all their scores, and N is known at the end.
Until then no score can be dropped for sure: if many occurrences follow with nothing but -inf, the smallest
one so far may become the threshold. So the largest are kept, all that lie above a bound, and those that equal
the bound are counted. At the end K N + 1 scores that are not below the bound are the proof that nothing that
was dropped matters; and where there are fewer, that is known, too, and no number is made up.

How many are kept decides when that proof is at hand:

- `FEWEST` scores or more, 8 MB as float32, so that it always is up to N = FEWEST / K: 69,905 for K = 30;
- beyond, twice as many as the budget so far, so that it is where later batches resemble the earlier ones, or
  have larger scores; or, where N was announced, K N + 1, and then it always is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of, nth_largest
from scoring.byvalue import ByValue
from scoring.dense import refuse_nan

#: Scores kept whatever the budget is.
FEWEST = 1 << 21
# Rows are compared while they are in cache.
_BLOCK_BYTES = 1 << 20
# Scores of a sample: the bound that it suggests is off by less than 2 %.
_SAMPLED = 1 << 16


def n_kept(k: int, n_seen: int, n_announced: int | None = None) -> int:
    """Return how many scores to keep after some occurrences, of so many that were announced, if any.

    Examples
    --------
    >>> n_kept(30, 1000, 42_405), n_kept(30, 1000), n_kept(30, 100_000)
    (1272151, 2097152, 6000001)
    """
    if n_announced is not None:
        return budget_of(k, max(n_announced, n_seen)) + 1
    return max(FEWEST, 2 * budget_of(k, n_seen) + 1)


@dataclass(frozen=True, eq=False)
class Kept(ByValue):
    """What is kept of a stream of scores.

    Parameters
    ----------
    values : ndarray of float of shape (n,)
        Every score above the bound.
    bound : float
        No score above it was dropped.
    n_tied : int
        Scores equal to the bound.
    """

    values: NDArray[np.floating]
    bound: float = -math.inf
    n_tied: int = 0

    def threshold(self, budget: int) -> float | None:
        """Return the (budget + 1)-th largest score of the stream; None if it was dropped.

        Examples
        --------
        >>> kept = Kept(np.array([0.9, 0.5]), bound=0.3, n_tied=2)
        >>> [kept.threshold(budget) for budget in (0, 1, 2, 3, 4)]
        [0.9, 0.5, 0.3, 0.3, None]
        """
        if len(self.values) > budget:
            return nth_largest(self.values, budget + 1)
        # Absent pairs are -inf, and there is nothing below.
        is_known = self.bound == -math.inf or len(self.values) + self.n_tied > budget
        return self.bound if is_known else None


def kept_of(scores: NDArray[np.floating], bound: float) -> Kept:
    """Return what is to be kept of a batch of rows, float32 or float64, that follows others with this bound.

    A bound that is none of their type is compared as float64.

    Raises
    ------
    ValueError
        If a score is NaN.
    """
    step = max(1, _BLOCK_BYTES // max(scores.itemsize * scores.shape[1], 1))
    found = [_above(scores[first : first + step], bound) for first in range(0, len(scores), step)]
    values = [part.values for part in found] or [np.empty(0, scores.dtype)]
    return Kept(np.concatenate(values), bound, sum(part.n_tied for part in found))


def _above(block: NDArray[np.floating], bound: float) -> Kept:
    refuse_nan(block)
    edge, flat = _comparable(bound, block.dtype), block.reshape(-1)
    reaching = flat[np.flatnonzero(flat >= edge)]
    above = reaching > edge
    n_above = np.count_nonzero(above)
    values = reaching if n_above == len(above) else reaching[above]
    return Kept(values, bound, len(above) - int(n_above))


def _comparable(bound: float, dtype: np.dtype[np.floating]) -> np.floating:
    """Return a bound in a type of scores, or as float64 where it is none of that type."""
    with np.errstate(over="ignore"):
        own: np.floating = dtype.type(bound)
    return own if float(own) == bound else np.float64(bound)  # NumPy would bring the bound into the type


def largest(parts: Sequence[NDArray[np.floating]], size: int, *, bound: float, n_tied: int) -> Kept:
    """Return what is left of parts of kept scores if the bound rises to about the `size`-th largest.

    No fewer than `size` are not below it. It does not rise where there are no more than that.

    Examples
    --------
    >>> kept = largest([np.array([0.9, 0.5]), np.array([0.7, 0.5])], 3, bound=0.1, n_tied=4)
    >>> sorted(kept.values.tolist()), kept.bound, kept.n_tied
    ([0.7, 0.9], 0.5, 2)
    """
    joined = np.concatenate(parts)
    if len(joined) <= size:
        return Kept(joined, bound, n_tied)
    return _estimated(joined, size) or _raised(joined, nth_largest(joined, size))


def _estimated(scores: NDArray[np.floating], size: int) -> Kept | None:
    """Let a sample say where the bound is, which takes a fifth of the time; None if it says too little."""
    sample = scores[:: max(1, len(scores) // _SAMPLED)]
    place = math.ceil(1.1 * size * len(sample) / len(scores))
    if len(sample) < _SAMPLED or place > len(sample):
        return None
    kept = _raised(scores, nth_largest(sample, place))
    return kept if size <= len(kept.values) <= 1.3 * size else None


def _raised(scores: NDArray[np.floating], bound: float) -> Kept:
    return Kept(scores[scores > bound], bound, int(np.count_nonzero(scores == bound)))


def together(values: NDArray[np.floating], bounds: NDArray[np.floating], n_tied: NDArray[np.integer]) -> Kept:
    """Return what is kept of several streams, each with a bound and the number of scores equal to it.

    Examples
    --------
    >>> kept = together(np.array([0.9, 0.4, 0.7, 0.5]), np.array([0.2, 0.5]), np.array([3, 2]))
    >>> kept.values.tolist(), kept.bound, kept.n_tied
    ([0.9, 0.7], 0.5, 3)
    """
    bound = float(bounds.max())
    n_equal = int(np.count_nonzero(values == bound)) + int(n_tied[bounds == bound].sum())
    return Kept(values[values > bound], bound, n_equal)
