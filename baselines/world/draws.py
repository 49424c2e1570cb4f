"""Numbers drawn by hashing: the same on every machine and in every release of NumPy.

A world must decode to the same values everywhere. NumPy's generators may change their streams from
release to release, and sums and transcendental functions round differently from machine to machine.
So every draw here is a hash of a key and of integer coordinates, which also means that a field can
be evaluated at any place without what lies around it. Elsewhere in this package floats only ever
meet +, -, *, / and rounding, one element at a time, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.splitmix import GOLDEN, mixed


def key_of(seed: int, *names: str) -> int:
    """Return the key of one stream of draws: 64 bits that differ from those of any other seed or names."""
    text = "/".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def hashed(key: int, *coordinates: ArrayLike) -> NDArray[np.uint64]:
    """Return 64 random bits for each point of the coordinates, which are broadcast.

    There is one array of coordinates per axis; negative ones are fine. The key, of `key_of`, is taken modulo
    2 to the power of 64.

    Examples
    --------
    >>> bits = hashed(key_of(0, "example"), [[0], [1]], [0, 1, 2])
    >>> bits.shape, len(set(bits.ravel().tolist()))
    ((2, 3), 6)
    """
    state = np.full(1, key % 2**64, dtype=np.uint64)
    for coordinate in coordinates:
        steps = np.atleast_1d(np.asarray(coordinate, dtype=np.int64)).astype(np.uint64)
        state = mixed(state + (steps + np.uint64(1)) * GOLDEN)
    return state


def uniform(key: int, n: int) -> NDArray[np.float64]:
    """Draw `n` numbers in [0, 1), multiples of 2 to the power of -53."""
    return (hashed(key, np.arange(n)) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(key: int, n: int, *, bound: ArrayLike) -> NDArray[np.int64]:
    """Draw `n` integers, each from 0 to its bound, the bound excluded."""
    return np.floor(uniform(key, n) * np.asarray(bound, dtype=np.float64)).astype(np.int64)


def shuffled(key: int, n: int) -> NDArray[np.int64]:
    """Return the integers below `n` in a random order."""
    return np.argsort(hashed(key, np.arange(n)), kind="stable").astype(np.int64)
