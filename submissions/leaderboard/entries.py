"""What a store keeps of a submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scoring.curve import Curve

#: What became of a submission.
Status = Literal["valid", "invalid", "failed", "withdrawn"]

#: The parts of a truth: all of it, and the two that it is divided into where a share of it is private.
TruthPart = Literal["whole", "public", "private"]

#: The whole truth.
WHOLE: TruthPart = "whole"


def part_in_words(part: TruthPart) -> str:
    """Return a part of the truth, or all of it, as sentences name it.

    Examples
    --------
    >>> part_in_words("whole"), part_in_words("public")
    ('whole truth', 'public part')
    """
    return "whole truth" if part == WHOLE else f"{part} part"


@dataclass(frozen=True)
class PartScores:
    """The scores of a run on a part of the truth, with a threshold that is fitted to the part.

    Parameters
    ----------
    scores : mapping of str to float
        The score of each metric.
    intervals : mapping of str to mapping
        The interval of each metric, as the JSON of ``glckit score --ci`` has it.
    threshold : float, optional
        None where it is -inf or the metrics fit none.
    signature : str
        As ``glckit score`` gives it: that of the metric which ranks, or of both of 2020.
    """

    n_occurrences: int
    scores: Mapping[str, float]
    intervals: Mapping[str, Mapping[str, Any]]
    threshold: float | None
    mean_set_size: float | None
    signature: str


@dataclass(frozen=True)
class Submission:
    """A run that was handed in; all but its evidence.

    Parameters
    ----------
    number : int
        It never changes.
    submitted : datetime
        In UTC.
    digest : str
        SHA-256 of the file.
    status : {"valid", "invalid", "failed", "withdrawn"}
        What became of it.
    yardstick : str
        What its scores depend on: truth, metrics, K, parts, seed; see `submissions.leaderboard.standard`.
    parts : mapping of str to PartScores
        Of each part of the truth; empty unless it was valid.
    breakdown : sequence of mapping
        Parts by region, kingdom and so on, as the JSON of ``glckit score --by`` has them.
    faults, warnings : sequence of mapping
        As the JSON of ``glckit validate`` has them.
    reason : str, optional
        Why it failed.
    metadata : mapping, optional
        What was beside the run.
    version : str
        The glckit that scored it.
    replaced : sequence of str
        Signatures of earlier scorings, the oldest first.
    kept : bool
        Whether the file itself is kept, so that it can be scored again.
    """

    number: int
    team: str
    run: str
    submitted: datetime
    digest: str
    status: Status
    yardstick: str
    parts: Mapping[TruthPart, PartScores] = field(default_factory=dict)
    breakdown: Sequence[Mapping[str, Any]] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[Mapping[str, Any]] = ()
    reason: str | None = None
    metadata: Mapping[str, Any] | None = None
    version: str = ""
    replaced: Sequence[str] = ()
    kept: bool = False


@dataclass(frozen=True)
class PartEvidence:
    """What tells a run from others on a part of the truth, by the metric that ranks.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_occurrences,)
        What each occurrence of the part contributes to the score, in the order of the truth.
    set_sizes : ndarray of int32 of shape (n_occurrences,)
        Species above the threshold, or in the set.
    influence, left_out : ndarray of float64 of shape (n_units,)
        Of the units that the part has; see `scoring.uncertainty.interval.Spread`.
    replicates : ndarray of float64 of shape (n_replicates,)
        The score in each replicate.
    """

    score: float
    slope: float
    signature: str
    values: NDArray[np.float32]
    set_sizes: NDArray[np.int32]
    influence: NDArray[np.float64]
    left_out: NDArray[np.float64]
    replicates: NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What comparisons and pages need of a run, so that nobody reads it again.

    Parameters
    ----------
    parts : mapping of str to PartEvidence
        The whole, and the parts where there are any.
    curve : Curve, optional
        Adaptive top-K for every K on the whole; None for metrics without a threshold.
    """

    parts: Mapping[TruthPart, PartEvidence]
    curve: Curve | None = None
