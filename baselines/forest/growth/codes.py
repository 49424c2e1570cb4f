"""Covariates as codes of their distinct values, made once a forest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from baselines.forest.growth.structures import Covariates

# Covariates that are taken from the rows of the table at a time.
_AT_ONCE = 8
# Whole numbers in a range of this size find their codes in a table; others are sorted.
_LARGEST_TABLE = 1 << 22
_NARROW = 1 << 16


@dataclass(frozen=True)
class CodedTable:
    """What trees are grown on: samples in any order.

    Parameters
    ----------
    labels : ndarray of int32 of shape (n,)
        Their classes.
    order : ndarray of int32 of shape (n,)
        The rows that they are.
    """

    covariates: Covariates
    labels: NDArray[np.int32]
    order: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_features(self) -> int:
        """Number of covariates."""
        return len(self.covariates.rows)

    @property
    def n_classes(self) -> int:
        """Number of classes, counted from 0."""
        return int(self.labels.max()) + 1

    def sorted(self, samples: NDArray[np.int32]) -> CodedTable:
        """Return the same samples in another order."""
        covariates = self.covariates
        for codes in (*covariates.narrow, *covariates.wide):
            codes[:] = codes[samples]
        return replace(self, labels=self.labels[samples], order=self.order[samples])


def code_table(values: NDArray[np.float32], labels: NDArray[np.integer]) -> CodedTable:
    """Code covariates without NaN or infinity of shape (n, n_features)."""
    levels: list[NDArray[np.float32]] = []
    rows: list[int] = []
    narrow: list[NDArray[np.uint16]] = []
    wide: list[NDArray[np.uint32]] = []
    for column in columns_of(values):
        codes, distinct = _coded(column)
        levels.append(distinct)
        if len(distinct) <= _NARROW:
            rows.append(len(narrow))
            narrow.append(codes.astype(np.uint16, copy=False))
        else:
            rows.append(~len(wide))
            wide.append(codes.astype(np.uint32, copy=False))
    covariates = Covariates(
        np.stack(narrow) if narrow else np.empty((0, len(labels)), dtype=np.uint16),
        np.stack(wide) if wide else np.empty((0, len(labels)), dtype=np.uint32),
        np.array(rows, dtype=np.int64),
        np.concatenate(levels),
        np.cumsum([0, *map(len, levels)], dtype=np.int64),
    )
    return CodedTable(covariates, labels.astype(np.int32), np.arange(len(labels), dtype=np.int32))


def columns_of(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield the columns of a table, each in one piece; few passes are made over it."""
    for first in range(0, values.shape[1], _AT_ONCE):
        yield from np.ascontiguousarray(values[:, first : first + _AT_ONCE].T)


def _coded(column: NDArray[np.float32]) -> tuple[NDArray[np.unsignedinteger], NDArray[np.float32]]:
    """Return the rank of each value among the distinct ones, and these, ascending."""
    low, high = float(column.min()), float(column.max())
    if high - low < _LARGEST_TABLE and max(-low, high) <= np.iinfo(np.int32).max:
        whole = column.astype(np.int32)
        if (whole.astype(np.float32) == column).all():
            return _coded_by_table(whole, int(low), int(high))
    order = np.argsort(column)
    ascending = column[order]
    is_new = np.append(True, ascending[1:] != ascending[:-1])
    codes = np.empty(len(column), dtype=np.uint32)
    codes[order] = np.cumsum(is_new) - 1
    return codes, ascending[is_new]


def _coded_by_table(
    whole: NDArray[np.int32], low: int, high: int
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.float32]]:
    whole -= np.int32(low)
    present = np.zeros(high - low + 1, dtype=bool)
    present[whole] = True
    distinct = np.flatnonzero(present)
    kind: type[np.uint16 | np.uint32] = np.uint16 if len(distinct) <= _NARROW else np.uint32
    ranks: NDArray[np.unsignedinteger] = (np.cumsum(present) - 1).astype(kind)
    return ranks[whole], (distinct + low).astype(np.float32)
