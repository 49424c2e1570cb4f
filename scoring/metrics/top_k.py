"""Top-K accuracy and its error, by which GeoLifeCLEF 2019, 2021 and 2022 ranked."""

from __future__ import annotations

import numpy as np

from scoring.metrics.metric import Metric, Ratio
from scoring.outcomes import PerOccurrence


def _terms(of: PerOccurrence, k: int, threshold: float) -> Ratio:
    return Ratio.mean(of.predicted & (of.n_above + of.n_before < k))


def _bounds(of: PerOccurrence, k: int, threshold: float) -> tuple[float, float]:
    last = of.predicted & (of.n_above + of.n_tied < k)
    first = of.predicted & (of.n_above < k)
    return int(np.count_nonzero(last)) / len(of), int(np.count_nonzero(first)) / len(of)


def _errors(of: PerOccurrence, k: int, threshold: float) -> Ratio:
    return Ratio.mean(~_terms(of, k, threshold).numerators)


def _error_bounds(of: PerOccurrence, k: int, threshold: float) -> tuple[float, float]:
    first, last = of.predicted & (of.n_above < k), of.predicted & (of.n_above + of.n_tied < k)
    return int(np.count_nonzero(~first)) / len(of), int(np.count_nonzero(~last)) / len(of)


#: Share of the occurrences whose true species is among their K best: #{i: rank of y_i <= K} / N.
TOP_K = Metric(
    "top-k",
    "order",
    _terms,
    "share of true species among the K best of their occurrence",
    _bounds,
    has_k=True,
)

#: 1 - top-K accuracy, which Kaggle called MeanBestErrorAtK in 2022: lower is better.
TOP_K_ERROR = Metric(
    "top-k-error",
    "order",
    _errors,
    "share of true species not among the K best of their occurrence",
    _error_bounds,
    lower_is_better=True,
    has_k=True,
)
