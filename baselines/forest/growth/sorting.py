"""A node's samples by ascending values of a covariate.

Samples of equal values may come in any order: they move to the left of a threshold together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.compiling import compiled
from baselines.forest.growth.structures import Covariates, Node, Room, whole

# A node is sorted by counting where it has a sample for at least every fourth code, else by digits, or by
# insertion if it is small.
CODES_A_SAMPLE = 4
#: Room for the tally of any node of `n` samples.
LEAST_TALLY = 1 << 11

_SMALL = 24
_MANY = 4096
_LOW_32_BITS = 0xFFFFFFFF


@compiled
def gather(
    covariates: Covariates, room: Room, node: Node, feature: int, codes: NDArray[np.uint32]
) -> tuple[int, int, int]:
    """Put a node's codes into `codes`; return the least, the largest, and where a tally of them begins.

    The tally counts the codes from that one up. It is made on the way, from code 0, where the node has a
    sample for each code that the covariate has; else it is still to be made, and -1 is returned.
    """
    row, samples = covariates.rows[feature], room.samples[node.start : node.end]
    n_levels = covariates.starts[feature + 1] - covariates.starts[feature]
    if n_levels <= len(samples):
        tally = room.tally[:n_levels]
        tally[:] = 0
        if row >= 0:
            _take_and_count(covariates.narrow[row], samples, codes, tally)
        else:
            _take_and_count(covariates.wide[~row], samples, codes, tally)
        first, last = 0, n_levels - 1
        while not tally[first]:
            first += 1
        while not tally[last]:
            last -= 1
        return first, last, 0
    if row >= 0:
        _take(covariates.narrow[row], samples, codes)
    else:
        _take(covariates.wide[~row], samples, codes)
    low = high = codes[0]
    for i in range(1, len(samples)):
        low, high = min(low, codes[i]), max(high, codes[i])
    return whole(low), whole(high), -1


@compiled
def _take(column: NDArray[np.unsignedinteger], samples: NDArray[np.int32], codes: NDArray[np.uint32]) -> None:
    for i in range(len(samples)):
        codes[i] = column[np.uintp(samples[i])]


@compiled
def _take_and_count(
    column: NDArray[np.unsignedinteger],
    samples: NDArray[np.int32],
    codes: NDArray[np.uint32],
    tally: NDArray[np.int32],
) -> None:
    for i in range(len(samples)):
        code = column[np.uintp(samples[i])]
        codes[i] = code
        tally[code] += 1


@compiled
def sort(room: Room, node: Node, codes: NDArray[np.uint32], span: tuple[int, int, int]) -> int:
    """Put a node's loads into `room.loads_by_code` by ascending codes; return the number of distinct codes.

    Of each, code - the least goes to `room.group_codes`, and the end of its loads to `room.group_ends`.
    `span` is what `gather` returns.
    """
    low, high, tallied = span
    n, n_codes = node.end - node.start, high - low + 1
    if n_codes <= max(CODES_A_SAMPLE * n, 64):
        if tallied < 0:
            tallied = low
            _count(room, codes[:n], low, n_codes)
        return _sort_by_counting(room, node, codes, (low, high, tallied))
    for i in range(n):
        room.items[i] = ((whole(codes[i]) - low) << 32) | whole(room.loads[node.start + i])
    sort_items(room, n, n_codes)
    return _group(room, n)


@compiled
def sort_items(room: Room, n: int, n_codes: int) -> None:
    """Sort `room.items` by what they have above 32 bits, which is below `n_codes`."""
    if n <= _SMALL:
        _sort_by_insertion(room.items, n)
    else:
        _sort_by_digits(room, n, n_codes)


@compiled
def _count(room: Room, codes: NDArray[np.uint32], low: int, n_codes: int) -> None:
    room.tally[:n_codes] = 0
    for code in codes:
        room.tally[whole(code) - low] += 1


@compiled
def _sort_by_counting(room: Room, node: Node, codes: NDArray[np.uint32], span: tuple[int, int, int]) -> int:
    low, high, tallied = span
    n, tally = node.end - node.start, room.tally
    n_groups, n_before = 0, 0
    for code in range(low - tallied, high - tallied + 1):
        count = tally[code]
        tally[code] = n_before
        if count:
            n_before += count
            room.group_codes[n_groups], room.group_ends[n_groups] = code + tallied - low, n_before
            n_groups += 1
    loads, sorted_loads = room.loads[node.start : node.end], room.loads_by_code
    for i in range(n):
        code = whole(codes[i]) - tallied
        at = tally[np.uintp(code)]
        sorted_loads[np.uintp(at)] = loads[i]
        tally[np.uintp(code)] = at + 1
    return n_groups


@compiled
def _sort_by_insertion(items: NDArray[np.int64], n: int) -> None:
    for i in range(1, n):
        item, at = items[i], i
        while at and items[at - 1] > item:
            items[at] = items[at - 1]
            at -= 1
        items[at] = item


@compiled
def _sort_by_digits(room: Room, n: int, n_codes: int) -> None:
    bits = 8 if n < _MANY else 11
    source, target, shift = room.items, room.spare_items, 32
    tally, mask = room.tally[: 1 << bits], (1 << bits) - 1
    while (n_codes - 1) >> (shift - 32):
        tally[:] = 0
        for i in range(n):
            tally[(source[i] >> shift) & mask] += 1
        n_before = 0
        for digit in range(1 << bits):
            tally[digit], n_before = n_before, n_before + tally[digit]
        for i in range(n):
            digit = (source[i] >> shift) & mask
            target[tally[digit]] = source[i]
            tally[digit] += 1
        source, target, shift = target, source, shift + bits
    if ((shift - 32) // bits) % 2:
        room.items[:n] = room.spare_items[:n]


@compiled
def _group(room: Room, n: int) -> int:
    n_groups, last = 0, -1
    for i in range(n):
        code = room.items[i] >> 32
        room.loads_by_code[i] = room.items[i] & _LOW_32_BITS
        if code != last:
            last, n_groups = code, n_groups + 1
            room.group_codes[n_groups - 1] = code
        room.group_ends[n_groups - 1] = i + 1
    return n_groups
