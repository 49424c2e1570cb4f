"""The three ways to make one score of several, as pure functions of one chunk of occurrences.

Each pair of a part has a *term*: its share of the occurrence's scores (mean), the logarithm of that
(geometric), or its reciprocal rank. A pair that the part lacks has the part's term for absent pairs. The
fused score is the weighted average of the terms, or the exponential of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from baselines.fusion.options import Method
from baselines.toldapart import told_apart
from scoring.sparse import Pairs
from submissions.writing import best_first

#: What is added to ranks before they are inverted (Cormack, Clarke and Buettcher, SIGIR 2009).
RANK_CONSTANT = 60

# Far below what a float can tell beside the largest of a list whose sum is beyond all floats.
_SMALLER = 2.0**-64
# Smaller floats lose digits, and end.
_LEAST_NORMAL = np.finfo(np.float64).tiny
# Lists of this length are ordered faster one by one than together.
_LONG = 2000


@dataclass(frozen=True)
class Terms:
    """What a part has to say about some occurrences.

    Parameters
    ----------
    of_pairs : ndarray of float64 of shape (n_pairs,)
        The term of each of its pairs.
    of_absent : ndarray of float64 of shape (n_lists,)
        The term of all other pairs of the occurrence.
    """

    of_pairs: NDArray[np.float64]
    of_absent: NDArray[np.float64]


def prepared(pairs: Pairs, method: Method) -> Pairs:
    """Return lists with float64 scores, which are reciprocal ranks where these are to be fused.

    Ranks are those that top-K accuracy counts: by score, then rank column, then order of the run.

    Examples
    --------
    >>> pairs = Pairs(np.array([0, 3]), np.array([7, 8, 9]), np.array([0.1, 0.9, 0.5]))
    >>> prepared(pairs, "reciprocal-rank").species.tolist()
    [8, 9, 7]
    """
    # Plus 0 makes 0 of -0, which would let the order of the parts decide what is written.
    pairs = replace(pairs, scores=pairs.scores.astype(np.float64) + 0.0)
    if method != "reciprocal-rank":
        return pairs
    ordered = pairs if _is_best_first(pairs) else _best_first(pairs)
    ranks = np.arange(1, len(pairs.scores) + 1) - np.repeat(pairs.offsets[:-1], np.diff(pairs.offsets))
    return replace(ordered, scores=1 / (RANK_CONSTANT + ranks), ranks=None)


def _best_first(pairs: Pairs) -> Pairs:
    """Order lists as `submissions.writing.best_first` does, the long ones of a matrix list by list."""
    if pairs.ranks is not None or len(pairs.scores) < _LONG * pairs.n_lists:
        return best_first(pairs)
    orders = [
        first + np.argsort(-pairs.scores[first:last], kind="stable")
        for first, last in pairwise(pairs.offsets.tolist())
    ]
    order = np.concatenate(orders)
    return Pairs(pairs.offsets, pairs.species[order], pairs.scores[order])


def _is_best_first(pairs: Pairs) -> bool:
    scores, ranks = pairs.scores, pairs.ranks
    good = scores[1:] <= scores[:-1]
    if ranks is not None:
        good &= (scores[1:] < scores[:-1]) | (ranks[1:] >= ranks[:-1])
    good[pairs.offsets[1:-1] - 1] = True  # where one list ends and the next begins
    return bool(good.all())


def terms_of(scores: NDArray[np.float64], offsets: NDArray[np.int64], method: Method) -> Terms:
    """Return the terms of `prepared` lists, none of them empty.

    For ``"mean"`` and ``"geometric"`` no score is negative, and each list has a positive one. Absent pairs
    have 0, or for ``"geometric"`` the logarithm of the smallest share of the list.

    Examples
    --------
    >>> terms_of(np.array([1.0, 3.0]), np.array([0, 2]), "mean").of_pairs.tolist()
    [0.25, 0.75]
    """
    nothing = np.zeros(len(offsets) - 1)
    if method == "reciprocal-rank":
        return Terms(scores, nothing)
    shares = _shares(scores, offsets)
    if method == "mean":
        return Terms(shares, nothing)
    with np.errstate(divide="ignore"):  # a pair submitted with 0 stays impossible: log 0 = -inf
        logarithms = np.log(shares)
    faint = np.flatnonzero((shares < _LEAST_NORMAL) & (scores > 0))
    if len(faint):
        logarithms[faint] = np.log(scores[faint]) - _log_sums(scores, offsets)[_lists_of(faint, offsets)]
    return Terms(logarithms, np.minimum.reduceat(logarithms, offsets[:-1]))


def _shares(scores: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    lengths = np.diff(offsets)
    with np.errstate(over="ignore"):
        sums = np.add.reduceat(scores, offsets[:-1])
    beyond = np.isinf(sums)
    if beyond.any():
        scores = np.where(np.repeat(beyond, lengths), scores * _SMALLER, scores)
        sums = np.add.reduceat(scores, offsets[:-1])
    shares: NDArray[np.float64] = scores / np.repeat(sums, lengths)
    return shares


def _log_sums(scores: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the logarithm of the sum of each list, which may be beyond all floats itself."""
    largest = np.maximum.reduceat(scores, offsets[:-1])
    sums = np.add.reduceat(scores / np.repeat(largest, np.diff(offsets)), offsets[:-1])
    return np.asarray(np.log(largest) + np.log(sums))


def _lists_of(pairs: NDArray[np.intp], offsets: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.searchsorted(offsets, pairs, side="right") - 1


def exponentials(logarithms: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the scores of lists, 0 for an impossible pair alone: where floats end, order is kept.

    Examples
    --------
    >>> exponentials(np.array([-900.0, -1.0, -np.inf, -800.0]), np.array([0, 4])).tolist()
    [5e-324, 0.36787944117144233, 0.0, 1e-323]
    """
    scores: NDArray[np.float64] = np.exp(logarithms)
    faint = np.flatnonzero((scores < _LEAST_NORMAL) & (logarithms > -np.inf))
    for each in np.unique(_lists_of(faint, offsets)).tolist():
        inside = slice(offsets[each], offsets[each + 1])
        order = np.argsort(-logarithms[inside], kind="stable")
        order = offsets[each] + order[logarithms[inside][order] > -np.inf]
        scores[order] = told_apart(scores[order], logarithms[order])
    return scores


def average(
    terms: NDArray[np.float64], present: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted average of terms over the parts that have the occurrence.

    The same, to the last bit, for parts in any order: see `ordered_sum`.

    Parameters
    ----------
    terms : ndarray of float64 of shape (n_parts, n_pairs)
        The term of each pair in each part, 0 where the part lacks the occurrence.
    present : ndarray of bool of shape (n_parts, n_pairs)
        Whether the part has the occurrence.
    weights : ndarray of float64 of shape (n_parts,)
        Positive weights.
    """
    column = weights[:, np.newaxis]
    return ordered_sum(column * terms) / ordered_sum(column * present)


def ordered_sum(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over the first axis, of any numbers but NaN, adding the smallest of each column first.

    Floating-point sums depend on their order; in this one it does not matter which part a term is from.

    Examples
    --------
    >>> ordered_sum(np.array([[0.1], [0.7], [0.2]])) == ordered_sum(np.array([[0.7], [0.2], [0.1]]))
    array([ True])
    """
    rows = list(terms)
    # Odd-even transposition: each step is one pass over all columns, four times as fast as np.sort along
    # a short axis. Two terms need no order.
    for turn in range(len(rows) if len(rows) > 2 else 0):
        for i in range(turn % 2, len(rows) - 1, 2):
            rows[i], rows[i + 1] = np.minimum(rows[i], rows[i + 1]), np.maximum(rows[i], rows[i + 1])
    return reduce(np.add, rows)
