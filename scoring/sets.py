"""Scoring runs as sets of species, against one or more true species per occurrence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.byvalue import ByValue
from scoring.dense import Rows
from scoring.outcomes import SetOutcomes
from scoring.sparse import Pairs

# A table of species is faster than a search, unless ids are enormous.
_MAX_TABLE = 50_000_000


@dataclass(frozen=True, eq=False)
class TrueSets(ByValue):
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
    n_hit[positions] = np.diff(np.searchsorted(true_pairs(pairs, truth, positions), pairs.offsets))
    return SetOutcomes(np.diff(truth.offsets), n_predicted, n_hit)


def true_pairs(pairs: Pairs, truth: TrueSets, positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which pairs are true, ascending; see `score_sets`."""
    known = _Known.of(truth.species)
    true_keys = _TrueKeys.of(
        known.keys(np.repeat(np.arange(len(truth)), np.diff(truth.offsets)), truth.species)
    )
    found = [np.empty(0, np.intp)]
    for lists in pairs.chunks():
        chunk = pairs.within(lists)
        keys = known.keys(np.repeat(positions[lists], np.diff(chunk.offsets)), chunk.species)
        found.append(true_keys.among(keys) + pairs.offsets[lists.start])
    return np.concatenate(found)


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


@dataclass(frozen=True)
class _Known:
    """The species of a truth; the others share a number, which is that of these."""

    species: NDArray[np.integer]
    table: NDArray[np.int32] | None

    @classmethod
    def of(cls, species: NDArray[np.integer]) -> _Known:
        ascending = np.sort(species)  # np.unique would import numpy.ma, for 0.06 s
        known = ascending[np.append(True, ascending[1:] != ascending[:-1])]
        if known[0] < 0 or known[-1] > _MAX_TABLE:
            return cls(known, None)
        table = np.full(known[-1] + 2, len(known), np.int32)
        table[known] = np.arange(len(known))
        return cls(known, table)

    def keys(self, places: NDArray[np.intp], species: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return one integer per pair of occurrence and known species."""
        return places * (len(self.species) + 1) + self._numbers(species)

    def _numbers(self, species: NDArray[np.integer]) -> NDArray[np.integer]:
        if self.table is not None:  # several times as fast as a search
            numbered: NDArray[np.int32] = self.table[np.clip(species, -1, len(self.table) - 1)]
            return numbered
        numbers = np.searchsorted(self.species, species)
        is_known = self.species[np.minimum(numbers, len(self.species) - 1)] == species
        return np.where(is_known, numbers, len(self.species))


@dataclass(frozen=True)
class _TrueKeys:
    """The keys of a truth, ascending, and marks that most other keys lack, so that few are searched for."""

    ascending: NDArray[np.int64]
    marked: NDArray[np.bool_]

    @classmethod
    def of(cls, keys: NDArray[np.int64]) -> _TrueKeys:
        marked = np.zeros(1 << max(16, len(keys).bit_length() + 4), dtype=bool)
        marked[keys & (len(marked) - 1)] = True
        return cls(np.sort(keys), marked)

    def among(self, keys: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return where keys stand that are true, ascending."""
        marked = np.flatnonzero(self.marked[keys & (len(self.marked) - 1)])
        found = np.searchsorted(self.ascending, keys[marked])
        is_true = self.ascending[np.minimum(found, len(self.ascending) - 1)] == keys[marked]
        true: NDArray[np.intp] = marked[is_true]
        return true
