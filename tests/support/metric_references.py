"""What every metric of batches says of arrays, for a tester that calls it in other processes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from glckit.metrics import AdaptiveTopK, F1Micro, F1Samples, MeanReciprocalRank, TopK, TopKError
from scoring.dense import score_dense
from scoring.metrics.table import METRICS
from scoring.outcomes import SetOutcomes

N_CLASSES = 12
K = 2
_WITH_K: dict[str, Any] = {"k": K}
METRICS_TESTED: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "adaptive-top-k": (AdaptiveTopK, _WITH_K),
    "top-k": (TopK, _WITH_K),
    "top-k-error": (TopKError, _WITH_K),
    "mrr": (MeanReciprocalRank, {}),
    "F1Samples": (F1Samples, {}),
    "F1Micro": (F1Micro, {}),
}
_OF_SETS = {"F1Samples": METRICS["f1-samples"], "F1Micro": METRICS["f1-micro"]}


def reference(scores: Tensor, labels: Tensor, *, name: str) -> Tensor:
    """Return what a metric says of some scores and labels, or predicted and true sets."""
    if name in _OF_SETS:
        predicted, true = scores.bool().numpy(), labels.bool().numpy()
        outcomes = SetOutcomes(true.sum(1), predicted.sum(1), (true & predicted).sum(1))
        return torch.tensor(_OF_SETS[name].score(outcomes, 0, 0.0), dtype=torch.float64)
    score = score_dense(scores.numpy(), labels.numpy(), k=K, all_ties=True)
    return torch.tensor(score.by(METRICS[name]), dtype=torch.float64)
