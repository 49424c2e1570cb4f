"""What a softmax per occurrence would change of scores that are no probabilities, such as logits.

It is one transform for each occurrence, and not one for all: the order within an occurrence stays, and so
does top-K; that between occurrences does not, and other pairs lie above the threshold of adaptive top-K.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.dense import Rows, score_dense

_BLOCK_ROWS = 64


@dataclass(frozen=True)
class SoftmaxEffect:
    """What a softmax per occurrence would change.

    Parameters
    ----------
    k : int
        Species per occurrence of adaptive top-K.
    lowest, highest : float
        The scores are from here to there.
    n_above : int
        Pairs above the threshold as the scores are.
    n_exchanged : int
        Those of them that would not be above it.
    """

    k: int
    lowest: float
    highest: float
    n_above: int
    n_exchanged: int

    @property
    def share_exchanged(self) -> float:
        """The share of the pairs above the threshold that would not be above it."""
        return self.n_exchanged / self.n_above if self.n_above else 0.0


def softmax_effect(scores: Rows, k: int) -> SoftmaxEffect:
    """Compare the pairs above the threshold with and without a softmax per occurrence.

    Examples
    --------
    >>> effect = softmax_effect(np.array([[9.0, 8.0, 8.0], [2.0, 1.0, -5.0]]), 1)
    >>> effect.n_above, effect.n_exchanged
    (1, 0)
    """
    logs = _LogSoftmax(scores)
    thresholds = [_threshold(each, k) for each in (scores, logs)]
    n_above = n_both = 0
    lowest, highest = np.inf, -np.inf
    for rows in _blocks(len(logs.norms)):
        block = np.asarray(scores[rows])
        above = block > thresholds[0]
        n_above += int(np.count_nonzero(above))
        n_both += int(np.count_nonzero(above & (logs[rows] > thresholds[1])))
        present = block[block > -np.inf]
        lowest = min(lowest, float(present.min(initial=np.inf)))
        highest = max(highest, float(block.max()))
    return SoftmaxEffect(k, lowest, highest, n_above, n_above - n_both)


class _LogSoftmax:
    """The logarithms of what a softmax makes of each row."""

    def __init__(self, scores: Rows) -> None:
        self._scores = scores
        self.shape = scores.shape
        self.norms = np.concatenate([_norms(scores[rows]) for rows in _blocks(scores.shape[0])])

    def __getitem__(self, rows: slice | NDArray[np.intp], /) -> NDArray[np.floating]:
        shifted: NDArray[np.floating] = np.asarray(self._scores[rows], np.float64) - self.norms[rows, None]
        return shifted


def _norms(block: NDArray[np.floating]) -> NDArray[np.float64]:
    highest = block.max(axis=1).astype(np.float64)
    highest[highest == -np.inf] = 0.0  # nothing is predicted, with or without a softmax
    sums = np.exp(block - highest[:, np.newaxis]).sum(axis=1)
    norms: NDArray[np.float64] = highest + np.log(np.where(sums > 0, sums, 1.0))
    return norms


def _threshold(scores: Rows, k: int) -> float:
    rows = np.arange(scores.shape[0])
    return score_dense(scores, np.full(len(rows), -1), k=k, rows=rows).threshold


def _blocks(n_rows: int) -> list[slice]:
    return [slice(first, min(first + _BLOCK_ROWS, n_rows)) for first in range(0, n_rows, _BLOCK_ROWS)]
