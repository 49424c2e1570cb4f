"""Scoring runs as sets of species, against one or more true species per occurrence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.dense import Rows
from scoring.outcomes import SetOutcomes
from scoring.sparse import Pairs


@dataclass(frozen=True)
class TrueSets:
    """The true species of each occurrence (CSR).

    Parameters
    ----------
    offsets : ndarray of int64 of shape (n_occurrences + 1,)
        Set i is ``[offsets[i], offsets[i + 1])``; no set is empty.
    species : ndarray of int of shape (n_pairs,)
        Species ids, each at most once in a set.
    """

    offsets: NDArray[np.int64]
    species: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def score_sets(pairs: Pairs, truth: TrueSets, positions: NDArray[np.intp]) -> SetOutcomes:
    """Count the true, predicted and hit species of each occurrence; scores and ranks do not matter.

    Parameters
    ----------
    positions : ndarray of int of shape (n_lists,)
        Which occurrence of the truth each list of `pairs` is for, none twice.

    Examples
    --------
    >>> pairs = Pairs(np.array([0, 3]), np.array([5, 6, 7]), np.ones(3))
    >>> of = score_sets(pairs, TrueSets(np.array([0, 2, 3]), np.array([4, 5, 4])), np.array([0]))
    >>> of.n_true.tolist(), of.n_predicted.tolist(), of.n_hit.tolist()
    ([2, 1], [3, 0], [1, 0])
    """
    n_predicted, n_hit = np.zeros((2, len(truth)), np.int64)
    n_predicted[positions] = np.diff(pairs.offsets)
    known = np.unique(truth.species)
    true_keys = np.sort(_keys(np.repeat(np.arange(len(truth)), np.diff(truth.offsets)), truth.species, known))
    for lists in pairs.chunks():
        chunk, places = pairs.within(lists), positions[lists]
        keys = _keys(np.repeat(places, np.diff(chunk.offsets)), chunk.species, known)
        found = np.searchsorted(true_keys, keys)
        hits = true_keys[np.minimum(found, len(true_keys) - 1)] == keys
        n_hit[places] = np.add.reduceat(hits, chunk.offsets[:-1], dtype=np.int64)
    return SetOutcomes(np.diff(truth.offsets), n_predicted, n_hit)


def score_dense_sets(scores: Rows, truth: TrueSets, rows: NDArray[np.intp]) -> SetOutcomes:
    """Count the true, predicted and hit species of each occurrence in a matrix of scores.

    Parameters
    ----------
    scores : array-like of float of shape (n_rows, n_classes)
        The scores; -inf stands for a pair that is not predicted.
    truth : TrueSets
        Species are indexes of columns; -1 for one that is no column.
    rows : ndarray of int of shape (n_occurrences,)
        The row of each occurrence, -1 if it has none.

    Examples
    --------
    >>> truth = TrueSets(np.array([0, 2, 3]), np.array([0, 1, 0]))
    >>> of = score_dense_sets(np.array([[0.5, -np.inf, 0.1]]), truth, np.array([0, -1]))
    >>> of.n_predicted.tolist(), of.n_hit.tolist()
    ([2, 0], [1, 0])
    """
    n_predicted, n_hit = np.zeros((2, len(truth)), np.int64)
    for i in np.flatnonzero(rows >= 0).tolist():
        predicted = scores[rows[i : i + 1]][0] > -np.inf
        columns = truth.species[truth.offsets[i] : truth.offsets[i + 1]]
        n_predicted[i] = np.count_nonzero(predicted)
        n_hit[i] = np.count_nonzero(predicted[columns[columns >= 0]])
    return SetOutcomes(np.diff(truth.offsets), n_predicted, n_hit)


def _keys(
    places: NDArray[np.intp], species: NDArray[np.integer], known: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return one integer per pair of occurrence and species; species that are not known share one."""
    index = np.searchsorted(known, species)
    is_known = known[np.minimum(index, len(known) - 1)] == species
    return places * (len(known) + 1) + np.where(is_known, index, len(known))
