"""The best split of a node: scikit-learn's `node_split_best` and `Gini`.

Ties between thresholds are decided by the last bit, so every operation on floats stands in scikit-learn's
order. Sums of squares are whole numbers, exact below 2 ** 53, and change sample by sample: a threshold
costs no pass over the classes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.compiling import compiled
from baselines.forest.growth.sorting import gather, sort
from baselines.forest.growth.structures import Covariates, Drawn, Limits, Node, NodeSplit, Room, whole

_LOW_32_BITS = 0xFFFFFFFF
_LARGEST_DRAW = 0x7FFFFFFF


class _Tried(NamedTuple):
    """A covariate that is tried at a node, whose samples are sorted by it.

    Codes are counted from `low`, which `levels` begins with; `side` is where the class counts stand.
    """

    feature: int
    low: int
    levels: NDArray[np.float32]
    n_groups: int
    side: int


@compiled
def best_split(
    covariates: Covariates, room: Room, node: Node, drawn: Drawn, limits: Limits, known: int
) -> tuple[NodeSplit, NDArray[np.uint32], int]:
    """Return the best split of a node, its codes, and how many covariates are constant; `known` are already.

    Covariates are drawn as `node_split_best` draws them: known constants that were drawn stand first, then
    those that were not, found ones, those to draw from, and those that were looked at.
    """
    features, constants = room.features, room.constants
    remaining, n_visited, n_found, n_drawn, side = len(features), 0, 0, 0, 0
    codes, best_codes, split = room.codes, room.best_codes, no_split()
    _count_classes(room, node, drawn)
    while remaining > known + n_found and (n_visited < limits.max_features or n_visited <= n_found + n_drawn):
        n_visited += 1
        at = n_drawn + _random(room) % (remaining - n_found - n_drawn)
        if at < known:
            features[n_drawn], features[at] = features[at], features[n_drawn]
            n_drawn += 1
            continue
        at += n_found
        feature = features[at]
        span = gather(covariates, room, node, feature, codes)
        low, high = span[0], span[1]
        levels = covariates.levels[covariates.starts[feature] + low :]
        if levels[high - low] <= levels[0] + limits.feature_threshold:
            features[at], features[known + n_found] = features[known + n_found], feature
            n_found += 1
            continue
        remaining -= 1
        features[remaining], features[at] = features[at], features[remaining]
        tried = _Tried(feature, low, levels, sort(room, node, codes, span), side)
        found = _scan(room, node, drawn, limits, tried, split.proxy)
        side = 1 - side
        if found.n_left:
            split = _named(found, room, tried)
            codes, best_codes = best_codes, codes
    features[:known] = constants[:known]
    constants[known : known + n_found] = features[known : known + n_found]
    return split, best_codes, known + n_found


@compiled
def _random(room: Room) -> int:
    """Draw from scikit-learn's `our_rand_r`, 32-bit xorshift."""
    state = room.state[0]
    if state == 0:
        state = 1
    state ^= (state << 13) & _LOW_32_BITS
    state ^= state >> 17
    state ^= (state << 5) & _LOW_32_BITS
    room.state[0] = state
    return int(state & _LARGEST_DRAW)


@compiled
def _count_classes(room: Room, node: Node, drawn: Drawn) -> None:
    """Count a node's classes, and number them anew: few counts are near each other in memory."""
    room.state[1] += 1
    bits, mask, n_classes, stamp = drawn.weight_bits, (1 << drawn.weight_bits) - 1, 0, room.state[1]
    counts, numbers = room.counts, room.numbers
    for place in range(node.start, node.end):
        load = whole(room.loads[place])
        label, weight = np.uintp(load >> bits), load & mask
        number = numbers[label]
        if number >> 32 != stamp:
            number = (stamp << 32) | n_classes
            numbers[label] = number
            counts[n_classes, 0] = counts[n_classes, 1] = 0
            n_classes += 1
        number &= _LOW_32_BITS
        counts[np.uintp(number), 0] += weight
        room.loads[place] = (number << bits) | weight


@compiled
def _scan(room: Room, node: Node, drawn: Drawn, limits: Limits, tried: _Tried, proxy: float) -> NodeSplit:
    """Move a node's samples to the left, code by code; return the best place that beats `proxy`.

    Class counts wander from one side of `room.counts` to the other, where the next scan begins.
    """
    # Numbers without a sign index arrays without a test for negative ones.
    counts, side, other = room.counts.reshape(-1), tried.side, 1 - tried.side
    loads, bits, mask = room.loads_by_code, drawn.weight_bits, (1 << drawn.weight_bits) - 1
    best, n_left, left, squares_left, squares_right = no_split(), 0, 0, 0, node.squares
    for group in range(tried.n_groups):
        if group and _may_split(room, node, limits, tried, group, left):
            here = _proxy(squares_left, left, squares_right, node.weight - left)
            if here > proxy:
                proxy = here
                best = NodeSplit(proxy, 0, group, 0.0, n_left, left, squares_left, squares_right)
        end = whole(room.group_ends[group])
        for i in range(n_left, end):
            load = whole(loads[i])
            label, weight = load >> bits, load & mask
            on_left, on_right = np.uintp(2 * label + other), np.uintp(2 * label + side)
            before, after = whole(counts[on_left]), whole(counts[on_right])
            squares_left += weight * (2 * before + weight)
            squares_right -= weight * (2 * after - weight)
            counts[on_left], counts[on_right] = before + weight, after - weight
            left += weight
        n_left = end
    return best


@compiled
def _may_split(room: Room, node: Node, limits: Limits, tried: _Tried, group: int, left: int) -> bool:
    below, above = tried.levels[room.group_codes[group - 1]], tried.levels[room.group_codes[group]]
    n_left = whole(room.group_ends[group - 1])
    return bool(
        above > below + limits.feature_threshold
        and n_left >= limits.min_samples_leaf
        and node.end - node.start - n_left >= limits.min_samples_leaf
        and left >= limits.min_weight_leaf
        and node.weight - left >= limits.min_weight_leaf
    )


@compiled
def _proxy(squares_left: int, left: int, squares_right: int, right: int) -> float:
    # The order of operations is scikit-learn's. The same in other words, squares_left / left +
    # squares_right / right, decides ties otherwise.
    return -float(right) * gini(squares_right, right) - float(left) * gini(squares_left, left)


@compiled
def gini(squares: int, weight: int) -> float:
    """Return the impurity of classes whose counts have this sum, and sum of squares."""
    return 1.0 - squares / (float(weight) * float(weight))


@compiled
def no_split() -> NodeSplit:
    """Return what any split is better than."""
    return NodeSplit(-np.inf, 0, 0, 0.0, 0, 0, 0, 0)


@compiled
def _named(found: NodeSplit, room: Room, tried: _Tried) -> NodeSplit:
    """Return a split with covariate, code and threshold instead of the number of a group."""
    code, above = room.group_codes[found.code - 1], room.group_codes[found.code]
    threshold = np.float64(tried.levels[code]) / 2.0 + np.float64(tried.levels[above]) / 2.0
    return NodeSplit(found.proxy, tried.feature, tried.low + whole(code), threshold, *found[4:])
