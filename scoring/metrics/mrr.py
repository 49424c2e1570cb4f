"""Mean reciprocal rank, by which GeoLifeCLEF 2018 ranked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric, Ratio
from scoring.outcomes import PerOccurrence


def _terms(of: PerOccurrence, k: int, threshold: float) -> Ratio:
    return Ratio.mean(_reciprocal(of, of.n_before))


def _bounds(of: PerOccurrence, k: int, threshold: float) -> tuple[float, float]:
    first = np.zeros_like(of.n_tied)
    return Ratio.mean(_reciprocal(of, of.n_tied)).score, Ratio.mean(_reciprocal(of, first)).score


def _reciprocal(of: PerOccurrence, n_before: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.where(of.predicted, 1 / (of.n_above + n_before + 1), 0.0)


#: Mean over all of the truth of 1 / rank of the true species, 0 where it is absent (crowdAI,
#: CLEF_evaluators_2018, ``geo/``). Ties as in top-K.
MRR = Metric("mrr", "order", _terms, "mean of 1 / rank of the true species, 0 where it is absent", _bounds)
