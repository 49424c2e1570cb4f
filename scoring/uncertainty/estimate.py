"""A scored run, its replicates and its influences: prepared once, and small enough to keep many."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric, Ratio
from scoring.score import Scored
from scoring.uncertainty.interval import LEVEL, Interval, Spread
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.refitting import refitted_thresholds
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.totals import UnitTotals
from scoring.uncertainty.units import LEAST_EFFECTIVE_UNITS, effective_number

# Percentages of K between which the slope of A(K) is taken.
_BELOW, _ABOVE = 85, 115


@dataclass(frozen=True)
class Estimate:
    """The score of a run by one metric, with what tells how sure it is.

    Parameters
    ----------
    metric : Metric
        The metric.
    spread : Spread
        Score, replicates, influences.
    slope : float
        lambda = dA / dK, by which the fitted threshold takes back what larger sets win; 0 without one.
    values : ndarray of shape (n_occurrences,)
        What each occurrence contributes: its numerator over its denominator.
    signature : str
        That of the score.
    sampling : Sampling
        The replicates, shared by all runs that are compared.
    """

    metric: Metric
    spread: Spread
    slope: float
    values: NDArray[np.floating]
    signature: str
    sampling: Sampling

    @property
    def score(self) -> float:
        """The score."""
        return self.spread.score

    def interval(self, *, level: float = LEVEL) -> Interval:
        """Return the interval of the score."""
        return self.spread.interval(self.sampling, level=level)


@dataclass(frozen=True)
class Resampled:
    """A scored run with its threshold in every replicate; estimates by metric and part come of it.

    Parameters
    ----------
    scored : Scored
        The run's outcomes at its own threshold.
    sampling : Sampling
        Units and replicates.
    thresholds : ndarray of float of shape (n_replicates,), optional
        The fitted threshold of each replicate; None if none was fitted.
    beside : tuple of (float, float)
        Thresholds at 0.85 K and 1.15 K with the pairs per occurrence above them; empty without pairs.

    Examples
    --------
    >>> from scoring.sparse import Pairs, score_sparse
    >>> from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
    >>> from scoring.uncertainty.units import Units
    >>> lists = Pairs(np.arange(0, 81, 2), np.tile([4, 5], 40), np.arange(80) % 7 / 7)
    >>> positions, labels = np.arange(40), np.resize([4, 5, 6], 40)
    >>> sampling = Sampling.of(Units.of_occurrences(40), n_replicates=200)
    >>> pairs = LargestPairs.of_lists(lists, positions, 40)
    >>> run = Resampled.of(score_sparse(lists, labels, positions, k=1), sampling, pairs)
    >>> interval = run.estimate(ADAPTIVE_TOP_K).interval()
    >>> interval.estimate, round(interval.low, 2), round(interval.high, 2), interval.effective_units
    (0.275, 0.17, 0.38, 40.0)
    """

    scored: Scored
    sampling: Sampling
    thresholds: NDArray[np.float64] | None = None
    beside: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, scored: Scored, sampling: Sampling, pairs: LargestPairs | None = None) -> Resampled:
        """Fit the threshold again in every replicate; only metrics that fit one need the pairs.

        Raises
        ------
        ValueError
            If units and scores are not of the same occurrences, or too few of the pairs are held.
        """
        n_with_units = len(sampling.units.numbers)
        if n_with_units != scored.n_occurrences:
            raise ValueError(f"{n_with_units} occurrences have units, {scored.n_occurrences} have scores")
        if pairs is None:
            return cls(scored, sampling)
        budgets = (percent * scored.k * scored.n_occurrences // 100 for percent in (_BELOW, _ABOVE))
        thresholds = [pairs.threshold(budget) for budget in budgets]
        beside = tuple((each, pairs.n_above(each) / scored.n_occurrences) for each in thresholds)
        return cls(scored, sampling, refitted_thresholds(scored, pairs, sampling), beside)

    def estimate(self, metric: Metric, among: NDArray[np.bool_] | None = None) -> Estimate:
        """Estimate a metric of all occurrences, or of those of a part under the threshold of all.

        A part of too few effective units for an interval has no replicates.

        Raises
        ------
        ValueError
            If the metric fits a threshold and no pairs were given.
        """
        if metric.fits_threshold and self.thresholds is None:
            raise ValueError(f"{metric.name} fits a threshold in every replicate, which takes the pairs")
        measure = _Measure(metric, self.scored.per_occurrence, self.scored.k, among)
        terms = measure.terms(self.scored.threshold)
        slope = 0.0 if self.scored.threshold == -math.inf else measure.slope(self.beside)
        values = terms.numerators / np.where(terms.denominators == 0, 1, terms.denominators)
        signature = self.scored.signature_of(metric)
        spread = self._spread(measure, terms, slope)
        return Estimate(metric, spread, slope, values, signature, self.sampling)

    def _spread(self, measure: _Measure, terms: Ratio, slope: float) -> Spread:
        units = self.sampling.units
        among = measure.among
        sizes = units.sizes if among is None else units.totals(among).astype(np.int64)
        extra = np.zeros(len(units)) if slope == 0 else slope * self._excess_sizes()
        is_sampled = among is None or effective_number(sizes) >= LEAST_EFFECTIVE_UNITS
        linear = _Linear(units.totals(terms.numerators), units.totals(terms.denominators), extra)
        return Spread(
            terms.score,
            self._replicates(measure, terms) if is_sampled else np.empty(0),
            linear.left_out(units.sizes),
            linear.influence(units.sizes),
            sizes,
        )

    def _excess_sizes(self) -> NDArray[np.float64]:
        """Return the species above the threshold of each unit, beyond the mean."""
        units = self.sampling.units
        of_units = units.totals(self.scored.per_occurrence.set_sizes)  # type: ignore[union-attr]
        return np.asarray(of_units - of_units.sum() / units.sizes.sum() * units.sizes)

    def _replicates(self, measure: _Measure, terms: Ratio) -> NDArray[np.float64]:
        numbers, n_units = self.sampling.units.numbers, len(self.sampling.units)
        weights = self.sampling.weights
        if self.thresholds is None or not measure.metric.fits_threshold:
            return UnitTotals.of(terms, numbers, n_units).scores(weights)
        # Only occurrences whose true score some replicate's threshold passes have terms of their own there.
        is_passed = measure.passed_by(self.thresholds)
        passed, others = np.flatnonzero(is_passed), np.flatnonzero(~is_passed)
        never = UnitTotals.of(terms.taken(others), numbers[others], n_units)
        measure, numbers = measure.taken(passed), numbers[passed]
        scores = [
            UnitTotals.of(measure.terms(each), numbers, n_units).plus(never).scores(weights[i : i + 1])
            for i, each in enumerate(self.thresholds.tolist())
        ]
        return np.concatenate(scores)


@dataclass(frozen=True)
class _Measure:
    """A metric of the outcomes of some occurrences."""

    metric: Metric
    outcomes: Any
    k: int
    among: NDArray[np.bool_] | None

    def terms(self, threshold: float) -> Ratio:
        terms = self.metric.terms(self.outcomes, self.k, threshold)
        if self.among is None:
            return terms
        return Ratio(terms.numerators * self.among, terms.denominators * self.among)

    def slope(self, beside: tuple[tuple[float, float], ...]) -> float:
        """Return lambda over the set sizes that are really reached beside K; 0 where nothing is fitted."""
        if not self.metric.fits_threshold:
            return 0.0
        (below, fewer), (above, more) = beside
        rise = self.terms(above).score - self.terms(below).score
        return rise / (more - fewer) if more > fewer else 0.0

    def passed_by(self, thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which occurrences have a true score that is above one threshold and not above another."""
        true_scores = self.outcomes.true_scores
        return np.asarray((true_scores > thresholds.min()) & (true_scores <= thresholds.max()))

    def taken(self, chosen: NDArray[np.intp]) -> _Measure:
        among = None if self.among is None else self.among[chosen]
        return replace(self, outcomes=self.outcomes.taken(chosen), among=among)


@dataclass(frozen=True)
class _Linear:
    """A score as numerators over denominators of units, less what the threshold takes back of each."""

    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    taken_back: NDArray[np.float64]

    def influence(self, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
        numerator, denominator = self.numerators.sum(), self.denominators.sum()
        residuals = self.numerators - numerator / denominator * self.denominators
        return np.asarray(residuals * (sizes.sum() / denominator) - self.taken_back)

    def left_out(self, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the linearised score without each unit, NaN where nothing is left."""
        score = _quotients(
            self.numerators.sum() - self.numerators, self.denominators.sum() - self.denominators
        )
        # What is taken back adds up to 0, so that without a unit it is minus what is taken back of that.
        return np.asarray(score - _quotients(-self.taken_back, sizes.sum() - sizes))


def _quotients(numerators: NDArray[np.float64], denominators: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.asarray(numerators / np.where(denominators == 0, np.nan, denominators))
