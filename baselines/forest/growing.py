"""Growing the trees one at a time, as `RandomForestClassifier` would have grown them together."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.draws import forest_before, rows_of_bootstrap
from baselines.forest.options import ForestOptions, Workers
from baselines.forest.trees import CompressedTree, compress_tree
from submissions.errors import CannotCheckError, UsageError, require


def grow_tree(
    values: NDArray[np.float32],
    labels: NDArray[np.integer],
    *,
    options: ForestOptions,
    seed: int,
    number: int,
) -> CompressedTree:
    """Grow tree `number`, from 0, of a forest.

    It is ``RandomForestClassifier(..., random_state=seed).fit(values, labels).estimators_[number]``, for
    covariates without NaN of shape (n, n_features) and classes from 0.

    Raises
    ------
    UsageError
        If scikit-learn cannot grow a tree of this table with these options.
    CannotCheckError
        If its dense vectors do not fit into the memory.

    Notes
    -----
    A forest with ``warm_start`` draws and skips a random state for each tree that it has already, so
    one that is told of `number` trees grows the next with the state, the bootstrap and the covariates
    that it has in a whole forest. What stands for the earlier trees is never looked at.

    scikit-learn passes over all classes at each threshold that it tries, which is what takes the time.
    Classes that the bootstrap does not draw add nothing to any sum, so their occurrences, which have no
    weight, are given another label, and the passes and the dense vectors are that much shorter.

    Examples
    --------
    >>> values = np.arange(8, dtype=np.float32).reshape(8, 1)
    >>> options = ForestOptions(bootstrap=False)
    >>> tree = grow_tree(values, np.repeat([0, 1], 4), options=options, seed=0, number=3)
    >>> tree.thresholds[0].item(), tree.counts.tolist()
    (3.5, [4, 4])
    """
    try:
        if options.bootstrap:
            drawn = labels[rows_of_bootstrap(len(labels), options, seed=seed, number=number)]
            labels = np.where(np.isin(labels, drawn), labels, drawn[0])
        forest = forest_before(options, seed=seed, number=number)
        forest.fit(values, labels)
    except ValueError as error:
        raise UsageError(f"scikit-learn cannot grow such a tree: {error}.") from error
    except MemoryError as error:
        raise CannotCheckError(
            "There is not enough memory for a tree: it takes nodes x classes x 8 bytes while it grows.",
            "Lower --jobs, --max-depth or --max-leaf-nodes.",
        ) from error
    return compress_tree(forest.estimators_[number], forest.classes_)


class TreeGrower(Protocol):
    """Who grows the trees of a forest; `name` is for the metadata."""

    @property
    def name(self) -> str:
        """Name and versions."""

    def grow(self, number: int) -> CompressedTree:
        """Grow tree `number`, from 0; on any worker."""


@dataclass(frozen=True)
class StockGrower:
    """scikit-learn itself, a tree at a time; see `grow_tree`."""

    values: NDArray[np.float32]
    labels: NDArray[np.integer]
    options: ForestOptions
    seed: int

    @property
    def name(self) -> str:
        """Name and version."""
        return f"scikit-learn {version('scikit-learn')}"

    def grow(self, number: int) -> CompressedTree:
        """Grow tree `number`, from 0."""
        return grow_tree(self.values, self.labels, options=self.options, seed=self.seed, number=number)


def grow_trees(
    grower: TreeGrower, n: int, *, first: int = 0, workers: Workers | None = None
) -> Iterator[CompressedTree]:
    """Yield the trees of a forest in order from `first` to `n` - 1, each when it and all before are grown.

    Raises
    ------
    UsageError
        If joblib knows no such backend; also as `grow_tree`.
    """
    workers = workers or Workers()
    joblib = require("joblib", "rf")
    how = {"prefer": "threads"} if workers.backend is None else {"backend": workers.backend}
    try:
        parallel = joblib.Parallel(n_jobs=workers.n_jobs, return_as="generator", **how)
    except ValueError as error:
        raise UsageError(f"joblib cannot use the backend {workers.backend!r}: {error}.") from error
    grown = parallel(joblib.delayed(grower.grow)(number) for number in range(first, n))
    try:
        yield from chain(grown)  # a bare generator would be closed here, where its warning shows
    finally:
        # joblib warns of trees that are dropped; nobody waits for them. Worker threads that are still
        # busy put the filters of their own back at any moment, so the warning may come as an error.
        with contextlib.suppress(UserWarning), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            grown.close()
