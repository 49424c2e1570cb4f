"""The pairs of a run with the largest scores, and whose they are: all that a threshold can depend on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scoring.dense import Rows
from scoring.pool import Pool
from scoring.sparse import Pairs

# Scores of a matrix that are looked at at once: 16 MB of 32-bit floats.
_BLOCK_SCORES = 1 << 22


@dataclass(frozen=True)
class LargestPairs:
    """Pairs of a run, of which those that are left out have no larger score.

    Parameters
    ----------
    scores : ndarray of float of shape (n_pairs,)
        Finite scores, in any order.
    occurrences : ndarray of int of shape (n_pairs,)
        Which occurrence of the truth each is for.
    n_occurrences : int
        Number of occurrences in the truth.
    n_left_out : int
        Pairs of the run that are not here.
    """

    scores: NDArray[np.floating]
    occurrences: NDArray[np.integer]
    n_occurrences: int
    n_left_out: int = 0

    @classmethod
    def of_lists(cls, pairs: Pairs, positions: NDArray[np.intp], n_occurrences: int) -> LargestPairs:
        """Return all pairs of lists; see `scoring.sparse.score_sparse`."""
        occurrences = np.repeat(positions.astype(np.int32), np.diff(pairs.offsets))
        return cls(pairs.scores, occurrences, n_occurrences)

    @classmethod
    def of_matrix(cls, scores: Rows, rows: NDArray[np.intp], *, n_held: int) -> LargestPairs:
        """Return about `n_held` of the largest scores of a matrix, in one pass; see `scoring.dense`.

        Twice K N hold the thresholds of all replicates, unless quadrats differ beyond measure.

        Parameters
        ----------
        rows : ndarray of int of shape (n_occurrences,)
            The row of each occurrence, -1 if it has none.
        """
        pool, n_present = Pool(n_held + 1, -math.inf), 0
        occurrences = np.flatnonzero(rows >= 0)
        step = max(1, _BLOCK_SCORES // max(scores.shape[1], 1))
        for first in range(0, len(occurrences), step):
            block = np.ascontiguousarray(scores[rows[occurrences[first : first + step]]])
            block = block.astype(np.float32) if block.dtype == np.float16 else block
            n_present += int(np.count_nonzero(block > -np.inf))
            pool.add(block, occurrences[first : first + step])
        held, of_rows = pool.above(pool.bound)
        return cls(held, of_rows, len(rows), n_present - len(held))

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def ascending(self) -> NDArray[np.floating]:
        """The scores, sorted."""
        return np.sort(self.scores)

    def threshold(self, budget: int) -> float:
        """Return the smallest number with at most `budget` scores above it; see `scoring.adaptive`.

        Raises
        ------
        ValueError
            If it lies among the pairs that were left out.
        """
        return self.value(budget) if budget < len(self) or self.n_left_out else -math.inf

    def value(self, n_larger: int) -> float:
        """Return the score with `n_larger` before it, largest first; -inf after the last of the run."""
        if n_larger < len(self):
            return float(self.ascending[len(self) - 1 - n_larger])
        if self.n_left_out:
            raise ValueError(
                f"score {n_larger + 1} in descending order is wanted, but only the {len(self)} largest of "
                f"{len(self) + self.n_left_out} pairs are held: hold more"
            )
        return -math.inf

    def n_above(self, threshold: float) -> int:
        """Count the scores above a threshold, which is one of them or -inf."""
        if threshold == -math.inf:
            return len(self) + self.n_left_out
        value = self.ascending.dtype.type(threshold)
        return len(self) - int(np.searchsorted(self.ascending, value, side="right"))

    def of_occurrences(self, chosen: NDArray[np.intp]) -> LargestPairs:
        """Return the pairs of some occurrences, ascending, which are numbered anew."""
        numbers = np.full(self.n_occurrences, -1, np.int32)
        numbers[chosen] = np.arange(len(chosen))
        renumbered = numbers[self.occurrences]
        kept = np.flatnonzero(renumbered >= 0)
        return LargestPairs(self.scores[kept], renumbered[kept], len(chosen), self.n_left_out)
