"""The threshold of adaptive top-K in every replicate, exact, from the scores among which it can fall.

In a replicate the pairs of a unit count as often as the unit was drawn, and so do its occurrences for the
budget. Whether a replicate's threshold lies above some score is one product of weights with what each unit
has above that score beyond its own share of the budget. Two such products bound a narrow band of scores
that holds the thresholds of all replicates. The band is sorted and cut into chunks; one more product says
in which chunk each replicate's threshold falls, and only that chunk is counted pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of
from scoring.outcomes import PerOccurrence
from scoring.score import Scored
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling

# The band reaches this much further than the replicates' excess at the original threshold suggests, and
# twice as far again where a product shows that it was not far enough.
_MARGIN, _LEAST_MARGIN = 1.25, 64
# Counting one pair costs about as much as multiplying 30 numbers.
_PRODUCTS_PER_PAIR, _MAX_CHUNKS = 30, 512
# Weights that are counted pair by pair at once: some 20 MB with their sums.
_BLOCK_CELLS = 1 << 21


def refitted_thresholds(scored: Scored, pairs: LargestPairs, sampling: Sampling) -> NDArray[np.float64]:
    """Return the threshold of each replicate, to the bit what fitting it to the repeated pairs gives.

    Parameters
    ----------
    scored : Scored
        The score of the run whose pairs these are, with set sizes at its own threshold.
    sampling : Sampling
        Units of all occurrences, and the replicates.

    Returns
    -------
    ndarray of float64 of shape (n_replicates,)
        -inf where a replicate's pairs do not fill its budget.

    Raises
    ------
    ValueError
        If a threshold lies among the pairs that were left out.
    """
    search = _Search.around(scored, pairs, sampling)
    excess = sampling.sums(search.above - search.budgets)
    up, down = (_MARGIN * max(0.0, side) + _LEAST_MARGIN for side in (excess.max(), -excess.min()))
    while True:
        band = search.band(int(up), int(down))
        n_free = sampling.sums(search.budgets - band.above)  # places left below the band's upper end
        n_lacking = sampling.sums(band.totals) - n_free  # positive if the threshold is not below the band
        if n_free.min() < 0:
            up *= 2
        elif band.low > -math.inf and n_lacking.min() <= 0:
            down *= 2
        else:
            return band.thresholds(n_free)


@dataclass(frozen=True)
class _Search:
    """What each unit has above the original threshold, and its share of the budget."""

    pairs: LargestPairs
    sampling: Sampling
    threshold: float
    above: NDArray[np.float64]
    budgets: NDArray[np.float64]

    @classmethod
    def around(cls, scored: Scored, pairs: LargestPairs, sampling: Sampling) -> _Search:
        assert isinstance(scored.per_occurrence, PerOccurrence)
        units = sampling.units
        above = units.totals(scored.per_occurrence.set_sizes)
        budgets = (units.sizes * budget_of(scored.k, 1)).astype(np.float64)
        return cls(pairs, sampling, scored.threshold, above, budgets)

    def band(self, up: int, down: int) -> _Band:
        """Return the pairs from `up` above the threshold to `down` below it, ties together."""
        n_above = self.pairs.n_above(self.threshold)
        high = self.pairs.value(n_above - up) if n_above > up else math.inf
        low = self.pairs.value(n_above + down)
        scores = self.pairs.scores
        inside = np.flatnonzero((scores > low) & (scores <= high))
        inside = inside[np.argsort(-scores[inside])]
        units = self.sampling.units.numbers[self.pairs.occurrences[inside]]
        n_over = int(np.count_nonzero(scores[inside] > self.threshold))
        over = np.bincount(units[:n_over], minlength=len(self.above))
        return _Band(self.sampling, low, self.above - over, units, scores[inside])


@dataclass(frozen=True)
class _Band:
    """Pairs from the largest score down to one above `low`, and what each unit has above them."""

    sampling: Sampling
    low: float
    above: NDArray[np.float64]
    units: NDArray[np.intp]
    scores: NDArray[np.floating]

    @property
    def totals(self) -> NDArray[np.float64]:
        """Pairs of each unit."""
        return np.bincount(self.units, minlength=len(self.above)).astype(np.float64)

    def thresholds(self, n_free: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the first score of each replicate that no place is left for, -inf where there is none."""
        edges = self._edges()
        through = np.cumsum(self.sampling.sums(self._counts(edges)), axis=1)
        chunks = np.count_nonzero(through <= n_free[:, np.newaxis], axis=1)
        thresholds = np.full(len(n_free), -math.inf)
        for chunk in np.unique(chunks[chunks < len(edges) - 1]).tolist():
            replicates = np.flatnonzero(chunks == chunk)
            n_left = n_free[replicates] - (through[replicates, chunk - 1] if chunk else 0)
            inside = slice(edges[chunk], edges[chunk + 1])
            thresholds[replicates] = self.scores[inside][self._firsts(replicates, n_left, inside)]
        return thresholds

    def _edges(self) -> NDArray[np.intp]:
        n_chunks = math.isqrt(_PRODUCTS_PER_PAIR * len(self.units) // len(self.above)) + 1
        return np.linspace(0, len(self.units), min(n_chunks, _MAX_CHUNKS) + 1).astype(np.intp)

    def _counts(self, edges: NDArray[np.intp]) -> NDArray[np.float64]:
        n_chunks = len(edges) - 1
        cells = self.units * n_chunks + np.repeat(np.arange(n_chunks), np.diff(edges))
        counts = np.bincount(cells, minlength=len(self.above) * n_chunks)
        return counts.reshape(len(self.above), n_chunks).astype(np.float64)

    def _firsts(
        self, replicates: NDArray[np.intp], n_left: NDArray[np.float64], inside: slice
    ) -> NDArray[np.intp]:
        """Return which pair of a chunk is the first beyond what is left, for some replicates."""
        units, firsts = self.units[inside], np.empty(len(replicates), np.intp)
        for some in _blocks(len(replicates), len(units)):
            weights = self.sampling.weights[replicates[some]].take(units, axis=1)
            counted = np.cumsum(weights, axis=1, dtype=np.int64)
            firsts[some] = np.argmax(counted > n_left[some, np.newaxis], axis=1)
        return firsts


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    step = max(1, _BLOCK_CELLS // n_columns)
    for first in range(0, n_rows, step):
        yield slice(first, first + step)
