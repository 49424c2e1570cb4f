"""What a run is checked against."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from submissions.faults import MAX_EXAMPLES
from submissions.species import NamesOnDemand


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
    names : NamesOnDemand
        The names of the species, for runs that give them where ids belong.
    max_examples : int, default 5
        How many examples a fault keeps.
    """

    test_ids: NDArray[np.integer] | None = None
    train_ids: NDArray[np.integer] | None = None
    species_ids: NDArray[np.integer] | None = None
    max_rows: int | None = None
    k: int = 30
    allow_missing: bool = False
    names: NamesOnDemand = field(default_factory=NamesOnDemand)
    max_examples: int = MAX_EXAMPLES

    @property
    def skipped(self) -> tuple[str, ...]:
        """Codes of the checks that cannot be made for want of a file."""
        needs = {
            "unknown-occurrence": self.test_ids,
            "missing-occurrence": self.test_ids,
            "training-occurrence": self.train_ids,
            "unknown-species": self.species_ids,
        }
        return tuple(code for code, ids in needs.items() if ids is None)
