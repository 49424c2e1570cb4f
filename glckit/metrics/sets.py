"""Metrics of predicted sets of species, where an occurrence may have several true ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors

from glckit.metrics.tensors import as_result, joined
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.metrics.metric import Metric as Definition
from scoring.outcomes import SetOutcomes


class SetMetric(Metric):
    """A metric of sets: three whole numbers per occurrence are kept."""

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    if TYPE_CHECKING:  # TorchScript would read it
        definition: Definition
        counts: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # True species, predicted species, and those that are both. All metrics of sets share it.
        self.add_state("counts", [], dist_reduce_fx="cat")

    def update(self, predicted: Any, true: Any) -> None:
        """Take a batch: which classes are predicted, and which are true, both of shape (n, n_classes)."""
        sets = _membership(predicted, "predicted"), _membership(true, "true")
        if sets[0].shape != sets[1].shape:
            shapes = [tuple(each.shape) for each in sets]
            raise ValueError(f"predicted of shape {shapes[0]}, but true of shape {shapes[1]}")
        n_true, n_predicted = sets[1].sum(dim=1), sets[0].sum(dim=1)
        if not n_true.all():
            raise ValueError("an occurrence has no true class")
        self.counts.append(torch.stack([n_true, n_predicted, (sets[0] & sets[1]).sum(dim=1)], dim=1))

    def compute(self) -> Tensor:
        """Return the score of all occurrences so far, as float64."""
        counts = joined(self.counts, torch.int64).reshape(-1, 3)
        if not len(counts):
            raise ValueError("there are no occurrences to score")
        return as_result(self, self.definition.score(SetOutcomes(*counts.T), 0, 0.0))

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot one value or several; see `torchmetrics.Metric.plot`."""
        return self._plot(val, ax)

    def _sync_dist(
        self, dist_sync_fn: Callable[..., Any] = gather_all_tensors, process_group: Any | None = None
    ) -> None:
        # A process without occurrences has whole numbers, too.
        self.counts = self.counts or [torch.empty((0, 3), dtype=torch.int64, device=self.device)]
        super()._sync_dist(dist_sync_fn, process_group)


class F1Samples(SetMetric):
    """The mean F1 of the occurrences as a metric of torchmetrics; GeoLifeCLEF 2023 to 2025 ranked by it.

    Parameters
    ----------
    **kwargs
        As for every metric of torchmetrics.

    Raises
    ------
    ValueError
        By `update`, if shapes differ, something is neither 0 nor 1, or an occurrence has no true class.

    Examples
    --------
    >>> metric = F1Samples()
    >>> metric.update(torch.tensor([[1, 1, 0], [0, 0, 1]]), torch.tensor([[1, 0, 0], [0, 0, 1]]))
    >>> round(float(metric.compute()), 4)
    0.8333
    """

    definition = F1_SAMPLES


class F1Micro(SetMetric):
    """The F1 of all pairs of occurrence and species together; see `F1Samples`."""

    definition = F1_MICRO


def _membership(sets: Any, name: str) -> Tensor:
    given = torch.as_tensor(sets).detach()
    if given.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, not shape {tuple(given.shape)}")
    if given.dtype != torch.bool and not ((given == 0) | (given == 1)).all():
        raise ValueError(f"{name} must be sets, as 0 and 1: choose classes by a threshold first")
    return given.bool()
