"""The hash of SplitMix64 (Steele, Lea and Flood 2014), by which draws do not depend on NumPy's release."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The step between the states of one stream.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each state; no two states have the same one."""
    states = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    states = (states ^ (states >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(states ^ (states >> np.uint64(31)))
