"""Whether runs differ: a studentized test of every pair, all of them together, and a sign-flip beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.uncertainty.interval import Spread
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.units import LEAST_EFFECTIVE_UNITS

# Influences of pairs that are held at once: 16 MB.
_BLOCK_CELLS = 1 << 21

# Sums of flipped signs that differ by no more than rounding are equal.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class PairTests:
    """The tests of every pair of runs.

    Parameters
    ----------
    first, second : ndarray of int of shape (n_pairs,)
        The runs of each pair, `first` before `second`.
    p : ndarray of float of shape (n_pairs,)
        Of the studentized bootstrap, two-sided; 1 where the difference rests on too few units.
    p_adjusted : ndarray of float of shape (n_pairs,)
        The same for all pairs together, by max-t step-down.
    p_sign_flip : ndarray of float of shape (n_pairs,)
        Of flipping the signs of units, not adjusted.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    p: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    p_sign_flip: NDArray[np.float64]


def tested(spreads: Sequence[Spread], sampling: Sampling) -> PairTests:
    """Test every pair of runs on the same replicates.

    Notes
    -----
    With d the difference of two scores, d* that of a replicate with both thresholds fitted again, and u_g the
    influences of unit g, se = sqrt(sum u_g^2) / n and se* = sqrt(sum w_g (u_g - (d* - d) n_g)^2) /
    sum w_g n_g. Then p = (c + 1) / (B + 1), where c replicates have |d* - d| / se* >= |d| / se (Hall and
    Wilson 1991). Adjusted, a pair's statistic must be reached by the largest of all pairs that are no surer
    (Romano and Wolf 2005). Two runs whose difference rests on fewer than 10 effective units are never called
    different, and stay outside that maximum: their se* may be 0 by chance.
    """
    runs = _Runs.of(spreads, sampling)
    first, second = np.triu_indices(len(spreads), 1)
    statistics = runs.statistics(first, second)
    p, p_adjusted = np.ones((2, len(first)))
    testable = np.flatnonzero(statistics >= 0)
    order = testable[np.argsort(statistics[testable], kind="stable")]
    p[order], p_adjusted[order] = runs.p_values(first[order], second[order], statistics[order])
    return PairTests(first, second, p, p_adjusted, runs.p_sign_flip(first, second))


@dataclass(frozen=True)
class _Runs:
    """Scores, replicates and influences of all runs side by side."""

    sampling: Sampling
    sizes: NDArray[np.float64]
    scores: NDArray[np.float64]
    replicates: NDArray[np.float64]
    influences: NDArray[np.float64]

    @classmethod
    def of(cls, spreads: Sequence[Spread], sampling: Sampling) -> _Runs:
        return cls(
            sampling,
            sampling.units.sizes.astype(np.float64),
            np.array([spread.score for spread in spreads]),
            np.column_stack([spread.replicates for spread in spreads]),
            np.column_stack([spread.influence for spread in spreads]),
        )

    def statistics(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return |d| / se of pairs, -1 where a difference rests on too few units."""
        found = np.empty(len(first))
        for some in self._blocks(len(first)):
            influences = self._differences(first[some], second[some])
            squares = (influences**2).sum(axis=0)
            effective = np.abs(influences).sum(axis=0) ** 2 / np.where(squares > 0, squares, np.inf)
            errors = np.sqrt(np.where(squares > 0, squares, np.inf)) / self.sizes.sum()
            of_pairs = np.abs(self.scores[first[some]] - self.scores[second[some]]) / errors
            found[some] = np.where(effective >= LEAST_EFFECTIVE_UNITS, of_pairs, -1)
        return found

    def p_values(
        self, first: NDArray[np.intp], second: NDArray[np.intp], statistics: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return plain and adjusted p of pairs in ascending order of their statistics."""
        n_reached, n_reached_by_largest = np.empty((2, len(first)))
        drawn = _Drawn.of(self)
        largest = np.zeros((self.sampling.n_replicates, 1))
        for some in self._blocks(len(first)):
            of_replicates = self._studentized(first[some], second[some], drawn)
            n_reached[some] = np.count_nonzero(of_replicates >= statistics[some], axis=0)
            largest = np.maximum.accumulate(np.hstack([largest[:, -1:], of_replicates]), axis=1)[:, 1:]
            n_reached_by_largest[some] = np.count_nonzero(largest >= statistics[some], axis=0)
        adjusted = np.maximum.accumulate(self._p(n_reached_by_largest)[::-1])[::-1]
        return self._p(n_reached), adjusted

    def p_sign_flip(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how often random signs of units make a difference as large as that of each pair."""
        totals = self.influences + self.scores * self.sizes[:, np.newaxis]
        flipped = self.sampling.signed_sums(totals)
        n_reached = np.empty(len(first))
        for some in self._blocks(len(first)):
            d = np.abs(self.scores[first[some]] - self.scores[second[some]]) * self.sizes.sum()
            of_replicates = np.abs(flipped[:, first[some]] - flipped[:, second[some]])
            n_reached[some] = np.count_nonzero(of_replicates >= d - _ROUNDING * np.maximum(d, 1), axis=0)
        return self._p(n_reached)

    def _studentized(
        self, first: NDArray[np.intp], second: NDArray[np.intp], drawn: _Drawn
    ) -> NDArray[np.float64]:
        """Return |d* - d| / se* of pairs in each replicate; never 0 / 0."""
        moved = self.replicates[:, first] - self.replicates[:, second]
        moved -= self.scores[first] - self.scores[second]
        squares = self.sampling.sums(self._differences(first, second) ** 2)
        products = drawn.products[:, first] - drawn.products[:, second]
        variances = squares - 2 * moved * products + moved**2 * drawn.squared_sizes
        errors = np.sqrt(np.maximum(variances, 0)) / drawn.sizes
        safe = np.where(errors > 0, errors, 1)
        return np.where(errors > 0, np.abs(moved) / safe, np.where(moved == 0, 0, np.inf))

    def _differences(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
        return self.influences[:, first] - self.influences[:, second]

    def _p(self, n_reached: NDArray[np.float64]) -> NDArray[np.float64]:
        return (n_reached + 1) / (self.sampling.n_replicates + 1)

    def _blocks(self, n_pairs: int) -> Iterator[slice]:
        step = max(1, _BLOCK_CELLS // max(self.influences.shape[0], self.sampling.n_replicates))
        for first in range(0, n_pairs, step):
            yield slice(first, min(first + step, n_pairs))


@dataclass(frozen=True)
class _Drawn:
    """Sums over the drawn units of each replicate that all pairs share."""

    sizes: NDArray[np.float64]
    squared_sizes: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def of(cls, runs: _Runs) -> _Drawn:
        """Add up sizes and their squares, as columns, and the products of influences and sizes, per run."""
        sizes = runs.sizes[:, np.newaxis]
        sums = runs.sampling.sums(np.hstack([sizes, sizes**2, runs.influences * sizes]))
        return cls(sums[:, :1], sums[:, 1:2], sums[:, 2:])
