"""Reading a run in Parquet: the same columns and names as in text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.printable import printable
from submissions.reading.fast import narrowed
from submissions.reading.growing import GrowingColumns
from submissions.reading.header import columns_named
from submissions.reading.mending import POINTS, Mending
from submissions.reading.schema import RUN, Column
from submissions.reading.sources import Source
from submissions.reading.text import TextTable

# Rows that are decoded at once: 8 MB, whatever the file makes of its row groups.
_BATCH_ROWS = 1 << 18
# Beyond, floats skip integers, so that nobody knows which id was meant.
_MAX_EXACT = 2**53


def read_parquet(source: Source, log: FaultLog, mending: Mending | None = None) -> TextTable:
    """Read a run in Parquet, without line numbers; rows with faults are noted and left out."""
    try:
        file = pa_parquet.ParquetFile(source.path or pa.BufferReader(source.read_all()), pre_buffer=False)
        if _is_too_large(file.metadata, source.max_bytes, log):
            return TextTable(readable=False)
        columns = columns_named(file.schema_arrow.names, RUN, log, mending=mending)
        if columns is None:
            return TextTable(readable=False)
        named = dict(zip(file.schema_arrow.names, columns, strict=True))
        wanted = {name: column for name, column in named.items() if column is not None}
        return _Rows(wanted, log, mending).table(file)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        why = printable(str(error).splitlines()[0])
        log.add("truncated", message=f"the Parquet file is cut or damaged ({why})")
        return TextTable(readable=False)


def _is_too_large(metadata: pa_parquet.FileMetaData, max_bytes: int, log: FaultLog) -> bool:
    """Note a file that is too large as it lies there, or when each number has its eight bytes."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    decoded = 8 * metadata.num_rows * len(RUN.columns)
    n_bytes = max(sum(group.total_byte_size for group in groups), decoded)
    if n_bytes > max_bytes:
        log.add("too-large", message=f"{n_bytes:,} bytes after decompression, {max_bytes:,} allowed")
    return bool(n_bytes > max_bytes)


class _Rows:
    """The good rows of a file, batch by batch."""

    def __init__(self, columns: dict[str, Column], log: FaultLog, mending: Mending | None) -> None:
        self._columns = columns
        self._log = log
        self._mending = mending
        self._grown = GrowingColumns(log)
        self._mentioned: set[int] = set()
        self._n_unread = self._n_unplaced = 0

    def table(self, file: pa_parquet.ParquetFile) -> TextTable:
        n_rows, first_row = file.metadata.num_rows, 0
        if not n_rows:
            self._log.add("no-rows", message="a table without rows")
        # Texts are not even read: a page of some kB can say one of a megabyte a million times.
        numeric = [name for name in self._columns if _is_numeric(file.schema_arrow.field(name).type)]
        for batch in file.iter_batches(_BATCH_ROWS, columns=numeric):
            self._take(batch, file.schema_arrow, first_row, n_rows)
            first_row += len(batch)
            if self._grown.full:
                break
        return TextTable(
            self._grown.arrays(),
            mentioned=self._mentioned,
            n_unplaced=self._n_unplaced,
            n_unread=self._n_unread,
        )

    def _take(self, batch: pa.RecordBatch, schema: pa.Schema, first_row: int, n_rows: int) -> None:
        fields = {
            column.name: _Field(
                column, batch.column(name) if name in batch.schema.names else None, len(batch)
            )
            for name, column in self._columns.items()
        }
        ids = fields["occurrence_id"]
        good = np.ones(len(batch), dtype=bool)
        for name, field in zip(self._columns, fields.values(), strict=True):
            if self._mending is not None:
                self._mending.counts[POINTS] += field.mend()
            if field.bad.any():
                self._note(field, ids, first_row, schema.field(name).type)
                good &= ~field.bad
        kept = np.s_[:] if good.all() else good
        if not good.all():
            self._n_unread += int(np.count_nonzero(~good))
            self._n_unplaced += int(np.count_nonzero(~good & ~ids.is_whole))
            self._mentioned |= set(ids.values[~good & ids.is_whole].astype(np.int64).tolist())
        self._grown.append({name: field.values[kept] for name, field in fields.items()}, expected=n_rows)

    def _note(self, field: _Field, ids: _Field, first_row: int, kind: pa.DataType) -> None:
        rows = np.flatnonzero(field.bad)
        examples = [
            Example(
                occurrence_id=None if ids.bad[row] else int(ids.values[row]),
                found=f"{field.found(row, kind)} in row {first_row + row + 1}",
            )
            for row in rows[: self._log.max_examples].tolist()
        ]
        message = f"{field.column.name} that is not {_EXPECTED[field.column.kind]} ({kind})"
        mends = (POINTS,) if field.is_whole[rows].all() else ()
        self._log.add(field.column.fault, *examples, message=message, count=len(rows), mends=mends)


class _Field:
    """One column of a batch as an array, which of its values are bad, and which are whole numbers."""

    def __init__(self, column: Column, read: pa.Array | None, n_rows: int) -> None:
        self.column = column
        self._read = read
        self.values: NDArray[np.generic] = np.zeros(n_rows if read is None else 0)
        self.bad = np.ones(n_rows, dtype=bool)
        self._null: NDArray[np.bool_] | bool = False
        if read is not None and read.null_count:
            self._null = np.from_dlpack(pa_compute.cast(read.is_null(), pa.uint8())).astype(bool)
            read = pa_compute.fill_null(read, pa.scalar(0, read.type))
        if read is not None:
            self._take(np.from_dlpack(read))

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Which values are integers, also such as are written as floats."""
        if self._read is None or self.values.dtype.kind != "f":
            return ~self.bad
        values = self.values.astype(np.float64)
        exact = (np.abs(values) <= _MAX_EXACT) & (values == np.rint(values))
        return np.asarray(exact & ~np.asarray(self._null))

    def mend(self) -> int:
        """Take the whole numbers for the integers that they are, and return how many."""
        if self._read is None or self.column.kind != "integer" or self.values.dtype.kind != "f":
            return 0
        whole = self.is_whole
        self.values = narrowed(np.where(whole, self.values, 0).astype(np.int64))
        self.bad = ~whole
        return int(np.count_nonzero(whole))

    def found(self, row: int, kind: pa.DataType) -> str:
        """Return what stands in a row, or what kind of thing where that is not read."""
        return str(kind) if self._read is None else str(self._read[row].as_py())

    def _take(self, values: NDArray[Any]) -> None:
        if self.column.kind == "number":
            is_kept = values.dtype in (np.float32, np.float64)
            self.values = values if is_kept else values.astype(np.float64)
            self.bad = self._null | ~np.isfinite(self.values)
        elif values.dtype.kind == "f":
            self.values = values  # all of them bad, until they are mended
        else:
            beyond = values > np.uint64(2**63 - 1) if values.dtype == np.uint64 else False
            self.values = narrowed(values.astype(np.int64, copy=False))
            self.bad = np.zeros(len(values), dtype=bool) | self._null | beyond


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


_EXPECTED = {"integer": "an integer", "number": "a finite number"}
