"""Reading a run in Parquet: the same columns and names as in text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from submissions.faults import MAX_EXAMPLES, Example, FaultLog
from submissions.reading.fast import as_numpy
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
        bad = field.bad
        if bad.any():
            field.note(bad, ids, log)
            good &= ~bad
    mentioned = ids.values[~good & ~ids.bad].astype(np.int64).tolist()
    whole = bool(good.all())
    kept = {name: field.values if whole else field.values[good] for name, field in read.items()}
    return TextTable(kept, lines=None, mentioned=mentioned)


class _Field:
    """One column as an array, and which of its values are bad."""

    def __init__(self, column: Column, chunks: pa.ChunkedArray) -> None:
        self._column = column
        self._chunks = chunks
        self.wrong_type = not (_is_integer if column.kind == "integer" else _is_number)(chunks.type)
        self.values: NDArray[np.generic] = np.zeros(len(chunks))
        self.bad = np.ones(len(chunks), dtype=bool)
        if not self.wrong_type:
            self.values, self.bad = self._read()

    def note(self, bad: NDArray[np.bool_], ids: _Field, log: FaultLog) -> None:
        rows = np.flatnonzero(bad)
        examples = [
            Example(
                occurrence_id=None if ids.bad[row] else int(ids.values[row]),
                found=f"{self._chunks[int(row)].as_py()} in row {row + 1}",
            )
            for row in rows[:MAX_EXAMPLES]
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
            return _narrowed(integers.astype(np.int64, copy=False)), null | beyond
        values = as_numpy(chunks)
        values = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
        return values, null | ~np.isfinite(values)


_EXPECTED = {"integer": "an integer", "number": "a finite number"}


def _is_integer(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _narrowed(values: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return int32 where it suffices: half the memory, faster sorts."""
    limits = np.iinfo(np.int32)
    fits = not len(values) or (values.min() >= limits.min and values.max() <= limits.max)
    return values.astype(np.int32) if fits else values
