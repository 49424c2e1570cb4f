"""Parsing a block of good lines at full speed; anything doubtful is left to `lines`.

pyarrow's reader is stricter than others: it refuses rows that are too short or too long, empty
fields, 7.0 for an integer and blank lines. What it takes and our formats do not (hexadecimal
integers, old-Mac line ends, loose quotes, NaN and infinity) is looked for here.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from submissions.reading.header import Header
from submissions.reading.schema import Column

Columns = dict[str, NDArray[np.generic]]

_QUOTE, _LINE_FEED = ord('"'), ord("\n")


class FastParser:
    """Parse blocks of one table; may be shared between threads."""

    def __init__(self, header: Header) -> None:
        self._separator = header.separator
        self._all_numbers = None not in header.columns
        self._names = [f"field {i}" for i in range(len(header.columns))]
        named = zip(self._names, header.columns, strict=True)
        self._wanted = {name: column for name, column in named if column is not None}
        self._integers = pa.int32()  # until a block needs int64: half the memory and faster sorts

    def parse(self, data: bytes) -> Columns | None:
        """Return the wanted columns of whole lines by name, or None if any line needs a second look.

        Arrays are int32 or int64, or float64. The last line may lack its line feed.
        """
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        # One byte is found at memory speed, two are not, but texts may hold an x.
        hexadecimal = (b"x", b"X") if self._all_numbers else (b"0x", b"0X")
        if b"\r" in data or any(mark in data for mark in hexadecimal):
            return None
        quoted = b'"' in data
        if quoted and self._all_numbers and not _quotes_are_proper(data, self._separator):
            return None
        table = self._table(data, quoted=quoted)
        columns = None if table is None else self._columns_of(table)
        return columns if columns is not None and all(map(_is_finite, columns.values())) else None

    def _table(self, data: bytes, *, quoted: bool) -> pa.Table | None:
        reading = pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=self._names)
        parsing = pa_csv.ParseOptions(
            delimiter=self._separator, quote_char='"' if quoted else False, ignore_empty_lines=False
        )
        for integers in (self._integers, pa.int64()):
            converting = pa_csv.ConvertOptions(
                column_types={name: _type_of(column, integers) for name, column in self._wanted.items()},
                include_columns=list(self._wanted),
                null_values=[],
                check_utf8=False,
            )
            try:
                table = pa_csv.read_csv(pa.BufferReader(data), reading, parsing, converting)
            except pa.ArrowInvalid:
                continue
            self._integers = integers
            return table
        return None

    def _columns_of(self, table: pa.Table) -> Columns | None:
        return {column.name: as_numpy(table.column(name)) for name, column in self._wanted.items()}


def _is_finite(values: NDArray[np.generic]) -> bool:
    """Say whether all values are finite; should their sum overflow, the second look will tell."""
    if values.dtype.kind != "f":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def _type_of(column: Column, integers: pa.DataType) -> pa.DataType:
    if column.many:
        return pa.string()
    return integers if column.kind == "integer" else pa.float64()


def as_numpy(column: pa.ChunkedArray) -> NDArray[np.generic]:
    """Return a column without nulls as an array; `to_numpy` would import pandas, for 0.3 s."""
    chunk = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return np.from_dlpack(chunk)


def narrowed(values: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return int32 where it suffices: half the memory, faster sorts."""
    limits = np.iinfo(np.int32)
    fits = not len(values) or (values.min() >= limits.min and values.max() <= limits.max)
    return values.astype(np.int32) if fits else values


def _quotes_are_proper(data: bytes, separator: str) -> bool:
    """Say whether every quote opens or closes a whole field, in turns, each pair within a line."""
    text = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    if len(quotes) % 2:
        return False
    ends = np.array([ord(separator), _LINE_FEED], dtype=np.uint8)
    fenced = np.concatenate([[_LINE_FEED], text, [_LINE_FEED]])
    opening, closing = quotes[::2], quotes[1::2]
    return bool(np.isin(fenced[opening], ends).all() and np.isin(fenced[closing + 2], ends).all())
