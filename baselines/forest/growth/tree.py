"""One tree of a forest, grown by the compiled code."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.codes import CodedTable
from baselines.forest.growth.draws import ForestDraws, feature_threshold
from baselines.forest.growth.structures import Drawn, Grown, Limits
from baselines.forest.options import ForestOptions
from baselines.forest.trees import CompressedTree, narrowest
from submissions.errors import CannotCheckError

_ANY_DEPTH = 2**31 - 1
_LOAD_BITS = 32


def fast_tree(
    table: CodedTable, options: ForestOptions, draws: ForestDraws, *, number: int
) -> CompressedTree:
    """Grow tree `number` of a forest: scikit-learn's, if `hindrance` says nothing against it."""
    from baselines.forest.growth.building import grow

    drawn = _drawn(table, draws.weights(number))
    grown = grow(table.covariates, drawn, _limits(table, options, drawn.weight), draws.state(number))
    return CompressedTree(
        *grown[:7],
        _importances(grown, table.n_features),
        grown.offsets,
        narrowest(grown.classes),
        narrowest(grown.counts),
    )


def samples_by_leaves(table: CodedTable, options: ForestOptions) -> NDArray[np.int32]:
    """Return the samples of a table in an order in which those that are alike are near each other."""
    from baselines.forest.growth.building import grow

    drawn = _drawn(table, np.ones(len(table), dtype=np.int64))
    return grow(table.covariates, drawn, _limits(table, options, drawn.weight), 1).samples


def hindrance(values: NDArray[np.float32], labels: NDArray[np.integer], options: ForestOptions) -> str | None:
    """Return why the compiled code cannot grow such a forest; None if it can."""
    if options.criterion != "gini":
        return f"criterion {options.criterion}"
    if options.max_leaf_nodes is not None:
        return "max_leaf_nodes"
    if options.ccp_alpha > 0:
        return "ccp_alpha"
    # Sums of squares must be exact as floats; of a load, 8 bits are left for the weight.
    if len(labels) ** 2 >= 2**53 or labels.max(initial=0) >= 2 ** (_LOAD_BITS - 8):
        return f"{len(labels)} occurrences of {labels.max() + 1} species"
    finite = np.isfinite(values.min()) and np.isfinite(values.max())
    return None if finite else "covariates that are not finite"


def _drawn(table: CodedTable, weights: NDArray[np.int64]) -> Drawn:
    ordered = weights[table.order]
    samples = np.flatnonzero(ordered)
    bits = _LOAD_BITS - max(1, (table.n_classes - 1).bit_length())
    drawn = ordered[samples]
    if drawn.max(initial=0) >> bits:
        raise CannotCheckError(
            f"A tree draws one occurrence {drawn.max()} times, more often than the fast grower can count.",
            "Grow the forest with --grower scikit-learn.",
        )
    loads = (table.labels[samples].astype(np.int64) << bits) | drawn
    return Drawn(
        samples.astype(np.int32),
        loads.astype(np.uint32),
        table.labels,
        bits,
        table.n_classes,
        int(drawn.sum()),
    )


def _limits(table: CodedTable, options: ForestOptions, weight: int) -> Limits:
    leaf, split = options.min_samples_leaf, options.min_samples_split
    least_leaf = leaf if isinstance(leaf, int) else ceil(leaf * len(table))
    least_split = split if isinstance(split, int) else max(2, ceil(split * len(table)))
    return Limits(
        n_tried(options.max_features, table.n_features),
        _ANY_DEPTH if options.max_depth is None else options.max_depth,
        max(least_split, 2 * least_leaf),
        least_leaf,
        options.min_weight_fraction_leaf * float(weight),
        float(options.min_impurity_decrease),
        feature_threshold(),
    )


def n_tried(max_features: int | float | str | None, n_features: int) -> int:
    """Return how many covariates a node tries."""
    if max_features is None or isinstance(max_features, int):
        return n_features if max_features is None else max_features
    if isinstance(max_features, float):
        return max(1, int(max_features * n_features))
    return max(1, int({"sqrt": np.sqrt, "log2": np.log2}[max_features](n_features)))


def _importances(grown: Grown, n_features: int) -> NDArray[np.float64]:
    """Return what scikit-learn's `compute_feature_importances` does, added up node by node."""
    lost = grown.n_drawn * grown.impurities
    inner = np.flatnonzero(grown.left >= 0)
    gained = lost[inner] - lost[grown.left[inner]] - lost[grown.right[inner]]
    sums = np.bincount(grown.features[inner], gained, minlength=n_features) / float(grown.n_drawn[0])
    total = np.sum(sums)
    return np.asarray(sums / total if total > 0 else sums)
