"""Scores that stay apart where floats are too coarse or too large for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALLEST = np.nextafter(0.0, 1.0)


def told_apart(scores: NDArray[np.float64], keys: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores above 0 that fall, along the last axis, wherever their keys fall, and nowhere else.

    Both are in order, best first. Scores are moved up to the smallest float above 0, and by as few floats as
    tell neighbours apart; what is apart already is not changed.

    Examples
    --------
    >>> told_apart(np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.0, -900.0, -1000.0, -1000.0])).tolist()
    [1.0, 1e-323, 5e-324, 5e-324]
    """
    above = np.maximum(scores, _SMALLEST)
    # Positive floats are in the order of their bits, and the next float is the next integer. So, from the
    # last on: each is at least the one before, plus 1 where the key rises.
    bits = np.ascontiguousarray(above[..., ::-1]).view(np.int64)
    rising = keys[..., ::-1]
    steps = np.zeros(bits.shape, np.int64)
    np.cumsum(rising[..., 1:] > rising[..., :-1], axis=-1, out=steps[..., 1:])
    moved = np.maximum.accumulate(bits - steps, axis=-1) + steps
    told = np.ascontiguousarray(moved[..., ::-1]).view(np.float64)
    return np.where(np.isnan(scores), np.nan, told)
