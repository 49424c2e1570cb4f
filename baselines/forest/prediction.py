"""What a forest says of a place: the average of the leaves that it ends in, kept sparse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from baselines.forest.model import ForestModel
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
    ends = np.stack([tree.leaves_of(values) for tree in model.trees], axis=1)
    totals = [tree.leaf_totals for tree in model.trees]
    for leaves in ends:
        classes, shares = [], []
        for tree, total, leaf in zip(model.trees, totals, leaves, strict=True):
            inside = slice(tree.offsets[leaf], tree.offsets[leaf + 1])
            classes.append(tree.classes[inside])
            shares.append(tree.counts[inside] / total[leaf])
        # bincount adds in the order of the trees, as scikit-learn does, so the sums agree to the last bit.
        sums = np.bincount(np.concatenate(classes), np.concatenate(shares), minlength=model.n_classes)
        yield sums / len(model.trees)


def _best(average: NDArray[np.float64], max_rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    classes = np.flatnonzero(average)
    if len(classes) > max_rows:
        last = len(classes) - max_rows
        classes = classes[average[classes] >= np.partition(average[classes], last)[last]]
    order = np.argsort(-average[classes], kind="stable")[:max_rows]
    return classes[order], average[classes[order]]
