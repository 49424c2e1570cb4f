"""Reading a run in Parquet: the same columns and names as in text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.reading.fast import as_numpy, narrowed
from submissions.reading.header import columns_named
from submissions.reading.schema import RUN, Column
from submissions.reading.sources import Source
from submissions.reading.text import TextTable


def read_parquet(source: Source, log: FaultLog) -> TextTable:
    """Read a run in Parquet, without line numbers; rows with faults are noted and left out."""
    try:
        table = _arrow_table(source, log)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        log.add("truncated", message=f"the Parquet file is cut or damaged ({str(error).splitlines()[0]})")
        return TextTable(readable=False)
    columns = None if table is None else columns_named(table.column_names, RUN, log)
    if table is None or columns is None:
        return TextTable(readable=False)
    fields = {column.name: _Field(column, table.column(i)) for i, column in enumerate(columns) if column}
    return _good_rows(fields, log)


def _arrow_table(source: Source, log: FaultLog) -> pa.Table | None:
    file = pa_parquet.ParquetFile(source.path or pa.BufferReader(source.read_all()))
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    n_bytes = sum(group.total_byte_size for group in groups)
    if n_bytes > source.max_bytes:
        log.add("too-large", message=f"{n_bytes:,} bytes after decompression, {source.max_bytes:,} allowed")
        return None
    if not file.metadata.num_rows:
        log.add("no-rows", message="a table without rows")
    return file.read()


def _good_rows(read: dict[str, _Field], log: FaultLog) -> TextTable:
    ids = read["occurrence_id"]
    good = np.ones(len(ids.values), dtype=bool)
    for field in read.values():
        if field.bad.any():
            field.note(ids, log)
            good &= ~field.bad
    mentioned = ids.values[~good & ~ids.bad].astype(np.int64).tolist()
    kept = np.s_[:] if good.all() else good
    columns = {name: field.values[kept] for name, field in read.items()}
    return TextTable(columns, mentioned=mentioned, n_unread=int(np.count_nonzero(~good)))


class _Field:
    """One column as an array, and which of its values are bad."""

    def __init__(self, column: Column, chunks: pa.ChunkedArray) -> None:
        self._column = column
        self._chunks = chunks
        self.values: NDArray[np.generic] = np.zeros(len(chunks))
        self.bad = np.ones(len(chunks), dtype=bool)
        floating = column.kind == "number" and pa.types.is_floating(chunks.type)
        if floating or pa.types.is_integer(chunks.type):
            self.values, self.bad = self._read()

    def note(self, ids: _Field, log: FaultLog) -> None:
        rows = np.flatnonzero(self.bad)
        examples = [
            Example(
                occurrence_id=None if ids.bad[row] else int(ids.values[row]),
                found=f"{self._chunks[int(row)].as_py()} in row {row + 1}",
            )
            for row in rows[: log.max_examples]
        ]
        message = f"{self._column.name} that is not {_EXPECTED[self._column.kind]} ({self._chunks.type})"
        log.add(self._column.fault, *examples, message=message, count=len(rows))

    def _read(self) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        chunks = self._chunks
        null = np.zeros(len(chunks), dtype=bool)
        if chunks.null_count:
            null = as_numpy(pa_compute.cast(chunks.is_null(), pa.uint8())).astype(bool)
            chunks = pa_compute.fill_null(chunks, pa.scalar(0, chunks.type))
        if self._column.kind == "integer":
            integers = as_numpy(chunks)
            beyond = integers > np.uint64(2**63 - 1) if chunks.type == pa.uint64() else False
            return narrowed(integers.astype(np.int64, copy=False)), null | beyond
        values = as_numpy(chunks)
        values = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
        return values, null | ~np.isfinite(values)


_EXPECTED = {"integer": "an integer", "number": "a finite number"}
