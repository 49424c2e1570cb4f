"""Adaptive top-K accuracy of a whole validation set, from its batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors

from glckit.metrics.tensors import as_array, as_result, joined, scores_and_labels
from scoring.adaptive import budget_of, check_k
from scoring.batches import Kept, kept_of, largest, n_kept, together
from submissions.errors import CannotCheckError

# Between two times at which the bound rises, this many times as many scores gather as are kept.
_GATHERED = 2


class AdaptiveTopK(Metric):
    """The adaptive top-K accuracy as a metric of torchmetrics.

    One threshold is fitted for all occurrences that `update` has seen on all processes: at most k per
    occurrence score above it, on average. `compute` equals `glckit.adaptive_top_k` of all batches together,
    to the last bit, whatever the batches, their order, devices and processes.

    Parameters
    ----------
    k : int, default 30
        Classes per occurrence, on average.
    n_occurrences : int, optional
        How many occurrences there will be on all processes together, ``len(dataset)``. It is only needed
        where `compute` asks for it; see the notes.
    **kwargs
        As for every metric of torchmetrics, such as `sync_on_compute`.

    Raises
    ------
    ValueError
        If k or `n_occurrences` is no positive integer; by `update`, if a score is NaN, a label is outside the
        classes, or shapes do not fit.
    CannotCheckError
        By `compute`, if the threshold lies among scores that are no longer kept.

    Notes
    -----
    `update(scores, labels)` takes scores of shape (n, n_classes), logits or probabilities, of any float type,
    -inf for pairs that are not predicted, and labels of shape (n,): columns from 0. A softmax per occurrence
    changes the result; see docs/metric.md.

    Not the matrix is kept but its largest scores, and the true ones. Which of them will matter is only known
    with N, the number of occurrences at the end. With `n_occurrences`, K N + 1 are kept, which always are
    enough. Without it they are two million (`scoring.batches.FEWEST`), enough for any data up to N = 69,905
    with K = 30, and beyond, 2 K N of the N so far, which are enough unless later occurrences have much lower
    scores than earlier ones: validate in a shuffled order, or give `n_occurrences`. Whether they were enough
    is known at the end, and no wrong number is given. Up to twice as many are held in between. Each process
    keeps as many of its own.

    `forward`, which gives the score of the batch, too, takes twice as long as `update`.

    Examples
    --------
    >>> metric = AdaptiveTopK(k=1)
    >>> metric.update(torch.tensor([[0.9, 0.1, 0.0]]), torch.tensor([0]))
    >>> metric.update(torch.tensor([[0.4, 0.3, 0.3]]), torch.tensor([0]))
    >>> float(metric.compute())
    1.0
    """

    is_differentiable = False
    higher_is_better = True
    # The scores that are kept are fewer than those of the batches: a batch cannot simply be added.
    full_state_update = True
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    if TYPE_CHECKING:  # TorchScript would read it
        kept: list[Tensor]
        true_scores: list[Tensor]
        bound: Tensor
        n_tied: Tensor
        n_seen: Tensor

    def __init__(self, k: int = 30, *, n_occurrences: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = check_k(k)
        self.n_occurrences = None if n_occurrences is None else _checked(n_occurrences)
        # A collection takes metrics with equal states for one and the same; releases before 1.7 look at the
        # first state alone.
        self.add_state("asked", torch.tensor([self.k, self.n_occurrences or 0]), dist_reduce_fx="max")
        self.add_state("kept", [], dist_reduce_fx="cat")
        self.add_state("true_scores", [], dist_reduce_fx="cat")
        # Of each process; its type is the widest of the scores so far.
        self.add_state("bound", torch.tensor(-torch.inf, dtype=torch.float32), dist_reduce_fx=None)
        self.add_state("n_tied", torch.tensor(0), dist_reduce_fx=None)
        self.add_state("n_seen", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, scores: Any, labels: Any) -> None:
        """Take a batch: scores of shape (n, n_classes), and the true class of each row."""
        rows, classes = scores_and_labels(scores, labels)
        if rows.dtype == torch.float64:
            self.bound = self.bound.double()
        found = self._kept_of(rows)
        self.kept.append(_like(found.values, rows))
        self.true_scores.append(rows.gather(1, classes[:, None])[:, 0])
        self.n_tied = self.n_tied + found.n_tied
        self.n_seen = self.n_seen + len(rows)
        size = n_kept(self.k, int(self.n_seen), self.n_occurrences)
        if sum(map(len, self.kept)) > _GATHERED * size:
            self._raise_bound(size)

    def compute(self) -> Tensor:
        """Return the share of the occurrences whose true class lies above the threshold, as float64."""
        n = int(self.n_seen)
        if not n:
            raise ValueError("there are no occurrences to score")
        bounds, n_tied = (np.atleast_1d(as_array(each)) for each in (self.bound, self.n_tied))
        kept = together(joined(self.kept, self.bound.dtype), bounds, n_tied)
        threshold = kept.threshold(budget_of(self.k, n))
        if threshold is None:
            raise CannotCheckError(
                f"The threshold of {n:,} occurrences lies among scores that are no longer kept, for later "
                "ones have lower scores than earlier ones.",
                f"Make the metric with n_occurrences={n}, or validate in a shuffled order.",
            )
        true_scores = joined(self.true_scores, self.bound.dtype).astype(np.float64)
        return as_result(self, int(np.count_nonzero(true_scores > threshold)) / n)

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot one value or several; see `torchmetrics.Metric.plot`."""
        return self._plot(val, ax)

    def _kept_of(self, rows: Tensor) -> Kept:
        bound = float(self.bound)
        if rows.device.type == "cpu":
            return kept_of(rows.numpy(), bound)
        return kept_of(as_array(reaching_on_device(rows, self.bound))[:, np.newaxis], bound)

    def _raise_bound(self, size: int) -> None:
        parts, bound = [as_array(part) for part in self.kept], self.bound
        rest = largest(parts, size, bound=float(bound), n_tied=int(self.n_tied))
        self.kept = [_like(rest.values, bound)]
        self.bound = torch.tensor(rest.bound, dtype=bound.dtype, device=bound.device)
        self.n_tied = torch.tensor(rest.n_tied, device=bound.device)

    def _sync_dist(
        self, dist_sync_fn: Callable[..., Any] = gather_all_tensors, process_group: Any | None = None
    ) -> None:
        # Processes exchange tensors of one type, and one without occurrences does not know which.
        group = process_group or self.process_group
        is_wide = torch.tensor(int(self.bound.dtype == torch.float64), device=self.device)
        dtype = torch.float64 if any(map(int, dist_sync_fn(is_wide, group=group))) else torch.float32
        self.bound = self.bound.to(dtype)
        for name in ("kept", "true_scores"):
            parts = [part.to(self.device, dtype) for part in getattr(self, name)]
            setattr(self, name, parts or [torch.empty(0, dtype=dtype, device=self.device)])
        super()._sync_dist(dist_sync_fn, process_group)


def reaching_on_device(rows: Tensor, bound: Tensor) -> Tensor:
    """Return the scores that are not below a bound, chosen where they are, so that few travel."""
    if rows.isnan().any():
        raise ValueError("scores must not be NaN")
    wide = rows.to(torch.promote_types(rows.dtype, bound.dtype))
    return wide[wide >= bound]


def _checked(n_occurrences: int) -> int:
    try:
        return check_k(n_occurrences)
    except ValueError:
        raise ValueError(f"n_occurrences must be a positive integer, not {n_occurrences!r}") from None


def _like(array: Any, tensor: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(tensor.device)
