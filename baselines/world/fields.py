"""Smooth random fields over the ground, evaluated at any whole-numbered position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.draws import hashed

#: An octave of a field: distance of its lattice points, and its weight.
Octave = tuple[int, float]


@dataclass(frozen=True)
class Grids:
    """Some rectangles of whole-numbered positions.

    Parameters
    ----------
    rows, columns : ndarray of int64 of shapes (n, height) and (n, width)
        Positions of n grids, ascending in each.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of grids, height and width."""
        return len(self.rows), self.rows.shape[1], self.columns.shape[1]


def noise(key: int, grids: Grids, *, scale: int) -> NDArray[np.float32]:
    """Evaluate value noise: random numbers at lattice points `scale` apart, blended smoothly in between.

    Values lie in [0, 1), shape (n, height, width). A position has the same value in whatever grid it stands.

    Notes
    -----
    Between lattice points values are blended with 3 t^2 - 2 t^3, so that a step of one position
    changes the value by less than 1.5 / scale.

    Examples
    --------
    >>> axis = np.arange(4)[np.newaxis]
    >>> wide = noise(7, Grids(axis, axis), scale=3)
    >>> bool((noise(7, Grids(axis[:, 1:], axis[:, 2:]), scale=3) == wide[:, 1:, 2:]).all())
    True
    """
    rows, columns = _blend(grids.rows, scale=scale), _blend(grids.columns, scale=scale)
    bits = hashed(key, rows.lattice[:, :, np.newaxis], columns.lattice[:, np.newaxis])
    corners = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return _interpolated(_interpolated(corners, rows, axis=1), columns, axis=2)


def octaves(key: int, grids: Grids, *, parts: Sequence[Octave]) -> NDArray[np.float32]:
    """Sum noise of several scales, each times its weight: from 0 to the sum of the weights; see `noise`."""
    total = np.zeros(grids.shape, dtype=np.float32)
    for number, (scale, weight) in enumerate(parts):
        total += noise(key + number, grids, scale=scale) * np.float32(weight)
    return total


def equalised(field: NDArray[np.float32], *, n_levels: int) -> NDArray[np.int64]:
    """Return levels 0 to `n_levels` - 1 in the order of the values, each level as frequent as any other."""
    ranks = np.empty(field.size, dtype=np.int64)
    ranks[np.argsort(field, axis=None, kind="stable")] = np.arange(field.size)
    return ranks.reshape(field.shape) * n_levels // field.size


@dataclass(frozen=True)
class _Blend:
    # Along one axis: the lattice points, and for each position the point before it and the share of the next.
    lattice: NDArray[np.int64]
    index: NDArray[np.int64]
    share: NDArray[np.float32]


def _blend(positions: NDArray[np.int64], *, scale: int) -> _Blend:
    points, offsets = np.divmod(positions, scale)
    index = points - points[:, :1]
    t = offsets.astype(np.float32) / np.float32(scale)
    share = t * t * (np.float32(3) - np.float32(2) * t)
    return _Blend(points[:, :1] + np.arange(index.max() + 2), index, share)


def _interpolated(values: NDArray[np.float32], blend: _Blend, *, axis: int) -> NDArray[np.float32]:
    index, share = np.expand_dims(blend.index, 3 - axis), np.expand_dims(blend.share, 3 - axis)
    low = np.take_along_axis(values, index, axis=axis)
    high = np.take_along_axis(values, index + 1, axis=axis)
    high -= low
    high *= share
    high += low
    return high
