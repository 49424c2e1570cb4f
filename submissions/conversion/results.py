"""What came of a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from submissions.conversion.softmax import SoftmaxEffect
from submissions.conversion.tuning import TunedCut


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what it mended how often.

    Parameters
    ----------
    n_unsaid : int
        Occurrences without species, which what was written cannot say.
    n_beyond : int
        Pairs left out because the board allows no more per occurrence.
    tuning : TunedCut, optional
        The cuts that were tried.
    softmax : SoftmaxEffect, optional
        Of a matrix whose scores are no probabilities, what a softmax per occurrence would change.
    """

    n_occurrences: int
    n_pairs: int
    n_unsaid: int = 0
    n_beyond: int = 0
    mended: Mapping[str, int] = field(default_factory=dict)
    tuning: TunedCut | None = None
    softmax: SoftmaxEffect | None = None
