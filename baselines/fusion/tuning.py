"""Choosing weights by the adaptive score on a validation truth.

The search is deterministic, and does not depend on the order of the parts: a grid on the simplex of
weights, then steps that move weight from one part to another, halved when none helps. Weights are whole
numbers of units, so that equal ones are equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

from baselines.fusion.ensemble import Ensemble
from baselines.fusion.fusing import fused_run
from baselines.fusion.options import FusionOptions
from baselines.fusion.parts import content_digest
from submissions.errors import BadInputError
from submissions.progress import SILENT, Progress
from submissions.requirements import Requirements
from submissions.scores import score
from submissions.tables import Truth

# The grid is as fine as it can be with at most this many weightings, and no finer than tenths.
_MAX_GRID, _MAX_STEPS = 40, 10
# How often a step of the grid is halved.
_HALVINGS = 3

Units = tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    """A weighting that was tried, 1 in sum, and what the fused run scores."""

    weights: tuple[float, ...]
    adaptive_top_k: float
    top_k: float


@dataclass(frozen=True)
class Tuning:
    """How weights were chosen.

    Parameters
    ----------
    weights : tuple of float
        The best ones tried, 1 in sum; of equally good ones, the most even.
    trials : tuple of Trial
        All that were tried, in that order.
    n_occurrences, n_missing : int
        Occurrences of the truth, and those of them that no part has.
    """

    weights: tuple[float, ...]
    trials: tuple[Trial, ...]
    k: int
    n_occurrences: int
    n_missing: int
    truth_digest: str


def tune(
    ensemble: Ensemble,
    truth: Truth,
    *,
    options: FusionOptions,
    k: int = 30,
    progress: Progress = SILENT,
) -> Tuning:
    """Choose the weights with the best adaptive score on the true species of validation occurrences.

    Occurrences without a truth are not looked at.

    Raises
    ------
    BadInputError
        If parts have none of the occurrences of the truth, or lack some and `options.missing` is
        ``"error"``.
    """
    known = ensemble.only(truth.ids)
    n_missing = len(truth) - len(known.ids)
    _refuse_strangers(n_missing, truth, options)
    # In an order of their own, so that ties do not depend on the order given.
    order = sorted(range(len(known.parts)), key=lambda i: content_digest(known.parts[i].run))
    place = [order.index(i) for i in range(len(order))]
    requirements = Requirements(k=k, allow_missing=True)

    def trial(units: Units) -> Trial:
        weights = tuple(units[i] / sum(units) for i in place)
        found = score(fused_run(known.weighted(weights), options), truth, requirements)
        advance(1)
        return Trial(weights, found.adaptive_top_k, found.top_k)

    with progress.bar("weights") as advance:
        trials = search(len(order), trial)
    best = _best(trials, trials)
    return Tuning(trials[best].weights, tuple(trials.values()), k, len(truth), n_missing, truth.digest)


def _refuse_strangers(n_missing: int, truth: Truth, options: FusionOptions) -> None:
    if n_missing == len(truth):
        raise BadInputError(
            f"None of the {len(truth):,} occurrences of the truth to tune on is in the runs.",
            "Predict validation occurrences, tune on these, and fuse the test runs with the --weights found.",
        )
    if n_missing and options.missing == "error":
        raise BadInputError(
            f"{n_missing:,} of the {len(truth):,} occurrences of the truth to tune on are in no run.",
            "Predict them, or count them as wrong whatever the weights: --missing renormalise.",
        )


def search(n_parts: int, trial: Callable[[Units], Trial]) -> dict[Units, Trial]:
    """Return all weightings that were tried, in that order: a grid, then steps from the best.

    `trial` tells what a weighting of `n_parts` whole units is worth.
    """
    n_steps = grid_steps(n_parts)
    step = n_parts * 2**_HALVINGS  # so that equal weights are whole units too
    equal = (n_steps * 2**_HALVINGS,) * n_parts
    grid = [tuple(n * step for n in each) for each in compositions(n_steps, n_parts)]
    trials = {units: trial(units) for units in dict.fromkeys([equal, *grid])}
    best = _best(trials, trials)
    for _ in range(_HALVINGS):
        step //= 2
        while True:
            moved = list(_moves(best, step))
            trials |= {units: trial(units) for units in moved if units not in trials}
            better = _best(moved or [best], trials)
            if trials[better].adaptive_top_k <= trials[best].adaptive_top_k:
                break
            best = better
    return trials


def _best(among: Iterable[Units], trials: Mapping[Units, Trial]) -> Units:
    """Return the weighting with the highest score, of equally good ones the most even."""
    return max(among, key=lambda units: (trials[units].adaptive_top_k, -sum(n * n for n in units), units))


def _moves(units: Units, step: int) -> Iterator[Units]:
    for giver, taker in permutations(range(len(units)), 2):
        if units[giver] >= step:
            moved = list(units)
            moved[giver] -= step
            moved[taker] += step
            yield tuple(moved)


def grid_steps(n_parts: int) -> int:
    """Return into how many steps the grid divides the whole weight.

    Examples
    --------
    >>> [grid_steps(n) for n in (2, 3, 4, 8, 50)]
    [10, 7, 4, 2, 1]
    """
    fits = (n for n in range(_MAX_STEPS, 1, -1) if math.comb(n + n_parts - 1, n_parts - 1) <= _MAX_GRID)
    return next(fits, 1)


def compositions(total: int, n: int) -> Iterator[Units]:
    """Yield all ways to write a number as an ordered sum of `n` numbers of at least 0.

    Examples
    --------
    >>> [*compositions(2, 2)]
    [(0, 2), (1, 1), (2, 0)]
    """
    n_places = total + n - 1
    for bars in combinations(range(n_places), n - 1):  # the gaps between n - 1 bars are the numbers
        yield tuple(after - before - 1 for before, after in pairwise((-1, *bars, n_places)))
