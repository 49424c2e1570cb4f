"""Columns that grow while a file is read, and no further than memory and sense allow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.faults import FaultLog
from submissions.memory import require_memory
from submissions.reading.fast import Columns

# Rows between two looks at the memory that is left: 80 MB of a run.
_STEP = 1 << 22
# What a row takes beside its columns while it is checked: 10 bytes in a grouped run of 16 million rows.
_BYTES_OF_CHECKS = 16

# Rows for which room is set aside at once; what a file says of its size need not be true.
_MOST_EXPECTED = 1 << 27

# A valid run says nothing twice. A file of 9 kB can say one pair so often that it fills gigabytes: reading
# stops where fewer pairs than this share are new. That is asked of all rows from `_FULL_LOOK` on, more than
# a run of 150 species for 42,405 occurrences has, and from `_FIRST_LOOK` on if the last block is no better.
_LEAST_NEW = 1 / 8
_FIRST_LOOK, _FULL_LOOK = 1 << 20, 1 << 23

# A line that cannot be read takes 10 microseconds, and a file of 22 kB can hold 120 million of them: reading
# stops where so many, and twice as many as there are rows, hold none.
_MOST_IDLE = 1_000_000
_MIX = np.uint64(0x9E3779B97F4A7C15)


class GrowingColumns:
    """The columns of a table, block by block.

    Attributes
    ----------
    n_rows : int
        Rows so far.
    full : bool
        Whether no more may come; the log says why.
    """

    def __init__(self, log: FaultLog) -> None:
        self.n_rows = 0
        self.full = False
        self._n_idle = 0
        self._log = log
        self._arrays: dict[str, _GrowingArray] = {}
        self._next_step, self._next_look = _STEP, _FIRST_LOOK

    def append(self, columns: Columns, *, expected: int = 0) -> None:
        """Add some rows; `expected` is how many there may be in the end, where that is known."""
        for name, values in columns.items():
            if name not in self._arrays:
                capacity = min(expected, _MOST_EXPECTED) + len(values)
                self._arrays[name] = _GrowingArray(capacity, values.dtype)
            self._arrays[name].append(values)
        self.n_rows += max(map(len, columns.values()), default=0)
        if self.n_rows >= self._next_step:
            self._require_memory()
        if self.n_rows >= self._next_look:
            self._next_look = 2 * self.n_rows
            self._look_for_repeats(columns)

    def pass_over(self, n_lines: int) -> None:
        """Count lines that gave no row, and stop where there are too many."""
        self._n_idle += n_lines
        if not self.full and self._n_idle > max(_MOST_IDLE, 2 * self.n_rows):
            self.full = True
            message = f"{self._n_idle:,} lines hold no row that can be read, and reading stopped there"
            self._log.add("too-large", message=message, fix="Mend or remove the lines that cannot be read.")

    def arrays(self) -> Columns:
        """Return the columns as they are."""
        return {name: array.values() for name, array in self._arrays.items()}

    def _require_memory(self) -> None:
        self._next_step = self.n_rows + _STEP
        width = sum(array.itemsize for array in self._arrays.values())
        needed = self._next_step * _BYTES_OF_CHECKS + _STEP * width
        require_memory(needed, f"Checking a run of more than {self.n_rows:,} pairs")

    def _look_for_repeats(self, latest: Columns) -> None:
        if "probability" not in self._arrays:  # another table; its ids are looked at in the end
            return
        if (self.n_rows >= _FULL_LOOK or _says_little(latest)) and _says_little(self.arrays()):
            self.full = True
            message = f"most of the first {self.n_rows:,} pairs stood before, and reading stopped there"
            self._log.add("too-large", message=message, fix="Keep one line for each occurrence and species.")


def _says_little(columns: dict[str, NDArray[Any]]) -> bool:
    """Say whether nearly all pairs of occurrence and species stand more than once."""
    keys = columns["occurrence_id"].astype(np.uint64)
    keys *= _MIX
    keys += columns["species_id"].astype(np.uint64)
    keys.sort()
    return 1 + int(np.count_nonzero(keys[1:] != keys[:-1])) < _LEAST_NEW * len(keys)


class _GrowingArray:
    """One column that grows at its end; int32 until it must be int64."""

    def __init__(self, capacity: int, dtype: np.dtype[np.generic]) -> None:
        self._values = np.empty(max(capacity, 1024), dtype)
        self._n = 0

    @property
    def itemsize(self) -> int:
        return self._values.itemsize

    def append(self, values: NDArray[np.generic]) -> None:
        needed = self._n + len(values)
        dtype = np.promote_types(self._values.dtype, values.dtype)
        if needed > len(self._values) or dtype != self._values.dtype:
            grown = np.empty(len(self._values) if needed <= len(self._values) else 2 * needed, dtype)
            grown[: self._n] = self._values[: self._n]
            self._values = grown
        self._values[self._n : needed] = values
        self._n = needed

    def values(self) -> NDArray[np.generic]:
        return self._values[: self._n]
