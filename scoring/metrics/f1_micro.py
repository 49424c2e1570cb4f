"""F1 of all pairs together, which torchmetrics and scikit-learn call micro."""

from __future__ import annotations

from scoring.metrics.metric import Metric, Ratio
from scoring.outcomes import Sets


def _terms(of: Sets, k: int, threshold: float) -> Ratio:
    return Ratio(2 * of.n_hit, of.n_true + of.n_predicted)


#: 2 sum TP / (2 sum TP + sum FP + sum FN).
F1_MICRO = Metric(
    "f1-micro", "sets", _terms, "F1 of all pairs of occurrence and species together", is_mean=False
)
