"""What may be chosen about a fusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal, get_args

from submissions.arguments import the_word
from submissions.errors import UsageError
from submissions.limits import MAX_ROWS

#: How the scores of the parts become one.
Method = Literal["mean", "geometric", "reciprocal-rank"]
#: What to do about occurrences that a part lacks.
Missing = Literal["error", "renormalise"]

METHODS: tuple[Method, ...] = get_args(Method)

# Far below what a sum of float64 notices, far above where products underflow.
_LEAST_RATIO = 1e-100


@dataclass(frozen=True)
class FusionOptions:
    """How to fuse runs; UsageError if a choice is unknown, or no species would be kept.

    Parameters
    ----------
    method : {"mean", "geometric", "reciprocal-rank"}
        mean: weighted average of scores divided by their sum. geometric: weighted geometric mean of the
        same. reciprocal-rank: weighted average of 1 / (60 + rank), which asks nothing of the scores.
    missing : {"error", "renormalise"}
        error: all parts must have the same occurrences. renormalise: an occurrence that a part lacks is
        averaged over the others.
    max_rows : int, default 150
        Species kept per occurrence, the best ones.
    """

    method: Method = "mean"
    missing: Missing = "error"
    max_rows: int = MAX_ROWS

    def __post_init__(self) -> None:
        the_word(self.method, METHODS, what="method")
        the_word(self.missing, get_args(Missing), what="missing")
        if self.max_rows < 1:
            raise UsageError(f"max_rows must be at least 1, not {self.max_rows}.")


def weights_of(weights: Sequence[float] | None, n_runs: int) -> tuple[float, ...]:
    """Return a weight for each run, 1 unless given; only their ratios matter.

    Raises
    ------
    UsageError
        If there are fewer than two runs, another number of weights, one that is negative or not finite,
        only zeros, or weights so far apart that products with the smallest would underflow.

    Examples
    --------
    >>> weights_of(None, 2), weights_of([1, 3], 2)
    ((1.0, 1.0), (1.0, 3.0))
    """
    if n_runs < 2:
        raise UsageError(f"Fusion takes two runs or more, and {n_runs} was given.", "Name all the parts.")
    if weights is None:
        return (1.0,) * n_runs
    if not all(isinstance(weight, Real) for weight in weights):
        raise UsageError(f"Weights are a list of numbers, not {weights!r}.", "Give one for each run.")
    if len(weights) != n_runs:
        raise UsageError(
            f"{len(weights)} weights were given for {n_runs} runs.",
            "Give one for each, in the order of the runs: --weights 1,2.",
        )
    wrong = [weight for weight in weights if not (math.isfinite(weight) and weight >= 0)]
    if wrong:
        raise UsageError(f"A weight is a number of at least 0, and {wrong[0]:g} is none.")
    if not any(weights):
        raise UsageError("All weights are 0.", "Give at least one run a weight above 0.")
    positive = [float(weight) for weight in weights if weight]
    if min(positive) / max(positive) < _LEAST_RATIO:
        raise UsageError(
            f"Weights from {min(positive):g} to {max(positive):g} are too far apart to average with.",
            "Use 0 to leave a run out.",
        )
    return tuple(float(weight) for weight in weights)
