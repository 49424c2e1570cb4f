"""What a run is checked against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.metrics.mrr import MRR
from scoring.metrics.table import DEFAULT_METRICS, metrics_named
from submissions.arguments import the_names
from submissions.errors import UsageError
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
    metrics : tuple of Metric
        What the run is scored by; warnings that mean nothing to them are not given.
    of_2018 : bool, default False
        Whether the rules of 2018 hold.
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
    metrics: tuple[Metric, ...] = DEFAULT_METRICS
    of_2018: bool = False
    names: NamesOnDemand = field(default_factory=NamesOnDemand)
    max_examples: int = MAX_EXAMPLES

    @property
    def compares_scores(self) -> bool:
        """Whether scores of different occurrences are compared: else their size means nothing."""
        return any(metric.needs == "scores" for metric in self.metrics)

    @property
    def consecutive_ranks(self) -> bool:
        """Whether ranks that decide must be 1, 2, 3, ... in every list, or else the run is invalid.

        The official scorer of 2018 takes 1 / rank as it stands in the file, and refuses others.
        """
        return self.of_2018 or MRR in self.metrics

    @property
    def of_sets(self) -> bool:
        """Whether nothing but the sets of species matters."""
        return all(metric.needs == "sets" for metric in self.metrics)

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


def metrics_asked(names: str | Iterable[str]) -> tuple[Metric, ...]:
    """Return the metrics of a name or some, those of 2020 if there are none.

    Raises
    ------
    UsageError
        If there is no such metric; all unknown ones are named together.
    """
    try:
        return metrics_named(the_names(names, "Metrics are a list of names")) or DEFAULT_METRICS
    except ValueError as error:
        first, _, known = str(error).partition(": ")
        raise UsageError(f"{first[0].upper()}{first[1:]}.", f"{known[0].upper()}{known[1:]}.") from None
