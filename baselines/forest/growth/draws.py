"""What scikit-learn draws for the trees of a forest, asked of its public interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.forest.options import ForestOptions
from submissions.errors import UsageError, require

# scikit-learn draws the state of a splitter below this.
_LARGEST_STATE = 2**31 - 1


@dataclass(frozen=True)
class ForestDraws:
    """What decides the draws of a forest's trees.

    Parameters
    ----------
    seeds : tuple of int
        `random_state` of each tree.
    n_samples : int
        Samples to draw from.
    n_drawn : int or None
        Draws of a bootstrap; None if there is none.
    """

    seeds: tuple[int, ...]
    n_samples: int
    n_drawn: int | None

    def weights(self, number: int) -> NDArray[np.int64]:
        """Return how often each sample is drawn for a tree."""
        if self.n_drawn is None:
            return np.ones(self.n_samples, dtype=np.int64)
        rows = np.random.RandomState(self.seeds[number]).randint(0, self.n_samples, self.n_drawn)
        return np.bincount(rows, minlength=self.n_samples)

    def state(self, number: int) -> int:
        """Return the state in which the splitter of a tree starts."""
        return int(np.random.RandomState(self.seeds[number]).randint(0, _LARGEST_STATE))


def draws_of_forest(options: ForestOptions, n: int, *, seed: int) -> ForestDraws:
    """Return the draws of a forest on `n` samples; UsageError if scikit-learn cannot draw so many."""
    forest = require("sklearn.ensemble", "rf").RandomForestClassifier(
        options.n_estimators, max_depth=1, random_state=seed
    )
    forest.fit(np.zeros((2, 1), dtype=np.float32), [0, 1])
    n_drawn = n if options.bootstrap else None
    if options.max_samples is not None:
        n_drawn = len(rows_of_bootstrap(n, replace(options, n_estimators=1), seed=seed, number=0))
    return ForestDraws(tuple(tree.random_state for tree in forest.estimators_), n, n_drawn)


def rows_of_bootstrap(n: int, options: ForestOptions, *, seed: int, number: int) -> NDArray[np.int32]:
    """Return the rows that a tree's bootstrap draws, which depend on their number alone."""
    forest = forest_before(replace(options, max_depth=1), seed=seed, number=number)
    try:
        forest.fit(np.zeros((n, 1), dtype=np.float32), np.arange(n) % 2)  # nothing to split: a single leaf
    except ValueError as error:
        raise UsageError(f"scikit-learn cannot grow such a tree: {error}.") from error
    forest.estimators_ = forest.estimators_[number:]
    rows: NDArray[np.int32] = forest.estimators_samples_[0]
    return rows


def forest_before(options: ForestOptions, *, seed: int, number: int) -> Any:
    """Return a forest that holds `number` trees already, and will grow one more."""
    ensemble = require("sklearn.ensemble", "rf")
    parameters = options.parameters | {"n_estimators": number + 1}
    forest = ensemble.RandomForestClassifier(**parameters, random_state=seed, warm_start=True)
    forest.estimators_ = [None] * number
    return forest


@cache
def feature_threshold() -> np.float32:
    """Return up to which difference scikit-learn takes values for equal.

    It is 1e-7, but 1.6 and 1.7 leave the constant at 0 in their splitters.
    """
    tree = require("sklearn.tree", "rf").DecisionTreeClassifier()
    tree.fit(np.array([[0.0], [5e-8]], dtype=np.float32), [0, 1])
    return np.float32(0 if tree.tree_.node_count > 1 else 1e-7)
