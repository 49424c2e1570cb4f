"""Batches of tensors: what is taken for scores and labels, as NumPy where that is faster, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

_WIDE = (torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64)


def scores_and_labels(scores: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Return a batch of scores as float32, or as float64 where these do not hold them, and of its labels.

    Raises
    ------
    ValueError
        If shapes do not fit, labels are no integers, or one is outside the classes.
    """
    rows, classes = torch.as_tensor(scores).detach(), torch.as_tensor(labels).detach()
    if rows.ndim != 2:
        raise ValueError(f"scores must have two dimensions, not shape {tuple(rows.shape)}")
    if classes.shape != rows.shape[:1]:
        raise ValueError(f"{rows.shape[0]} rows of scores but labels of shape {tuple(classes.shape)}")
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise ValueError(f"labels must be integers, not {classes.dtype}")
    outside = (classes < 0) | (classes >= rows.shape[1])
    if outside.any():
        raise ValueError(f"label {int(classes[outside][0])} is outside the {rows.shape[1]} classes")
    if rows.is_complex():
        raise ValueError(f"scores must be real numbers, not {rows.dtype}")
    # float32 holds float16 and bfloat16 exactly.
    return rows.to(torch.float64 if rows.dtype in _WIDE else torch.float32), classes.long()


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor as an array: of the CPU, the same memory."""
    array: NDArray[Any] = tensor.detach().cpu().numpy()
    return array


def as_result(metric: Metric, value: float) -> Tensor:
    """Return a number as metrics do, on their device, in double precision where there is such."""
    # Apple's GPUs have no float64.
    dtype = torch.float32 if metric.device.type == "mps" else torch.float64
    return torch.tensor(value, dtype=dtype, device=metric.device)


def joined(parts: Any, dtype: torch.dtype) -> NDArray[Any]:
    """Return what a state holds: a list of tensors, or the tensor that processes made of theirs."""
    tensors = [parts] if isinstance(parts, Tensor) else list(parts)
    arrays = [as_array(tensor) for tensor in tensors] or [as_array(torch.empty(0, dtype=dtype))]
    return np.concatenate(arrays)
