"""Scoring a run given as lists of pairs, one list per occurrence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of, threshold_of
from scoring.byvalue import ByValue
from scoring.outcomes import PerOccurrence
from scoring.score import Score

# Pairs that are compared at once: their temporaries stay in cache.
_CHUNK_PAIRS = 1 << 17


@dataclass(frozen=True, eq=False)
class Pairs(ByValue):
    """Pairs of occurrence and species with their scores, grouped by occurrence (CSR).

    Parameters
    ----------
    offsets : ndarray of int64 of shape (n_lists + 1,)
        List i is ``[offsets[i], offsets[i + 1])``; no list is empty.
    species : ndarray of int of shape (n_pairs,)
        Species ids, each at most once in a list.
    scores : ndarray of float of shape (n_pairs,)
        Finite scores, in any order.
    ranks : ndarray of int of shape (n_pairs,), optional
        Ranks, which break ties of top-K before the order of the pairs does.
    """

    offsets: NDArray[np.int64]
    species: NDArray[np.integer]
    scores: NDArray[np.floating]
    ranks: NDArray[np.integer] | None = None

    @property
    def n_lists(self) -> int:
        """Number of occurrences with pairs."""
        return len(self.offsets) - 1

    @property
    def owners(self) -> NDArray[np.intp]:
        """The list of each pair."""
        return np.repeat(np.arange(self.n_lists), np.diff(self.offsets))

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of each pair in its list: 1, 2, 3, ..."""
        return np.arange(1, len(self.scores) + 1) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    def select(self, lists: NDArray[np.intp]) -> Pairs:
        """Return the given lists only, in the given order."""
        lengths = np.diff(self.offsets)[lists]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        taken = np.repeat(self.offsets[lists] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return self.taken(taken, offsets)

    def within(self, lists: slice) -> Pairs:
        """Return a run of consecutive lists, as views."""
        offsets = self.offsets[lists.start : lists.stop + 1]
        return self.taken(np.s_[offsets[0] : offsets[-1]], offsets - offsets[0])

    def taken(self, pairs: slice | NDArray[np.intp] | NDArray[np.bool_], offsets: NDArray[np.int64]) -> Pairs:
        """Return some of the pairs, as lists with the given offsets."""
        ranks = None if self.ranks is None else self.ranks[pairs]
        return Pairs(offsets, self.species[pairs], self.scores[pairs], ranks)

    def where(self, keep: NDArray[np.bool_]) -> Pairs:
        """Return the pairs that are kept, in the same lists, which may become empty."""
        return self.taken(keep, np.concatenate([[0], np.cumsum(keep)])[self.offsets])

    def chunks(self) -> Iterator[slice]:
        """Yield runs of consecutive lists that hold some 100,000 pairs each."""
        first = 0
        while first < self.n_lists:
            end = int(np.searchsorted(self.offsets, self.offsets[first] + _CHUNK_PAIRS, side="right")) - 1
            last = max(end, first + 1)
            yield slice(first, last)
            first = last


def score_sparse(
    pairs: Pairs,
    labels: NDArray[np.integer],
    positions: NDArray[np.intp],
    *,
    k: int = 30,
    by_rank: bool = False,
) -> Score:
    """Score lists of pairs against the true species.

    Occurrences without a list are wrong and widen the budget all the same.

    Parameters
    ----------
    labels : ndarray of int of shape (n_occurrences,)
        True species of every occurrence of the truth.
    positions : ndarray of int of shape (n_lists,)
        Which occurrence of the truth each list is for, none twice.
    k : int, default 30
        Species per occurrence.
    by_rank : bool, default False
        Whether ranks alone order the pairs of an occurrence, and not their scores. The threshold is one of
        scores all the same.

    Raises
    ------
    ValueError
        If there are no occurrences, or k is no positive integer.

    Examples
    --------
    >>> pairs = Pairs(np.array([0, 2, 3]), np.array([4, 5, 4]), np.array([0.9, 0.1, 0.4]))
    >>> score = score_sparse(pairs, np.array([5, 4, 7]), np.array([0, 1]), k=1)
    >>> score.adaptive_top_k, score.top_k
    (0.6666666666666666, 0.3333333333333333)
    """
    if len(labels) == 0:
        raise ValueError("there are no occurrences to score")
    threshold = threshold_of(pairs.scores, budget_of(k, len(labels)))
    per_occurrence = PerOccurrence.unpredicted(labels)
    per_occurrence.n_predicted[positions] = np.diff(pairs.offsets)
    for lists in pairs.chunks():
        chunk = pairs.within(lists)
        per_occurrence.set_sizes[positions[lists]] = _counts(chunk.scores > threshold, chunk.offsets)
        keys = -chunk.ranks.astype(np.float64) if by_rank and chunk.ranks is not None else chunk.scores
        _stand(chunk, positions[lists], keys, per_occurrence)
    return Score(k, threshold, per_occurrence)


def _stand(
    chunk: Pairs, positions: NDArray[np.intp], keys: NDArray[np.floating], into: PerOccurrence
) -> None:
    """Fill in how the true pairs of the occurrences at some positions stand among others, by keys."""
    starts, lengths = chunk.offsets, np.diff(chunk.offsets)
    true_pairs = np.flatnonzero(chunk.species == np.repeat(into.labels[positions], lengths))
    if not len(true_pairs):
        return
    true_lists = np.searchsorted(starts, true_pairs, side="right") - 1
    true_keys = np.full(len(positions), math.inf)  # a list without its true species has nothing above
    true_keys[true_lists] = keys[true_pairs]
    spread = np.repeat(true_keys, lengths)
    tied = np.flatnonzero(keys == spread)
    into.true_scores[positions[true_lists]] = chunk.scores[true_pairs]
    into.n_above[positions] = _counts(keys > spread, starts)
    into.n_tied[positions[true_lists]] = np.diff(np.searchsorted(tied, starts))[true_lists] - 1
    into.n_before[positions] = _tied_before(chunk, tied, true_pairs, true_lists)


def _tied_before(
    chunk: Pairs, tied: NDArray[np.intp], true_pairs: NDArray[np.intp], true_lists: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Count, for each list, the tied pairs that rank and then order put before the true one."""
    starts, ranks = chunk.offsets, chunk.ranks
    true_of_list = np.zeros(len(starts) - 1, dtype=np.intp)
    true_of_list[true_lists] = true_pairs
    true = true_of_list[np.searchsorted(starts, tied, side="right") - 1]
    before = tied < true
    if ranks is not None:
        before = (ranks[tied] < ranks[true]) | ((ranks[tied] == ranks[true]) & before)
    return np.diff(np.searchsorted(tied[before], starts))


def _counts(mask: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Count the true values of each list."""
    return np.diff(np.searchsorted(np.flatnonzero(mask), starts))
