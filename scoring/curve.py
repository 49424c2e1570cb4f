"""Adaptive top-K accuracy for every K at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scoring.score import Score
from scoring.uncertainty.largest import LargestPairs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Curve:
    """A(K), the adaptive top-K accuracy, for K = 1, 2, ...

    Parameters
    ----------
    k : ndarray of int of shape (n_k,)
        1, 2, ... up to the first K whose budget holds every pair of the run, or the greatest asked for.
    adaptive_top_k, mean_set_sizes, thresholds : ndarray of float of shape (n_k,)
        The accuracy, the pairs above the threshold per occurrence, and the threshold of each K.
    """

    k: NDArray[np.int64]
    adaptive_top_k: NDArray[np.float64]
    mean_set_sizes: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def area(self) -> float:
        """The area under the curve over its width: the mean of A(K)."""
        return float(self.adaptive_top_k.mean())

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each K."""
        import pandas as pd

        return pd.DataFrame(
            {
                "k": self.k,
                "adaptive_top_k": self.adaptive_top_k,
                "mean_set_size": self.mean_set_sizes,
                "threshold": self.thresholds,
            }
        )


def curve(scored: Score, pairs: LargestPairs, *, up_to: int | None = None) -> Curve:
    """Return A(K) for every K up to some; by default as far as the pairs that are held reach.

    Two curves have comparable areas only if they end at the same K. Beyond its last pair a run wins nothing.

    Examples
    --------
    >>> from scoring.sparse import Pairs, score_sparse
    >>> lists = Pairs(np.array([0, 2, 3]), np.array([4, 5, 4]), np.array([0.9, 0.8, 0.4]))
    >>> scored = score_sparse(lists, np.array([5, 4]), np.array([0, 1]))
    >>> found = curve(scored, LargestPairs.of_lists(lists, np.array([0, 1]), 2))
    >>> found.k.tolist(), found.adaptive_top_k.tolist(), found.area
    ([1, 2], [0.5, 1.0], 0.75)
    """
    n = scored.n_occurrences
    last = (len(pairs) - 1) // n if pairs.n_left_out else -(-len(pairs) // n)
    k = np.arange(1, (max(last, 1) if up_to is None else up_to) + 1)
    thresholds = np.array([pairs.threshold(each * n) for each in k.tolist()])
    n_above = np.array([pairs.n_above(each) for each in thresholds.tolist()])
    true_scores = np.sort(scored.per_occurrence.true_scores)
    n_hits = n - np.searchsorted(true_scores, thresholds, side="right")
    return Curve(k, n_hits / n, n_above / n, thresholds)
