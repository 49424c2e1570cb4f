"""Scores as callers have them, arrays, data frames and tensors, as rows of NumPy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.dense import Rows


def rows_of(scores: Any) -> Rows:
    """Return scores as rows that can be had block by block; whole numbers become float64.

    Raises
    ------
    ValueError
        If scores are masked, or no numbers.
    """
    if is_tensor(scores):
        return TensorRows(scores)
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(scores):
        raise ValueError("a sparse matrix is not taken, give .toarray(), with -inf for what is not predicted")
    array = array_of(scores, "scores must not be masked; give -inf to pairs that are not predicted")
    return array.astype(np.float64) if array.dtype.kind in "iub" else array


def array_of(values: Any, why_not_masked: str) -> NDArray[Any]:
    """Return what an array, a list, a data frame or a series holds."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(why_not_masked)
    if not hasattr(values, "to_numpy"):
        return np.asarray(values)
    array: NDArray[Any] = values.to_numpy()
    try:
        # What is missing among pandas' nullable numbers makes objects of all of them.
        return array if array.dtype.kind != "O" else values.to_numpy(dtype=np.float64, na_value=np.nan)
    except TypeError as error:
        raise ValueError(f"a {type(values).__name__} must hold numbers, not {array.dtype}") from error


def is_tensor(values: Any) -> bool:
    """Tell whether something is a tensor of torch."""
    torch = sys.modules.get("torch")  # no tensor comes from where torch was not imported
    return torch is not None and isinstance(values, torch.Tensor)


class TensorRows:
    """Rows of a tensor as NumPy arrays, moved from its device block by block."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor.detach()
        self.shape: tuple[int, ...] = tuple(tensor.shape)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the arrays."""
        return self[:0].dtype

    def __getitem__(self, rows: slice | NDArray[np.intp], /) -> NDArray[np.floating]:
        block = self._tensor[rows].cpu()
        known = str(block.dtype) in ("torch.float16", "torch.float32", "torch.float64")
        # NumPy has no bfloat16; float64 holds it exactly, and integers.
        array: NDArray[np.floating] = (block if known else block.double()).numpy()
        return array
