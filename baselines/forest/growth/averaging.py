"""The mean of the leaves in which places end, and its largest values: compiled code.

A leaf's classes are grouped by their counts, so that a share is divided out once for many classes. A class
stands in a leaf once, so its shares are added in the order of the trees all the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.compiling import compiled, compiled_and_kept
from baselines.forest.growth.structures import whole

_LEAF = -1
# Means are compared to the last bit. Sums, of which they are the n-th part, are only held to a bound that
# is this much lower, for rounding.
_SLACK = 1 - 1e-14


class Nodes(NamedTuple):
    """The nodes of all trees, one after the other, from `roots` on.

    Of a leaf, `left` is -1, and `right` its number among all leaves.
    """

    roots: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]


class Leaves(NamedTuple):
    """The classes of all leaves, grouped by count.

    Leaf i has the groups ``starts[i]`` to ``starts[i + 1]``; group j has the share ``shares[j]`` for each of
    ``classes[ends[j - 1] : ends[j]]``.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    shares: NDArray[np.float64]
    classes: NDArray[np.uint32]


class Best(NamedTuple):
    """The best classes of each place, in any order, and how many there are."""

    classes: NDArray[np.int64]
    means: NDArray[np.float64]
    n: NDArray[np.int64]


@compiled_and_kept
def grouped_by_count(
    offsets: NDArray[np.int64], classes: NDArray[np.unsignedinteger], counts: NDArray[np.unsignedinteger]
) -> Leaves:
    """Group the classes of a tree's leaves by their counts."""
    starts, n_groups = np.zeros(len(offsets), np.int64), 0
    ends, shares, grouped = np.empty(len(counts), np.int64), np.empty(len(counts)), np.empty_like(classes)
    tally = np.zeros(whole(counts.max()) + 1, dtype=np.int64)
    for leaf in range(len(offsets) - 1):
        inside = counts[offsets[leaf] : offsets[leaf + 1]]
        for count in inside:
            tally[count] += 1
        end, most = offsets[leaf], whole(inside.max())
        for count in range(1, most + 1):
            n, tally[count] = tally[count], end
            if n:
                end += n
                ends[n_groups], shares[n_groups] = end, count / inside.sum()
                n_groups += 1
        for i in range(offsets[leaf], offsets[leaf + 1]):
            grouped[tally[counts[i]]] = classes[i]
            tally[counts[i]] += 1
        tally[: most + 1] = 0
        starts[leaf + 1] = n_groups
    return Leaves(starts, ends[:n_groups].copy(), shares[:n_groups].copy(), grouped)


@compiled_and_kept
def best_classes(
    nodes: Nodes, leaves: Leaves, values: NDArray[np.float32], n_classes: int, max_rows: int
) -> Best:
    """Return the classes of the largest means, at most `max_rows` of each place; of equal ones, the first."""
    shape = len(values), min(max_rows, n_classes)
    best = Best(np.empty(shape, np.int64), np.empty(shape), np.empty(len(values), np.int64))
    sums = np.zeros(n_classes)
    for place in range(len(values)):
        for root in nodes.roots:
            _add(leaves, _leaf_of(nodes, root, values[place]), sums)
        best.n[place] = _pick(sums, len(nodes.roots), best.classes[place], best.means[place])
    return best


@compiled
def _leaf_of(nodes: Nodes, root: int, values: NDArray[np.float32]) -> int:
    node = root
    while nodes.left[node] != _LEAF:
        goes_left = values[nodes.features[node]] <= nodes.thresholds[node]
        node = root + (nodes.left[node] if goes_left else nodes.right[node])
    return whole(nodes.right[node])


@compiled
def _add(leaves: Leaves, leaf: int, sums: NDArray[np.float64]) -> None:
    first, last = leaves.starts[leaf], leaves.starts[leaf + 1]
    begin = leaves.ends[first - 1] if first else 0
    for group in range(first, last):
        end, share = leaves.ends[group], leaves.shares[group]
        for each in leaves.classes[begin:end]:
            sums[each] += share
        begin = end


@compiled
def _pick(
    sums: NDArray[np.float64], n_trees: int, classes: NDArray[np.int64], means: NDArray[np.float64]
) -> int:
    """Move the classes of the largest means to a heap, the worst on top, and set the sums to 0."""
    n, bound = 0, 0.0
    for each in range(len(sums)):
        here, sums[each] = sums[each], 0.0
        if here <= bound:
            continue
        mean = here / n_trees
        if n < len(means):
            n += 1
            _rise(classes, means, n - 1, each, mean)
        elif mean > means[0]:
            _sink(classes, means, each, mean)
        if n == len(means):
            bound = means[0] * n_trees * _SLACK
    return n


@compiled
def _rise(classes: NDArray[np.int64], means: NDArray[np.float64], at: int, label: int, mean: float) -> None:
    """Put a class into the heap, from place `at` up; it is the last so far, so worse than its equals."""
    while at and mean <= means[(at - 1) // 2]:
        above = (at - 1) // 2
        classes[at], means[at] = classes[above], means[above]
        at = above
    classes[at], means[at] = label, mean


@compiled
def _sink(classes: NDArray[np.int64], means: NDArray[np.float64], label: int, mean: float) -> None:
    """Put a class into the heap in place of the worst."""
    at, below, n = 0, 1, len(means)
    while below < n:
        if below + 1 < n and _is_worse(classes, means, below + 1, below):
            below += 1
        if means[below] > mean or (means[below] == mean and classes[below] < label):
            break
        classes[at], means[at] = classes[below], means[below]
        at, below = below, 2 * below + 1
    classes[at], means[at] = label, mean


@compiled
def _is_worse(classes: NDArray[np.int64], means: NDArray[np.float64], one: int, other: int) -> bool:
    return bool(means[one] < means[other] or (means[one] == means[other] and classes[one] > classes[other]))
