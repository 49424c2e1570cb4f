"""The public and the private part of a truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.mixing import drawn_order
from submissions.places import TruthUnits


def private_units(units: TruthUnits, *, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which units, whole quadrats, are private: round(share x n_units) of them, drawn by hashes.

    What is drawn depends on the places of the quadrats and the seed, not on the order of the truth.
    """
    _, first = np.unique(units.units.numbers, return_index=True)
    drawn = drawn_order(units.keys[first], seed)
    is_private = np.zeros(len(drawn), bool)
    is_private[drawn[: round(share * len(drawn))]] = True
    return is_private
