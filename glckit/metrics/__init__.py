"""The metrics while a model learns: for PyTorch as torchmetrics, for scikit-learn as scorers.

Those of torchmetrics take `update(scores, labels)` in batches, and are exact whatever the batches, devices
and processes; they need the extra ``metrics``. The scorers need nothing but scikit-learn itself.

Examples
--------
>>> import glckit.metrics
>>> glckit.metrics.top_k_score(["b", "a"], [[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]], k=2, labels=["a", "b", "c"])
1.0
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glckit.metrics.adaptive import AdaptiveTopK
    from glckit.metrics.ranks import MeanReciprocalRank, TopK, TopKError
    from glckit.metrics.scorers import Scorer, adaptive_top_k_score, top_k_score
    from glckit.metrics.sets import F1Micro, F1Samples

__all__ = [
    "AdaptiveTopK",
    "F1Micro",
    "F1Samples",
    "MeanReciprocalRank",
    "Scorer",
    "TopK",
    "TopKError",
    "adaptive_top_k_score",
    "top_k_score",
]

# Where each name lives, and what it is made with: whoever has scikit-learn alone gets the scorers.
_HOMES = {
    "AdaptiveTopK": "adaptive",
    "F1Micro": "sets",
    "F1Samples": "sets",
    "MeanReciprocalRank": "ranks",
    "Scorer": "scorers",
    "TopK": "ranks",
    "TopKError": "ranks",
    "adaptive_top_k_score": "scorers",
    "top_k_score": "scorers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glckit.metrics' has no attribute {name!r}")
    if _HOMES[name] != "scorers":
        from submissions.errors import require

        require("torchmetrics", "metrics")
    return getattr(importlib.import_module(f"glckit.metrics.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
