"""Metrics of the place of each true species in its own list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors

from glckit.metrics.tensors import as_array, as_result, joined, scores_and_labels
from scoring.adaptive import check_k
from scoring.dense import refuse_nan
from scoring.metrics.metric import Metric as Definition
from scoring.metrics.mrr import MRR
from scoring.metrics.top_k import TOP_K, TOP_K_ERROR
from scoring.outcomes import PerOccurrence
from scoring.standing import standing


class RankMetric(Metric):
    """A metric that needs only the rank of each true class: one number per occurrence is kept."""

    is_differentiable = False
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    if TYPE_CHECKING:  # TorchScript would read it
        definition: Definition
        ranks: list[Tensor]

    def __init__(self, k: int = 30, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = check_k(k)
        # From 1; 0 where the true class is not predicted. All metrics of ranks share it in a collection.
        self.add_state("ranks", [], dist_reduce_fx="cat")

    def update(self, scores: Any, labels: Any) -> None:
        """Take a batch: scores of shape (n, n_classes), and the true class of each row."""
        rows, classes = scores_and_labels(scores, labels)
        on_cpu = rows.device.type == "cpu"
        self.ranks.append(_ranks_by_numpy(rows, classes) if on_cpu else ranks_on_device(rows, classes))

    def compute(self) -> Tensor:
        """Return the score of all occurrences so far, as float64."""
        ranks = joined(self.ranks, torch.int64)
        if not len(ranks):
            raise ValueError("there are no occurrences to score")
        return as_result(self, self.definition.score(_outcomes(ranks), self.k, 0.0))

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot one value or several; see `torchmetrics.Metric.plot`."""
        return self._plot(val, ax)

    def _sync_dist(
        self, dist_sync_fn: Callable[..., Any] = gather_all_tensors, process_group: Any | None = None
    ) -> None:
        # A process without occurrences has whole numbers, too.
        self.ranks = self.ranks or [torch.empty(0, dtype=torch.int64, device=self.device)]
        super()._sync_dist(dist_sync_fn, process_group)


class TopK(RankMetric):
    """The top-K accuracy as a metric of torchmetrics.

    `compute` equals `glckit.top_k` of all batches together, to the last bit.

    Parameters
    ----------
    k : int, default 30
        Classes per occurrence.
    **kwargs
        As for every metric of torchmetrics.

    Raises
    ------
    ValueError
        If k is no positive integer; by `update`, as `AdaptiveTopK`.

    Notes
    -----
    Of classes with equal scores, those with the lower index come first; a true class of score -inf is not
    predicted, and wrong.

    Examples
    --------
    >>> metric = TopK(k=2)
    >>> metric.update(torch.tensor([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]]), torch.tensor([0, 2]))
    >>> float(metric.compute())
    0.5
    """

    higher_is_better = True
    definition = TOP_K


class TopKError(RankMetric):
    """1 - the top-K accuracy as a metric of torchmetrics; see `TopK`."""

    higher_is_better = False
    definition = TOP_K_ERROR


class MeanReciprocalRank(RankMetric):
    """The mean of 1 / rank of the true class as a metric of torchmetrics, 0 where it is not predicted.

    Parameters
    ----------
    **kwargs
        As for every metric of torchmetrics.

    Raises
    ------
    ValueError
        By `update`, as `AdaptiveTopK`.

    Notes
    -----
    Ties as in `TopK`.

    Examples
    --------
    >>> metric = MeanReciprocalRank()
    >>> metric.update(torch.tensor([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]]), torch.tensor([0, 1]))
    >>> float(metric.compute())
    0.75
    """

    higher_is_better = True
    definition = MRR

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def _ranks_by_numpy(rows: Tensor, classes: Tensor) -> Tensor:
    block, labels = as_array(rows), as_array(classes)
    refuse_nan(block)
    found = standing(block, labels, block.shape[1])
    ranks = np.where(found.true_scores > -np.inf, found.n_above + found.n_before + 1, 0)
    return torch.from_numpy(ranks)


def ranks_on_device(rows: Tensor, classes: Tensor) -> Tensor:
    """Return the ranks of true classes, computed where their scores are."""
    if rows.isnan().any():
        raise ValueError("scores must not be NaN")
    true_scores = rows.gather(1, classes[:, None])
    columns = torch.arange(rows.shape[1], device=rows.device)
    before = (rows > true_scores) | ((rows == true_scores) & (columns < classes[:, None]))
    return torch.where(true_scores[:, 0] > -torch.inf, before.sum(dim=1) + 1, 0)


def _outcomes(ranks: NDArray[np.int64]) -> PerOccurrence:
    outcomes = PerOccurrence.unpredicted(np.zeros(len(ranks), np.int64))
    outcomes.true_scores[ranks > 0] = 0.0
    outcomes.n_above[:] = np.maximum(ranks - 1, 0)
    return outcomes
