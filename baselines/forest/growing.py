"""Growing the trees one at a time, as `RandomForestClassifier` would have grown them together."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.forest.options import ForestOptions
from baselines.forest.trees import CompressedTree, compress_tree
from submissions.errors import CannotCheckError, UsageError, require


@dataclass(frozen=True)
class Workers:
    """How many trees are grown at a time, and where.

    Parameters
    ----------
    n_jobs : int, default 2
        Trees at a time. Each takes nodes x classes x 8 bytes while it grows: 0.5 GB at the real size.
    backend : str, optional
        A joblib backend, such as ``"loky"``, ``"dask"`` or ``"ray"``; by default threads, or what a
        ``joblib.parallel_config`` around the call says.

    Raises
    ------
    UsageError
        If there are no jobs.
    """

    n_jobs: int = 2
    backend: str | None = None

    def __post_init__(self) -> None:
        """Refuse what joblib would read in another way."""
        if self.n_jobs < 1:
            raise UsageError(f"The number of jobs must be positive, not {self.n_jobs}.")


def grow_tree(
    values: NDArray[np.float32],
    labels: NDArray[np.integer],
    *,
    options: ForestOptions,
    seed: int,
    number: int,
) -> CompressedTree:
    """Grow one tree of a forest.

    Parameters
    ----------
    values : ndarray of float32 of shape (n, n_features)
        Covariates without NaN.
    labels : ndarray of int of shape (n,)
        Classes, from 0.
    options : ForestOptions
        The hyper-parameters of the forest.
    seed : int
        The forest's `random_state`.
    number : int
        Which tree, from 0.

    Returns
    -------
    CompressedTree
        ``RandomForestClassifier(..., random_state=seed).fit(values, labels).estimators_[number]``.

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
    with _understood():
        drawn = _drawn(len(labels), options, seed=seed, number=number) if options.bootstrap else slice(None)
        forest = _forest(options, seed=seed, number=number)
        forest.fit(values, _without_undrawn(labels, drawn))
    return compress_tree(forest.estimators_[number], forest.classes_)


def grow_trees(
    values: NDArray[np.float32],
    labels: NDArray[np.integer],
    *,
    options: ForestOptions,
    seed: int,
    first: int = 0,
    workers: Workers | None = None,
) -> Iterator[CompressedTree]:
    """Grow the trees of a forest from one on; see `grow_tree`.

    Parameters
    ----------
    values, labels, options, seed
        As for `grow_tree`.
    first : int, default 0
        The first tree to grow.
    workers : Workers, optional
        How many trees to grow at a time, and where.

    Yields
    ------
    CompressedTree
        The trees in order, each as soon as it and all before it are grown.

    Raises
    ------
    UsageError
        If joblib knows no such backend.
    """
    workers = workers or Workers()
    joblib = require("joblib", "rf")
    tasks = (
        joblib.delayed(grow_tree)(values, labels, options=options, seed=seed, number=number)
        for number in range(first, options.n_estimators)
    )
    grown = _parallel(joblib, workers)(tasks)
    try:
        yield from chain(grown)  # a bare generator would be closed here, where its warning shows
    finally:
        # joblib warns of trees that are dropped; nobody waits for them. Worker threads that are still
        # busy put the filters of their own back at any moment, so the warning may come as an error.
        with contextlib.suppress(UserWarning), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            grown.close()


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError(f"scikit-learn cannot grow such a tree: {error}.") from error
    except MemoryError as error:
        raise CannotCheckError(
            "There is not enough memory for a tree: it takes nodes x classes x 8 bytes while it grows.",
            "Lower --jobs, --max-depth or --max-leaf-nodes.",
        ) from error


def _forest(options: ForestOptions, *, seed: int, number: int) -> Any:
    """Return a forest that holds `number` trees already, and will grow one more."""
    ensemble = require("sklearn.ensemble", "rf")
    parameters = options.parameters | {"n_estimators": number + 1}
    forest = ensemble.RandomForestClassifier(**parameters, random_state=seed, warm_start=True)
    forest.estimators_ = [None] * number
    return forest


def _drawn(n: int, options: ForestOptions, *, seed: int, number: int) -> NDArray[np.int32]:
    """Return the rows that a tree's bootstrap draws, which depend on their number alone."""
    forest = _forest(replace(options, max_depth=1), seed=seed, number=number)
    forest.fit(np.zeros((n, 1), dtype=np.float32), np.arange(n) % 2)  # nothing to split: a single leaf
    forest.estimators_ = forest.estimators_[number:]
    rows: NDArray[np.int32] = forest.estimators_samples_[0]
    return rows


def _without_undrawn(labels: NDArray[np.integer], drawn: NDArray[np.int32] | slice) -> NDArray[np.integer]:
    """Return the labels, with one that was drawn in place of all that were not."""
    is_drawn = np.zeros(labels.max() + 1, dtype=np.bool_)
    is_drawn[labels[drawn]] = True
    return np.where(is_drawn[labels], labels, labels[drawn][0])


def _parallel(joblib: ModuleType, workers: Workers) -> Any:
    how = {"prefer": "threads"} if workers.backend is None else {"backend": workers.backend}
    try:
        return joblib.Parallel(n_jobs=workers.n_jobs, return_as="generator", **how)
    except ValueError as error:
        raise UsageError(f"joblib cannot use the backend {workers.backend!r}: {error}.") from error
