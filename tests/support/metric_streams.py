"""Scores and labels in batches, for metrics that see them so, and what metrics of all together say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scoring.dense import score_dense
from scoring.metrics.table import METRICS


@dataclass(frozen=True)
class Stream:
    """Batches of scores and labels."""

    scores: Sequence[Tensor]
    labels: Sequence[Tensor]

    def expected(self, metric: str, k: int) -> float:
        """Return what the metric of arrays says of all batches together."""
        # Of float32 and float64, all as float64.
        scores = np.concatenate([batch.double().numpy() for batch in self.scores])
        labels = np.concatenate([batch.numpy() for batch in self.labels])
        return score_dense(scores, labels, k=k, all_ties=True).by(METRICS[metric])


def make_stream(
    sizes: Sequence[int], *, n_classes: int = 40, seed: int = 0, n_levels: int = 60, falling: float = 0.0
) -> Stream:
    """Make batches of random scores with ties and absent pairs, each batch so much lower than the last."""
    rng = np.random.default_rng(seed)
    scores, labels = [], []
    for number, n in enumerate(sizes):
        drawn = rng.integers(0, n_levels, (n, n_classes)).astype(np.float32) / n_levels - falling * number
        drawn[rng.random(drawn.shape) < 0.1] = -np.inf
        scores.append(torch.from_numpy(drawn.astype(np.float32)))
        labels.append(torch.from_numpy(rng.integers(0, n_classes, n)))
    return Stream(scores, labels)
