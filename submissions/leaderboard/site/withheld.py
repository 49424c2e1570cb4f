"""Parts of a breakdown that are too small to be told of, and what would give them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Thousands of them, on every page; the map shows them, merged where they are small.
_ON_THE_MAP = "quadrat"


@dataclass(frozen=True)
class ToldParts:
    """The parts by one thing, and how much is withheld.

    Parameters
    ----------
    by : str
        What they are parts by.
    parts : sequence of mapping
        As the JSON of ``glckit score --by`` has them.
    n_withheld : int
        Occurrences of the parts that are left out.
    """

    by: str
    parts: Sequence[Mapping[str, Any]]
    n_withheld: int = 0


def told_parts(breakdown: Sequence[Mapping[str, Any]], *, least: int) -> list[ToldParts]:
    """Return the parts of at least so many occurrences, by what they are parts by.

    What is left out has at least so many together, or nothing is told: else the whole less the others would
    tell of it.

    Examples
    --------
    >>> parts = [{"by": "kingdom", "part": name, "n_occurrences": n} for name, n in zip("abc", (4, 40, 30))]
    >>> [(told.by, [part["part"] for part in told.parts]) for told in told_parts(parts, least=10)]
    [('kingdom', ['b'])]
    """
    names = dict.fromkeys(str(part["by"]) for part in breakdown if part["by"] != _ON_THE_MAP)
    return [_told(by, [part for part in breakdown if part["by"] == by], least) for by in names]


def _told(by: str, parts: Sequence[Mapping[str, Any]], least: int) -> ToldParts:
    sizes = {str(part["part"]): int(part["n_occurrences"]) for part in parts}
    names = sorted(sizes, key=lambda name: sizes[name])
    n_left_out = first_told([sizes[name] for name in names], least)
    left_out = set(names[:n_left_out])
    told = [part for part in parts if part["part"] not in left_out]
    return ToldParts(by, told, sum(sizes[name] for name in left_out))


def first_told(sizes: Sequence[int], least: int) -> int:
    """Return how many of some parts, the smallest first, must be left out.

    Examples
    --------
    >>> first_told([12, 40], 10), first_told([4, 12, 40], 10), first_told([4, 7, 40], 10)
    (0, 2, 2)
    """
    n = sum(size < least for size in sizes)
    while 0 < sum(sizes[:n]) < least and n < len(sizes):
        n += 1
    return n


def merged_ranges(counts: NDArray[np.int64], least: int) -> list[tuple[int, int]]:
    """Return ranges of neighbouring classes, ends excluded, each of which has so many or none at all.

    Examples
    --------
    >>> merged_ranges(np.array([3, 20, 0, 12, 4]), 10)
    [(0, 2), (2, 5)]
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    for end in range(1, len(counts) + 1):
        if counts[start:end].sum() >= least:
            ranges.append((start, end))
            start = end
    if start < len(counts) and ranges:  # what remains is too little: the last range takes it
        return [*ranges[:-1], (ranges[-1][0], len(counts))]
    return ranges
