"""How the true class of each row of a matrix stands among the others of its row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrueClasses:
    """How true classes stand, row by row; see `scoring.outcomes.PerOccurrence`.

    The score of a class that is no column is infinite: nothing lies above it.
    """

    true_scores: NDArray[np.floating]
    n_above: NDArray[np.int64]
    n_tied: NDArray[np.int64]
    n_before: NDArray[np.int64]


def standing(block: NDArray[np.floating], labels: NDArray[np.integer], n_ranked: int) -> TrueClasses:
    """Return how true classes, -1 for one that is no column, stand in their rows; ties by column.

    Ties are counted where fewer than `n_ranked` classes lie above the true one.

    Examples
    --------
    >>> found = standing(np.array([[0.5, 0.7, 0.5]]), np.array([2]), 3)
    >>> found.n_above.tolist(), found.n_tied.tolist(), found.n_before.tolist()
    ([1], [1], [1])
    """
    known = np.flatnonzero(labels >= 0)
    true_scores = np.full(len(labels), np.inf, block.dtype)
    true_scores[known] = block[known, labels[known]]
    # count_nonzero over an axis converts to integers first; over a row it runs at memory speed.
    n_above = np.array([np.count_nonzero(row) for row in block > true_scores[:, np.newaxis]], np.int64)
    n_tied, n_before = np.zeros((2, len(labels)), np.int64)
    for i in known[n_above[known] < n_ranked].tolist():  # elsewhere ties change nothing
        tied = block[i] == true_scores[i]
        n_tied[i] = np.count_nonzero(tied) - 1
        n_before[i] = np.count_nonzero(tied[: labels[i]])
    return TrueClasses(true_scores, n_above, n_tied, n_before)
