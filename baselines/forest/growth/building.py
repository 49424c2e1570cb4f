"""A tree, grown depth first: scikit-learn's `DepthFirstTreeBuilder`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.compiling import compiled, compiled_and_kept
from baselines.forest.growth.sorting import CODES_A_SAMPLE, LEAST_TALLY, sort_items
from baselines.forest.growth.splitting import best_split, gini, no_split
from baselines.forest.growth.structures import Covariates, Drawn, Grown, Limits, Node, NodeSplit, Room, whole

#: What scikit-learn takes for an impurity, or an improvement, of 0.
EPSILON = float(np.finfo(np.float64).eps)

_NO_CHILD = -1
_UNDEFINED = -2
_LOW_32_BITS = 0xFFFFFFFF


class _Waiting(NamedTuple):
    """Nodes that are not looked at yet, the next one last, and where each belongs.

    A place is depth, parent, whether it is the parent's right child, and how many covariates are constant.
    """

    nodes: NDArray[np.int64]
    places: NDArray[np.int64]


def grow(covariates: Covariates, drawn: Drawn, limits: Limits, seed: int) -> Grown:
    """Grow a tree; `seed` is the state of its splitter's generator."""
    # Arrays are made and cut out here, where that needs no compilation.
    room, tree = _room(covariates, drawn, seed), _empty_tree(drawn, limits)
    waiting = _waiting_root(drawn, limits)
    n_nodes, n_leaves, n_pairs = _grow(covariates, drawn, limits, room, (tree, waiting))
    return Grown(
        tree.left[:n_nodes].copy(),
        tree.right[:n_nodes].copy(),
        tree.features[:n_nodes].copy(),
        tree.thresholds[:n_nodes].copy(),
        tree.impurities[:n_nodes].copy(),
        tree.n_distinct[:n_nodes].copy(),
        tree.n_drawn[:n_nodes].copy(),
        tree.offsets[: n_leaves + 1].copy(),
        tree.classes[:n_pairs].copy(),
        tree.counts[:n_pairs].copy(),
        room.samples,
    )


@compiled_and_kept
def _grow(
    covariates: Covariates, drawn: Drawn, limits: Limits, room: Room, to_fill: tuple[Grown, _Waiting]
) -> tuple[int, int, int]:
    """Grow a tree; return the numbers of nodes, of leaves, and of pairs of leaf and class."""
    tree, waiting = to_fill
    n_waiting, n_nodes, n_leaves, n_pairs = 1, 0, 0, 0
    while n_waiting:
        n_waiting -= 1
        start, end, weight, squares = waiting.nodes[n_waiting]
        depth, parent, is_right, n_constants = waiting.places[n_waiting]
        node = Node(start, end, weight, squares)
        _add_node(tree, n_nodes, node, parent, is_right)
        split, codes = no_split(), room.codes
        if not _must_end(node, depth, limits):
            split, codes, n_constants = best_split(covariates, room, node, drawn, limits, n_constants)
        if split.n_left and _gains(split, node, drawn.weight, limits):
            tree.features[n_nodes], tree.thresholds[n_nodes] = split.feature, split.threshold
            _part(room, node, codes, split.code)
            n_waiting = _push(waiting, n_waiting, node, split, (depth + 1, n_nodes, n_constants))
        else:
            n_pairs = _keep_leaf(tree, room, node, drawn, n_pairs)
            n_leaves += 1
            tree.offsets[n_leaves] = n_pairs
        n_nodes += 1
    return n_nodes, n_leaves, n_pairs


@compiled
def _push(
    waiting: _Waiting, n_waiting: int, node: Node, split: NodeSplit, place: tuple[int, int, int]
) -> int:
    depth, parent, n_constants = place
    middle, right = node.start + split.n_left, node.weight - split.weight_left
    waiting.nodes[n_waiting, :] = (middle, node.end, right, split.squares_right)
    waiting.places[n_waiting, :] = (depth, parent, 1, n_constants)
    waiting.nodes[n_waiting + 1, :] = (node.start, middle, split.weight_left, split.squares_left)
    waiting.places[n_waiting + 1, :] = (depth, parent, 0, n_constants)
    return n_waiting + 2


@compiled
def _add_node(tree: Grown, number: int, node: Node, parent: int, is_right: int) -> None:
    tree.left[number] = tree.right[number] = _NO_CHILD
    tree.features[number], tree.thresholds[number] = _UNDEFINED, _UNDEFINED
    tree.impurities[number] = gini(node.squares, node.weight)
    tree.n_distinct[number], tree.n_drawn[number] = node.end - node.start, node.weight
    if parent != _NO_CHILD:
        (tree.right if is_right else tree.left)[parent] = number


@compiled
def _must_end(node: Node, depth: int, limits: Limits) -> bool:
    n = node.end - node.start
    return (
        depth >= limits.max_depth
        or n < limits.min_samples_split
        or n < 2 * limits.min_samples_leaf
        or node.weight < 2 * limits.min_weight_leaf
        or gini(node.squares, node.weight) <= EPSILON
    )


@compiled
def _gains(split: NodeSplit, node: Node, all_drawn: int, limits: Limits) -> bool:
    weight, left, right = float(node.weight), float(split.weight_left), float(node.weight - split.weight_left)
    improvement = (weight / all_drawn) * (
        gini(node.squares, node.weight)
        - (right / weight * gini(split.squares_right, node.weight - split.weight_left))
        - (left / weight * gini(split.squares_left, split.weight_left))
    )
    return not improvement + EPSILON < limits.min_impurity_decrease


@compiled
def _part(room: Room, node: Node, codes: NDArray[np.uint32], last: int) -> None:
    """Bring a node's samples of codes up to `last` to the left, keeping their order on both sides."""
    samples, loads = room.samples[node.start : node.end], room.loads[node.start : node.end]
    n_left = n_right = 0
    for i in range(len(samples)):
        sample, load = samples[i], loads[i]
        if codes[i] <= last:
            at = np.uintp(n_left)
            samples[at], loads[at] = sample, load
            n_left += 1
        else:
            at = np.uintp(n_right)
            room.spare_samples[at], room.spare_loads[at] = sample, load
            n_right += 1
    samples[n_left:] = room.spare_samples[:n_right]
    loads[n_left:] = room.spare_loads[:n_right]


@compiled
def _keep_leaf(tree: Grown, room: Room, node: Node, drawn: Drawn, n_pairs: int) -> int:
    n, last, mask = node.end - node.start, -1, (1 << drawn.weight_bits) - 1
    for i in range(n):
        label = whole(drawn.labels[room.samples[node.start + i]])
        room.items[i] = (label << 32) | (room.loads[node.start + i] & mask)
    sort_items(room, n, drawn.n_classes)
    for item in room.items[:n]:
        label, weight = item >> 32, item & _LOW_32_BITS
        if label == last:
            tree.counts[n_pairs - 1] += weight
        else:
            tree.classes[n_pairs], tree.counts[n_pairs] = label, weight
            n_pairs += 1
            last = label
    return n_pairs


def _waiting_root(drawn: Drawn, limits: Limits) -> _Waiting:
    most = min(len(drawn.samples), limits.max_depth) + 2
    waiting = _Waiting(np.empty((most, 4), dtype=np.int64), np.empty((most, 4), dtype=np.int64))
    waiting.nodes[0] = (0, len(drawn.samples), drawn.weight, _sum_of_squares(drawn))
    waiting.places[0] = (0, _NO_CHILD, 0, 0)
    return waiting


def _sum_of_squares(drawn: Drawn) -> int:
    weights = drawn.loads & np.uint32((1 << drawn.weight_bits) - 1)
    counts = np.bincount(drawn.loads >> np.uint32(drawn.weight_bits), weights)  # whole numbers, so exact
    return int(counts @ counts)


def _room(covariates: Covariates, drawn: Drawn, seed: int) -> Room:
    n, n_features = len(drawn.samples), len(covariates.rows)
    return Room(
        samples=drawn.samples.copy(),
        loads=drawn.loads.copy(),
        spare_samples=np.empty(n, dtype=np.int32),
        spare_loads=np.empty(n, dtype=np.uint32),
        codes=np.empty(n, dtype=np.uint32),
        best_codes=np.empty(n, dtype=np.uint32),
        loads_by_code=np.empty(n, dtype=np.uint32),
        group_codes=np.empty(n, dtype=np.uint32),
        group_ends=np.empty(n, dtype=np.int32),
        items=np.empty(n, dtype=np.int64),
        spare_items=np.empty(n, dtype=np.int64),
        tally=np.empty(max(CODES_A_SAMPLE * n, LEAST_TALLY), dtype=np.int32),
        counts=np.empty((min(drawn.n_classes, n), 2), dtype=np.int32),
        features=np.arange(n_features, dtype=np.int64),
        constants=np.empty(n_features, dtype=np.int64),
        numbers=np.zeros(drawn.n_classes, dtype=np.int64),
        state=np.array([seed, 0], dtype=np.int64),
    )


def _empty_tree(drawn: Drawn, limits: Limits) -> Grown:
    n = len(drawn.samples)
    most = min(2 * n - 1, (2 << min(limits.max_depth, 30)) - 1)
    # Pages that are never written to take no memory.
    return Grown(
        left=np.empty(most, dtype=np.int32),
        right=np.empty(most, dtype=np.int32),
        features=np.empty(most, dtype=np.int32),
        thresholds=np.empty(most),
        impurities=np.empty(most),
        n_distinct=np.empty(most, dtype=np.int64),
        n_drawn=np.empty(most, dtype=np.int64),
        offsets=np.zeros(most + 1, dtype=np.int64),
        classes=np.empty(n, dtype=np.uint32),
        counts=np.empty(n, dtype=np.uint32),
        samples=np.empty(0, dtype=np.int32),
    )
