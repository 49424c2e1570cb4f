"""Fast stable orders of integer keys, and membership in ascending ones.

NumPy's `unique` and `isin` import numpy.ma, and hash where sorted ids can be searched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NO_IDS = np.empty(0, np.int64)


def stable_order(*keys: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the rows by ascending first key, then second and so on, then as they stand.

    Notes
    -----
    Sorting keys and row number packed into one integer is vectorised in NumPy, and about six times as
    fast as a stable argsort; where 63 bits are too few, `numpy.lexsort` does it.

    Examples
    --------
    >>> stable_order(np.array([7, 3, 7]), np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    n_rows = len(keys[0])
    if not n_rows:
        return np.empty(0, np.intp)
    lowest = [int(key.min()) for key in keys]
    widths = [(int(key.max()) - low).bit_length() for key, low in zip(keys, lowest, strict=True)]
    row_width = (n_rows - 1).bit_length()
    if sum(widths) + row_width > 63:
        return np.lexsort(keys[::-1])
    packed = np.zeros(n_rows, np.int64)
    for key, low, width in zip(keys, lowest, widths, strict=True):
        packed <<= width
        packed |= key.astype(np.int64) - low
    packed <<= row_width
    packed |= np.arange(n_rows)
    packed.sort()
    packed &= (1 << row_width) - 1
    return packed


def repeats(ids: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return where an id stands that stood before, ascending.

    Examples
    --------
    >>> repeats(np.array([7, 3, 7, 3, 7])).tolist()
    [2, 3, 4]
    """
    ascending = np.sort(ids)
    if not (ascending[1:] == ascending[:-1]).any():  # nearly always, and many times as fast
        return np.empty(0, np.intp)
    order = stable_order(ids)
    return np.sort(order[1:][ids[order[1:]] == ids[order[:-1]]])


def distinct(*ids: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the ids of one or more arrays ascending, each once.

    Examples
    --------
    >>> distinct(np.array([5, 1, 5]), np.array([1, 7])).tolist()
    [1, 5, 7]
    """
    together = [_distinct(each) for each in ids]
    return together[0] if len(together) == 1 else _distinct(np.concatenate([_NO_IDS, *together]))


def _distinct(ids: NDArray[np.integer]) -> NDArray[np.int64]:
    if _fit_a_table(ids):  # millions of pairs: flags are many times faster than sorting
        flags = np.zeros(int(ids.max()) + 1, dtype=bool)
        flags[ids] = True
        return np.flatnonzero(flags)
    ascending = np.sort(ids)
    first = np.concatenate([[True], ascending[1:] != ascending[:-1]])[: len(ids)]
    return np.asarray(ascending[first], np.int64)


def _fit_a_table(ids: NDArray[np.integer]) -> bool:
    return len(ids) > 0 and ids.min() >= 0 and ids.max() < len(ids)


def positions_among(
    ids: NDArray[np.integer], ascending: NDArray[np.integer]
) -> tuple[NDArray[np.signedinteger], NDArray[np.bool_]]:
    """Return where each id stands among ascending ones, and whether it is there.

    Examples
    --------
    >>> [values.tolist() for values in positions_among(np.array([5, 7]), np.array([3, 5]))]
    [[1, 1], [True, False]]
    """
    if not len(ascending):
        return np.zeros(len(ids), np.intp), np.zeros(len(ids), bool)
    if ascending[0] >= 0 and ascending[-1] < len(ids):
        # A table, many times faster than a search; ids beyond it stand for those at its ends.
        table = np.zeros(int(ascending[-1]) + 1, np.int32)
        table[ascending] = np.arange(len(ascending))
        positions = table.take(ids.astype(np.intp, copy=False), mode="clip")
    else:
        positions = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return positions, ascending[positions] == ids


def is_among(ids: NDArray[np.integer], ascending: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say whether each id is one of some ascending ones."""
    return positions_among(ids, ascending)[1]
