"""What a run is checked against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Requirements:
    """What a run is checked against. All ids are ascending arrays.

    Parameters
    ----------
    test_ids : ndarray of int, optional
        Occurrences that must be predicted; without them nothing is unknown or missing.
    train_ids : ndarray of int, optional
        Training occurrences, to tell what an unknown occurrence is.
    species_ids : ndarray of int, optional
        Known species; without them none is unknown.
    max_rows : int, optional
        Rows allowed per occurrence.
    k : int, default 30
        Species per occurrence of the metrics, for the warnings.
    allow_missing : bool, default False
        Whether missing occurrences are only a warning.
    """

    test_ids: NDArray[np.integer] | None = None
    train_ids: NDArray[np.integer] | None = None
    species_ids: NDArray[np.integer] | None = None
    max_rows: int | None = None
    k: int = 30
    allow_missing: bool = False

    @property
    def skipped(self) -> tuple[str, ...]:
        """Codes of the checks that cannot be made for want of a file."""
        skipped: list[str] = []
        if self.test_ids is None:
            skipped += ["unknown-occurrence", "missing-occurrence"]
        if self.train_ids is None:
            skipped.append("training-occurrence")
        if self.species_ids is None:
            skipped.append("unknown-species")
        return tuple(skipped)
