"""Adaptive top-K accuracy, by which GeoLifeCLEF 2020 ranked."""

from __future__ import annotations

import math

import numpy as np

from scoring.metrics.metric import Metric, Ratio
from scoring.outcomes import PerOccurrence


def _terms(of: PerOccurrence, k: int, threshold: float) -> Ratio:
    return Ratio.mean(of.true_scores > threshold)


def _bounds(of: PerOccurrence, k: int, threshold: float) -> tuple[float, float]:
    # From none of the true pairs of the block tied at the threshold to as many as there are unused places.
    tied = int(np.count_nonzero(of.true_scores == threshold)) if threshold > -math.inf else 0
    unused = k * len(of) - int(of.set_sizes.sum())
    hits = int(np.count_nonzero(of.true_scores > threshold))
    return hits / len(of), (hits + min(unused, tied)) / len(of)


#: Share of the occurrences whose true species lies above the threshold t, the smallest number with at most
#: K N scores above it: #{i: s_i,y_i > t} / N (Deneu et al., CLEF 2020; the challenge's page).
ADAPTIVE_TOP_K = Metric(
    "adaptive-top-k",
    "scores",
    _terms,
    "share of true species above one threshold for all, K species on average",
    _bounds,
    fits_threshold=True,
    has_k=True,
)
