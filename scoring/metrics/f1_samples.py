"""F1 averaged over the occurrences, by which GeoLifeCLEF 2023, 2024 and 2025 ranked."""

from __future__ import annotations

from scoring.metrics.metric import Metric, Ratio
from scoring.outcomes import Sets


def _terms(of: Sets, k: int, threshold: float) -> Ratio:
    return Ratio.mean(2 * of.n_hit / (of.n_true + of.n_predicted))


#: 1/N sum TP_i / (TP_i + (FP_i + FN_i) / 2), which Kaggle called "F-Score Beta (Micro)" and the overviews
#: "micro F1"; scikit-learn calls it the samples average. All rows of a run are its set.
F1_SAMPLES = Metric("f1-samples", "sets", _terms, "mean over the occurrences of the F1 of their sets")
