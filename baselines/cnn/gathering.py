"""Bringing together what several devices found."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from baselines.cnn.outputs import BestSpecies

# Stands for a row that only fills up: every process must bring equally many.
_NO_ROW = -1


def gathered(fabric: Fabric, best: BestSpecies, *, n_rows: int) -> BestSpecies:
    """Return what all processes found, on every one; each had every so many-th of `n_rows` occurrences."""
    if fabric.world_size == 1:
        return best
    n_each = -(-n_rows // fabric.world_size)
    columns = {name: _from_all(fabric, array, n_each) for name, array in vars(best).items()}
    real = columns["rows"] != _NO_ROW
    return BestSpecies(**{name: column[real] for name, column in columns.items()})


def joined(parts: list[BestSpecies]) -> BestSpecies:
    """Return several lists as one."""
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return BestSpecies(*map(np.concatenate, columns))


def _from_all(fabric: Fabric, array: NDArray[np.generic], n_each: int) -> NDArray[np.generic]:
    filled = np.full((n_each, *array.shape[1:]), _NO_ROW, dtype=array.dtype)
    filled[: len(array)] = array
    together: Any = fabric.all_gather(torch.from_numpy(filled).to(fabric.device))
    return np.asarray(together.cpu().numpy().reshape(-1, *array.shape[1:]))
