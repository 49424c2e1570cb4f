"""Hashing integers, for draws that are the same on every machine and in every release of NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The constants of SplitMix64 (Steele, Lea and Flood 2014).
#: By what its states are apart.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what the finaliser of SplitMix64 makes of some states; no two of them become one.

    Examples
    --------
    >>> hex(mixed(GOLDEN + np.zeros(1, np.uint64)).item())  # the first draw of seed 0
    '0xe220a8397b1dcdaf'
    """
    states = (states ^ (states >> _SHIFTS[0])) * _MULTIPLIERS[0]
    states = (states ^ (states >> _SHIFTS[1])) * _MULTIPLIERS[1]
    return np.asarray(states ^ (states >> _SHIFTS[2]))


def drawn_order(keys: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """Return the order in which distinct keys are drawn.

    A hash of key and seed, not a generator: the draw of a key does not depend on the order of the
    others, nor on the version of NumPy. Distinct keys never tie.
    """
    start = mixed(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64) + GOLDEN)
    return np.argsort(mixed((keys.view(np.uint64) ^ start) + GOLDEN), kind="stable")
