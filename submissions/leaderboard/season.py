"""A season as pages and reports see it: submissions, rules, and what the truth tells of its places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.uncertainty.sampling import Sampling
from submissions.competition.settings import Competition
from submissions.leaderboard.entries import Evidence, Submission, TruthPart
from submissions.leaderboard.rules import Rules
from submissions.places import TruthUnits


@dataclass(frozen=True)
class Ground:
    """The truth of a season without its species: which occurrences there are, and where.

    Parameters
    ----------
    ids : ndarray of int of shape (n_occurrences,)
        In the order of the truth, which is that of all evidence.
    units : TruthUnits
        The quadrat of each occurrence.
    is_private : ndarray of bool of shape (n_units,), optional
        Which quadrats are private; None where the truth has one part.
    """

    ids: NDArray[np.int64]
    units: TruthUnits
    is_private: NDArray[np.bool_] | None
    seed: int

    def inside(self, part: TruthPart) -> NDArray[np.bool_]:
        """Return which occurrences a part has, of shape (n_occurrences,)."""
        if part == "whole" or self.is_private is None:
            return np.ones(len(self.ids), bool)
        is_private = self.is_private[self.units.units.numbers]
        return is_private if part == "private" else ~is_private

    def sampling(self, part: TruthPart) -> Sampling:
        """Return the replicates of a part, the same for all runs."""
        return Sampling.of(self.units.units.taken(np.flatnonzero(self.inside(part))), seed=self.seed)


@dataclass(frozen=True)
class Season:
    """All that a store, a competition and its truth say of a season.

    Parameters
    ----------
    metrics : tuple of Metric
        Those that the runs were scored by, the first of which ranks.
    submissions : tuple of Submission
        In the order of their numbers; all, withdrawn ones included.
    evidence : callable
        From the number of a submission that was once valid to its evidence, read when it is asked for.
    ground : Ground
        Where the occurrences are.
    stale : str, optional
        What has changed since the runs were scored; None where nothing has.
    yardstick : str
        What runs are scored against now; a submission of another one is stale.
    """

    competition: Competition
    metrics: tuple[Metric, ...]
    submissions: tuple[Submission, ...]
    evidence: Callable[[int], Evidence]
    ground: Ground
    stale: str | None = None
    yardstick: str = ""

    @property
    def rules(self) -> Rules:
        """The rules of the season."""
        return self.competition.leaderboard
