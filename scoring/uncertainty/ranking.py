"""What a ranking is worth: rank sets, tie groups, and how it fares in the replicates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def rank_sets(is_better: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the best and the worst rank of each run: 1 + number surely better, J - number surely worse.

    Parameters
    ----------
    is_better : ndarray of bool of shape (n_runs, n_runs)
        Whether the run of the row is surely better than that of the column.

    Examples
    --------
    >>> rank_sets(np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], bool))
    [(1, 2), (1, 2), (3, 3)]
    """
    best = 1 + np.count_nonzero(is_better, axis=0)
    worst = len(is_better) - np.count_nonzero(is_better, axis=1)
    return list(zip(best.tolist(), worst.tolist(), strict=True))


def tie_groups(differ: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Return groups of runs such that two share a group exactly if they are not called different.

    Groups are made greedily, each from the first pair that none covers yet, and of runs that cover most more.
    There may be as many groups as there are greatest ones, thousands for a few dozen runs; these are few.

    Parameters
    ----------
    differ : ndarray of bool of shape (n_runs, n_runs)
        Which runs are called different: symmetric.

    Examples
    --------
    >>> tie_groups(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], bool))
    [(0, 1), (1, 2)]
    """
    lacking = np.array(~differ, bool)
    groups = []
    while lacking.any():
        members = _group_around(int(np.argmax(lacking)), differ, lacking)
        lacking[np.ix_(members, members)] = False
        groups.append(tuple(sorted(members)))
    return sorted(groups)


def _group_around(pair: int, differ: NDArray[np.bool_], lacking: NDArray[np.bool_]) -> list[int]:
    """Return a group that no run can be added to, around a pair of runs, or one, that lacks one."""
    members = sorted(set(divmod(pair, len(differ))))
    while True:
        free = np.logical_not(np.any(differ[members], axis=0), dtype=bool)
        free[members] = False
        if not free.any():
            return members
        members.append(int(np.argmax(np.where(free, np.count_nonzero(lacking[members], axis=0), -1))))


def ranks_of(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rank of each score within its row, 1 for the largest; equal scores share the better rank.

    Examples
    --------
    >>> ranks_of(np.array([[0.2, 0.5, 0.5], [0.3, 0.1, 0.2]])).tolist()
    [[3, 1, 1], [1, 3, 2]]
    """
    n_better = [np.count_nonzero(scores > column[:, np.newaxis], axis=1) for column in scores.T]
    return np.column_stack(n_better).astype(np.intp) + 1


def rank_frequencies(ranks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how often each run (row) has each rank (column) in the replicates."""
    n_replicates, n_runs = ranks.shape
    cells = (ranks - 1) + n_runs * np.arange(n_runs)
    counts = np.bincount(cells.ravel(), minlength=n_runs * n_runs)
    return np.asarray(counts.reshape(n_runs, n_runs) / n_replicates)


def first_frequencies(ranks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how often each run is first in the replicates; those that tie there share it.

    Examples
    --------
    >>> first_frequencies(np.array([[1, 1, 3], [1, 2, 3]])).tolist()
    [0.75, 0.25, 0.0]
    """
    is_first = ranks == 1
    return np.asarray((is_first / is_first.sum(axis=1, keepdims=True)).mean(axis=0))


def mean_tau(scores: NDArray[np.float64], replicates: NDArray[np.float64]) -> float | None:
    """Return the mean tau-b between the ranking and that of each replicate; None where runs all tie.

    Notes
    -----
    Kendall (1945), The treatment of ties in ranking problems, Biometrika 33. Replicates in which all runs tie
    have no tau-b, and do not count.

    Examples
    --------
    >>> round(mean_tau(np.array([0.3, 0.2, 0.1]), np.array([[0.3, 0.2, 0.1], [0.3, 0.1, 0.2]])), 3)
    0.667
    """
    n_agreeing = np.zeros(len(replicates))
    n_apart = np.zeros(len(replicates))
    for run in range(1, len(scores)):
        signs = np.sign(scores[:run] - scores[run])
        of_replicates = np.sign(replicates[:, :run] - replicates[:, run : run + 1])
        n_agreeing += of_replicates @ signs
        n_apart += np.count_nonzero(of_replicates, axis=1)
    n_ranked = sum(np.count_nonzero(scores[:run] != scores[run]) for run in range(1, len(scores)))
    defined = n_apart > 0
    if not n_ranked or not defined.any():
        return None
    return float((n_agreeing[defined] / np.sqrt(n_apart[defined])).mean() / math.sqrt(n_ranked))
