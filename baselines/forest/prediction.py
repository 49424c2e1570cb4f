"""What a forest says of a place: the average of the leaves that it ends in, kept sparse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.forest.model import ForestModel
from baselines.forest.trees import CompressedTree
from scoring.sparse import Pairs


def predict_proba(model: ForestModel, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probability of every class at some places, as a matrix.

    Parameters
    ----------
    model : ForestModel
        The forest.
    values : ndarray of float32 of shape (n, n_features)
        Covariates without NaN, columns as `model.names`.

    Returns
    -------
    ndarray of float64 of shape (n, n_classes)
        Bit for bit what scikit-learn's `predict_proba` gives with one job. For many places, use
        `best_pairs`: at the real size the matrix takes 10 GB.
    """
    found = np.empty((len(values), model.n_classes))
    for row, average in enumerate(_averages(model, values)):
        found[row] = average
    return found


def best_pairs(model: ForestModel, values: NDArray[np.float32], *, max_rows: int) -> Pairs:
    """Return the most probable species of one or more places, a list for each, best first.

    Species of equal probability stand by ascending id. Places whose leaves have fewer than `max_rows` get
    fewer: a pair of probability 0 is not predicted.
    """
    lists = [_best(average, max_rows) for average in _averages(model, values)]
    offsets = np.concatenate([[0], np.cumsum([len(classes) for classes, _ in lists])])
    classes = np.concatenate([classes for classes, _ in lists])
    return Pairs(offsets, model.species[classes], np.concatenate([scores for _, scores in lists]))


def _averages(model: ForestModel, values: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
    """Yield the mean of the trees' class shares for each row, of shape (n_classes,)."""
    leaves = np.stack([tree.leaves_of(values) for tree in model.trees], axis=1)
    totals = [tree.leaf_totals for tree in model.trees]
    for ends in leaves:
        yield _average(model.trees, totals, ends, n_classes=model.n_classes)


def _average(
    trees: Sequence[CompressedTree],
    totals: Sequence[NDArray[np.float64]],
    leaves: NDArray[np.intp],
    *,
    n_classes: int,
) -> NDArray[np.float64]:
    spans = [
        slice(tree.offsets[leaf], tree.offsets[leaf + 1]) for tree, leaf in zip(trees, leaves, strict=True)
    ]
    classes = np.concatenate([tree.classes[span] for tree, span in zip(trees, spans, strict=True)])
    shares = np.concatenate(
        [
            tree.counts[span] / total[leaf]
            for tree, span, total, leaf in zip(trees, spans, totals, leaves, strict=True)
        ]
    )
    # bincount adds in the order of the trees, as scikit-learn does, so the sums agree to the last bit.
    return np.bincount(classes, shares, minlength=n_classes) / len(trees)


def _best(average: NDArray[np.float64], max_rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    classes = np.flatnonzero(average)
    if len(classes) > max_rows:
        last = len(classes) - max_rows
        classes = classes[average[classes] >= np.partition(average[classes], last)[last]]
    order = np.argsort(-average[classes], kind="stable")[:max_rows]
    return classes[order], average[classes[order]]
