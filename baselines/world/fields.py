"""Smooth random fields over the ground, evaluated at any whole-numbered position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.world.draws import hashed

#: An octave of a field: distance of its lattice points, and its weight.
Octave = tuple[int, float]


def noise(
    key: int, rows: NDArray[np.int64], columns: NDArray[np.int64], *, scale: int
) -> NDArray[np.float32]:
    """Evaluate value noise: random numbers at lattice points, blended smoothly in between.

    Parameters
    ----------
    key : int
        Key of the field.
    rows, columns : ndarray of int64 of shapes (n, height) and (n, width)
        Positions of n grids, ascending in each.
    scale : int
        Distance of the lattice points.

    Returns
    -------
    ndarray of float32 of shape (n, height, width)
        Values in [0, 1). A position has the same value in whatever grid it stands.

    Notes
    -----
    Between lattice points values are blended with 3 t^2 - 2 t^3, so that a step of one position
    changes the value by less than 1.5 / scale.

    Examples
    --------
    >>> grid = np.arange(4)[np.newaxis]
    >>> wide = noise(7, grid, grid, scale=3)
    >>> bool((noise(7, grid[:, 1:], grid[:, 2:], scale=3) == wide[:, 1:, 2:]).all())
    True
    """
    row_base, column_base = rows[:, :1] // scale, columns[:, :1] // scale
    row_index, row_weight = _blend(rows, row_base, scale)
    column_index, column_weight = _blend(columns, column_base, scale)
    corners = _corners(key, row_base, column_base, shape=(row_index.max() + 2, column_index.max() + 2))
    across = _interpolated(corners, row_index[:, :, np.newaxis], row_weight[:, :, np.newaxis], axis=1)
    return _interpolated(across, column_index[:, np.newaxis], column_weight[:, np.newaxis], axis=2)


def octaves(
    key: int, rows: NDArray[np.int64], columns: NDArray[np.int64], *, parts: Sequence[Octave]
) -> NDArray[np.float32]:
    """Sum noise of several scales, each times its weight; see `noise`.

    Returns
    -------
    ndarray of float32 of shape (n, height, width)
        Values from 0 to the sum of the weights.
    """
    total = np.zeros((len(rows), rows.shape[1], columns.shape[1]), dtype=np.float32)
    for number, (scale, weight) in enumerate(parts):
        total += noise(key + number, rows, columns, scale=scale) * np.float32(weight)
    return total


def equalised(field: NDArray[np.float32], *, n_levels: int) -> NDArray[np.int64]:
    """Return levels 0 to `n_levels` - 1 in the order of the values, each level as frequent as any other.

    Examples
    --------
    >>> equalised(np.array([[0.5, 9.0], [7.0, 0.1]], dtype=np.float32), n_levels=2).tolist()
    [[0, 1], [1, 0]]
    """
    ranks = np.empty(field.size, dtype=np.int64)
    ranks[np.argsort(field, axis=None, kind="stable")] = np.arange(field.size)
    return ranks.reshape(field.shape) * n_levels // field.size


def _blend(
    positions: NDArray[np.int64], base: NDArray[np.int64], scale: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    index, offset = np.divmod(positions, scale)
    t = offset.astype(np.float32) / np.float32(scale)
    return index - base, t * t * (np.float32(3) - np.float32(2) * t)


def _corners(
    key: int, row_base: NDArray[np.int64], column_base: NDArray[np.int64], *, shape: tuple[int, int]
) -> NDArray[np.float32]:
    rows = row_base + np.arange(shape[0])
    columns = column_base + np.arange(shape[1])
    bits = hashed(key, rows[:, :, np.newaxis], columns[:, np.newaxis])
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _interpolated(
    values: NDArray[np.float32], index: NDArray[np.int64], weight: NDArray[np.float32], *, axis: int
) -> NDArray[np.float32]:
    low = np.take_along_axis(values, index, axis=axis)
    high = np.take_along_axis(values, index + 1, axis=axis)
    high -= low
    high *= weight
    high += low
    return high
