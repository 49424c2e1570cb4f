"""Simulate how often intervals hold the truth and tests call equal runs different, for docs/uncertainty.md.

    python tests/support/simulate_coverage.py --quadrats 300 --effects skewed --n 2000

Runs are made such that their accuracy in the population is known, and equal, while their calibration differs:
quadrats move the scores of a run up or down, more in one run than in the other, and are easy or hard for all.
The sizes of quadrats are those of the real test occurrences (GLCKIT_REALDATA). Every simulated test set is
new, and so are its replicates; the threshold is fitted again in each of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaincinv, ndtr, ndtri
from scipy.stats import binomtest

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.outcomes import PerOccurrence
from scoring.score import Score
from scoring.uncertainty.comparison import ComparedPair, Comparison, compare
from scoring.uncertainty.estimate import Estimate, Resampled
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.student import t_quantile
from scoring.uncertainty.units import Units

REALDATA = Path(os.environ.get("GLCKIT_REALDATA", Path(__file__).parents[3] / "shared" / "realdata"))

K, N_FALSE = 5, 14
ACCURACY = 0.3
# Standard deviations of what a quadrat adds to the scores of its true species, in all runs alike, and of what
# it adds to all scores of one run: the calibration, from well to badly calibrated.
DIFFICULTY = 0.6
CALIBRATIONS = {2: (0.2, 0.7), 10: tuple(np.linspace(0.1, 0.8, 10).tolist())}


def real_sizes() -> NDArray[np.int64]:
    """Return the number of test occurrences of each real quadrat."""
    places = []
    for region in ("fr", "us"):
        with (REALDATA / "occurrences" / f"occurrences_{region}_test.csv").open() as file:
            places += [(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file, delimiter=";")]
    return Units.of_places(*np.array(places).T).sizes


@dataclass(frozen=True)
class Effects:
    """How the effects of quadrats are distributed: mean 0, standard deviation 1."""

    kind: str

    def drawn(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return rng.standard_normal(n) if self.kind == "symmetric" else rng.standard_exponential(n) - 1

    def quantiles(self, n: int) -> NDArray[np.float64]:
        shares = (np.arange(n) + 0.5) / n
        return ndtri(shares) if self.kind == "symmetric" else gammaincinv(1, shares) - 1


@dataclass(frozen=True)
class Model:
    """A run: its calibration, and the mean score of true species that makes its accuracy what it is."""

    effects: Effects
    calibration: float

    @cached_property
    def threshold(self) -> float:
        """The threshold in the population, where K species per occurrence lie above it."""
        moved = self.calibration * self.effects.quantiles(20_000)
        return float(brentq(lambda t: N_FALSE * ndtr(moved - t).mean() + ACCURACY - K, -9, 9))

    @cached_property
    def mean(self) -> float:
        """The mean score of true species."""
        calibration, difficulty = np.meshgrid(
            self.calibration * self.effects.quantiles(1000), DIFFICULTY * self.effects.quantiles(1000)
        )
        over = calibration + difficulty - self.threshold
        return float(brentq(lambda mean: ndtr(over + mean).mean() - ACCURACY, -9, 9))


@dataclass(frozen=True)
class Simulation:
    """Test sets of some quadrats, with as many equal runs as there are models."""

    models: tuple[Model, ...]
    sizes: NDArray[np.int64]
    n_quadrats: int
    n_replicates: int

    def test_sets(self, n: int, seed: int) -> Iterator[tuple[list[Estimate], Comparison]]:
        for number in range(n):
            rng = np.random.default_rng([seed, number])
            sizes = rng.choice(self.sizes, self.n_quadrats, replace=False)
            units = Units(np.repeat(np.arange(len(sizes)), sizes), "quadrat")
            sampling = Sampling.of(units, n_replicates=self.n_replicates, seed=seed << 32 | number)
            estimates = list(self._estimates(rng, sampling))
            yield estimates, compare([str(i) for i in range(len(estimates))], estimates)

    def _estimates(self, rng: np.random.Generator, sampling: Sampling) -> Iterator[Estimate]:
        units = sampling.units
        n, effects = len(units.numbers), self.models[0].effects
        difficulty = DIFFICULTY * effects.drawn(rng, len(units))[units.numbers]
        common = rng.standard_normal(n)
        for model in self.models:
            moved = model.calibration * effects.drawn(rng, len(units))[units.numbers]
            # Half of what an occurrence adds to the score of its species is the same in all runs.
            own = math.sqrt(0.5) * (common + rng.standard_normal(n))
            trues = model.mean + moved + difficulty + own
            falses = moved[:, np.newaxis] + rng.standard_normal((n, N_FALSE), np.float32)
            yield estimated(np.column_stack([trues, falses]), sampling)


def estimated(scores: NDArray[np.float64], sampling: Sampling) -> Estimate:
    """Estimate the accuracy of a matrix whose first column is of the true species."""
    n, width = scores.shape
    pairs = LargestPairs(scores.reshape(-1), np.repeat(np.arange(n, dtype=np.int32), width), n)
    threshold = pairs.threshold(K * n)
    nothing = np.zeros(n, np.int64)
    set_sizes = np.count_nonzero(scores > threshold, axis=1)
    of = PerOccurrence(nothing, scores[:, 0], nothing, nothing, nothing, set_sizes, nothing + width)
    return Resampled.of(Score(K, threshold, of), sampling, pairs).estimate(ADAPTIVE_TOP_K)


def outcome(estimates: list[Estimate], comparison: Comparison) -> dict[str, float]:
    """Return what one test set tells: numbers whose mean over test sets is wanted."""
    pair = next(each for each in comparison.pairs if {each.a, each.b} == {"0", str(len(estimates) - 1)})
    return {
        "effective": comparison.effective_units,
        **{f"{name}, well calibrated": held for name, held in _held(estimates[0]).items()},
        **{f"{name}, badly calibrated": held for name, held in _held(estimates[-1]).items()},
        "studentized": pair.p <= 0.05 + 1e-12,
        "sign-flip": pair.p_sign_flip <= 0.05 + 1e-12,
        "mcnemar": _mcnemar(pair) <= 0.05,
        "any different": any(each.different for each in comparison.pairs),
    }


def _held(estimate: Estimate) -> dict[str, bool]:
    """Return which intervals hold the accuracy; all are computed without the floor of 10 units."""
    spread, quantile = estimate.spread, t_quantile(0.975, estimate.sampling.units.effective - 1)
    assert spread.standard_error is not None
    off = abs(spread.score - ACCURACY)
    binomial = spread.score * (1 - spread.score)
    off_logit = abs(math.log(spread.score / (1 - spread.score)) - math.log(ACCURACY / (1 - ACCURACY)))
    low, high = np.quantile(spread.replicates, [0.025, 0.975])
    # Degrees of freedom after Satterthwaite: heavy tails of influences leave fewer than sizes do.
    squares = spread.influence**2
    degrees = max(3 * squares.sum() ** 2 / (squares**2).sum() - 1, 1.0)
    return {
        "jackknife": off <= quantile * spread.standard_error,
        "jackknife, t of influences": off <= t_quantile(0.975, degrees) * spread.standard_error,
        "jackknife of logits": off_logit <= quantile * spread.standard_error / binomial,
        "percentile": bool(low <= ACCURACY <= high),
        "independent": off <= 1.96 * math.sqrt(binomial / len(estimate.values)),
    }


def _mcnemar(pair: ComparedPair) -> float:
    """Return the exact two-sided p of McNemar's test, which takes occurrences as independent."""
    n_apart = pair.wins + pair.losses
    return float(binomtest(pair.wins, n_apart).pvalue) if n_apart else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quadrats", type=int, default=3569)
    parser.add_argument("--effects", choices=["symmetric", "skewed"], default="symmetric")
    parser.add_argument("--runs", type=int, choices=sorted(CALIBRATIONS), default=2)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--replicates", type=int, default=399)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    effects = Effects(arguments.effects)
    models = tuple(Model(effects, calibration) for calibration in CALIBRATIONS[arguments.runs])
    simulation = Simulation(models, real_sizes(), arguments.quadrats, arguments.replicates)
    outcomes = [outcome(*each) for each in simulation.test_sets(arguments.n, arguments.seed)]
    rates = {key: float(np.mean([each[key] for each in outcomes])) for key in outcomes[0]}
    print(json.dumps(vars(arguments) | {key: round(rate, 4) for key, rate in rates.items()}))


if __name__ == "__main__":
    main()
