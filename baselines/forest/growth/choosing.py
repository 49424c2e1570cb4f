"""Who grows the trees of a forest: never who grows others, and of these who will be done first."""

from __future__ import annotations

import importlib
from math import log2

import numpy as np

from baselines.forest.growing import StockGrower, TreeGrower, grow_trees
from baselines.forest.growth.canaries import fault_of_canaries
from baselines.forest.growth.compiling import compiled_folder
from baselines.forest.growth.grower import FastGrower, fast_grower, fault_of_sample
from baselines.forest.growth.tree import hindrance, n_tried
from baselines.forest.options import ForestTraining
from submissions.errors import UsageError
from submissions.progress import Progress

# Seconds of scikit-learn that are worth a compilation, of some 15 to 20 s of processor time.
_WORTH = 30
# Seconds that are worth the line that names the extra.
_WORTH_A_LINE = 60
# What scikit-learn takes for a class at a threshold, and for a sample that it sorts.
_SECONDS_A_CLASS, _SECONDS_A_SAMPLE = 1e-9, 1e-7
# Occurrences by which the number of distinct values is judged.
_SAMPLE = 50_000


def chosen_grower(stock: StockGrower, plan: ForestTraining, *, first: int, progress: Progress) -> TreeGrower:
    """Return who is to grow the trees of a plan from `first` on; say so where it is not as one would expect.

    Raises
    ------
    UsageError
        If the fast grower is wanted, or to be proven, and is not there, or does not do what the plan says.
    """
    if plan.grower == "scikit-learn" or first >= plan.options.n_estimators:
        return stock
    wanted = plan.grower == "fast" or plan.prove > 0
    seconds = _seconds_of_stock(stock, plan.options.n_estimators - first)
    if seconds < _WORTH and not wanted:
        return stock
    uncovered = hindrance(stock.values, stock.labels, plan.options)
    why_not = f"The fast grower does not do {uncovered}." if uncovered else _absence()
    if not why_not:
        return _proven(stock, plan, progress) or stock
    if wanted:
        raise UsageError(why_not, "Grow the forest with --grower auto, or scikit-learn, and without --prove.")
    if uncovered:
        progress.say(f"{why_not} scikit-learn grows the trees.")
    elif seconds > _WORTH_A_LINE:
        progress.say(
            f"scikit-learn grows the trees, in some {seconds / 60:.0f} minutes of processor time. {why_not} "
            "With pip install 'glckit[fast]', the same trees take a small part of that."
        )
    return stock


def _absence() -> str:
    """Return why there is no numba; nothing if there is."""
    try:
        importlib.import_module("numba")
    except ImportError as error:  # also of another NumPy than it takes
        return f"The fast grower needs numba, which cannot be used: {error}."
    return ""


def _proven(stock: StockGrower, plan: ForestTraining, progress: Progress) -> FastGrower | None:
    """Return the fast grower, or nothing, and say why, if one of its trees is not scikit-learn's."""
    fault = _fault_of_samples(stock, progress)
    if fault is None:
        with progress.bar("coding the covariates"):
            fast = fast_grower(stock)
        fault = _fault_of_whole_trees(fast, stock, plan, progress)
        if fault is None:
            return fast
    progress.say(f"scikit-learn grows the trees, as those of the fast grower differ here, in {fault}.")
    return None


def _fault_of_samples(stock: StockGrower, progress: Progress) -> str | None:
    if compiled_folder() is None:
        progress.say("No cache can be written, so the fast grower is compiled anew each time.")
    with progress.bar("compiling and testing the fast grower"):
        return fault_of_canaries() or fault_of_sample(stock)


def _fault_of_whole_trees(
    fast: FastGrower, stock: StockGrower, plan: ForestTraining, progress: Progress
) -> str | None:
    n = min(plan.prove, plan.options.n_estimators)
    if not n:
        return None
    theirs = grow_trees(stock, n, workers=plan.workers)
    with progress.bar("proving whole trees", n) as advance:
        for number, tree in enumerate(theirs):
            difference = fast.grow(number).difference(tree)
            if difference is not None:
                return f"array {difference} of tree {number}"
            advance(1)
    progress.say(f"The fast grower's first {n} trees are scikit-learn's, to the last bit.")
    return None


def _seconds_of_stock(stock: StockGrower, n_trees: int) -> float:
    """Return what scikit-learn takes for some trees: roughly, within a factor of 3 or so.

    It passes over all classes at each threshold. A level has twice the nodes of the one above; of the values
    in the parent, a child has the 0.6th part or so.
    """
    n, n_features = stock.values.shape
    sample = stock.values[:: max(1, n // _SAMPLE)]
    distinct = np.array([len(np.unique(column)) for column in sample.T])
    distinct[distinct > len(sample) / 2] = n
    depth = min(stock.options.max_depth or n, int(log2(n)) + 1)
    n_thresholds = sum(np.minimum(n, distinct * 2 ** (0.75 * level)).mean() for level in range(depth))
    n_passes = n_tried(stock.options.max_features, n_features)
    at_thresholds = n_thresholds * (int(stock.labels.max()) + 1) * _SECONDS_A_CLASS
    return float(n_trees * n_passes * (at_thresholds + n * depth * _SECONDS_A_SAMPLE))
