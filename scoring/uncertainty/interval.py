"""An interval of a score, or of the difference of two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.student import t_quantile
from scoring.uncertainty.units import (
    FEW_EFFECTIVE_UNITS,
    LEAST_EFFECTIVE_UNITS,
    UnitKind,
    effective_number,
)

#: The level of intervals, and 1 - the level of tests, unless another is asked for.
LEVEL = 0.95

#: How `Interval.low` and `Interval.high` come about.
METHOD = "jackknife-t"


@dataclass(frozen=True)
class Interval:
    """Between what a score, or a difference of scores, lies: claims hold for places like these.

    Parameters
    ----------
    estimate : float
        The score.
    standard_error : float, optional
        That of the jackknife which leaves out one unit at a time; None if there is only one.
    level : float
        How often such intervals hold the truth.
    low, high : float, optional
        `estimate` -+ `standard_error` x the quantile of t with G* - 1 degrees of freedom, within the range of
        the metric; None below `scoring.uncertainty.units.LEAST_EFFECTIVE_UNITS`.
    method : str
        How `low` and `high` come about: "jackknife-t".
    percentile : tuple of float, optional
        The interval of the bootstrap of units, with the threshold fitted again in every replicate; None where
        `low` is.
    unit : {"quadrat", "occurrence"}
        What is left out and drawn.
    n_units : int
        Number of units, G.
    effective_units : float
        Effective number of units, G* = n^2 / sum n_g^2.
    n_replicates, seed : int
        Of the bootstrap.
    """

    estimate: float
    standard_error: float | None
    level: float
    low: float | None
    high: float | None
    method: str
    percentile: tuple[float, float] | None
    unit: UnitKind
    n_units: int
    effective_units: float
    n_replicates: int
    seed: int

    @property
    def is_doubtful(self) -> bool:
        """Whether there are so few effective units that the interval deserves a warning."""
        return self.effective_units < FEW_EFFECTIVE_UNITS

    def signed(self, signature: str) -> str:
        """Return a score's signature with what the interval depends on, version last.

        Examples
        --------
        >>> Interval(0.5, 0.1, 0.95, 0.3, 0.7, METHOD, (0.3, 0.7), "quadrat", 60, 50.0, 1000, 0).signed(
        ...     "metric:mrr|version:1"
        ... )
        'metric:mrr|interval:jackknife-t|level:0.95|unit:quadrat|replicates:1000|seed:0|version:1'
        """
        parts, _, version = signature.rpartition("|")
        own = f"interval:{self.method}|level:{self.level}|unit:{self.unit}"
        return f"{parts}|{own}|replicates:{self.n_replicates}|seed:{self.seed}|{version}"


@dataclass(frozen=True)
class Spread:
    """What an interval is made of.

    Parameters
    ----------
    score : float
        The score, or difference of scores.
    replicates : ndarray of float of shape (n_replicates,)
        Its values in the replicates, NaN where nothing of the part was drawn.
    left_out : ndarray of float of shape (n_units,)
        Its linearised values without each unit, at the original threshold and slope.
    influence : ndarray of float of shape (n_units,)
        By how much each unit moves it, times the number of occurrences; they add up to 0.
    sizes : ndarray of int of shape (n_units,)
        Occurrences of each unit, of the part that is measured.
    """

    score: float
    replicates: NDArray[np.float64]
    left_out: NDArray[np.float64]
    influence: NDArray[np.float64]
    sizes: NDArray[np.int64]

    def minus(self, other: Spread) -> Spread:
        """Return the spread of the difference to another run's on the same replicates."""
        return Spread(
            self.score - other.score,
            self.replicates - other.replicates,
            self.left_out - other.left_out,
            self.influence - other.influence,
            self.sizes,
        )

    @property
    def standard_error(self) -> float | None:
        """That of the jackknife of units; None where a unit holds everything."""
        n_units = len(self.left_out)
        if n_units < 2 or np.isnan(self.left_out).any():
            return None
        deviations = self.left_out - self.left_out.mean()
        return math.sqrt((n_units - 1) / n_units * float(deviations @ deviations))

    def interval(
        self, sampling: Sampling, *, level: float = LEVEL, limits: tuple[float, float] = (0.0, 1.0)
    ) -> Interval:
        """Return the interval at a level, within the range of the metric or of its differences."""
        effective, error = effective_number(self.sizes), self.standard_error
        low = high = percentile = None
        if effective >= LEAST_EFFECTIVE_UNITS and error is not None:
            reach = t_quantile((1 + level) / 2, effective - 1) * error
            low, high = max(limits[0], self.score - reach), min(limits[1], self.score + reach)
            percentile = _percentile(self.replicates, level)
        return Interval(
            estimate=self.score,
            standard_error=error,
            level=level,
            low=low,
            high=high,
            method=METHOD,
            percentile=percentile,
            unit=sampling.units.kind,
            n_units=int(np.count_nonzero(self.sizes)),
            effective_units=effective,
            n_replicates=sampling.n_replicates,
            seed=sampling.seed,
        )


def _percentile(replicates: NDArray[np.float64], level: float) -> tuple[float, float]:
    drawn = replicates[~np.isnan(replicates)]
    below = round((1 - level) / 2, 12)  # 0.025 and not a little more, as others would write it
    low, high = np.quantile(drawn, [below, 1 - below]).tolist()
    return low, high
