"""Reading runs with a line per occurrence: its species in one field, and perhaps their scores in another.

Where there are no scores, species stand from best to worst, and scores become 1 / rank.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.ordering import repeats
from submissions.reading.blocks import Block, Readable, blocks_of
from submissions.reading.fast import Columns, FastParser, as_numpy
from submissions.reading.growing import GrowingColumns
from submissions.reading.header import Header
from submissions.reading.linenumbers import LinesOfLists
from submissions.reading.lines import LineReader, array_of
from submissions.reading.mending import MADE_UP, Mending
from submissions.reading.schema import OCCURRENCE_ID, PROBABILITY, SPECIES_ID, Column, Schema
from submissions.reading.text import Collector, TextTable, opened_table

# Of each line: its occurrence, and under this name its number of species.
_LENGTHS = "n_species"
_OF_LINES = (OCCURRENCE_ID.name, _LENGTHS)
# The columns that nearly all runs of lists have: name, and whether there are many values.
_USUAL = [(OCCURRENCE_ID.name, False), (SPECIES_ID.name, True)]


def read_lists(
    stream: Readable,
    schema: Schema,
    log: FaultLog,
    *,
    n_bytes: int | None = None,
    mending: Mending | None = None,
    once: bool = True,
) -> TextTable:
    """Read the good lines of a run of lists; see `submissions.reading.text.read_text`.

    Unless `once`, an occurrence may have several.
    """
    header, behind = opened_table(stream, schema, log, mending)
    if header is None:
        return TextTable(readable=False)
    collector = _ListCollector(log, _ListReader(header, log, mending), n_bytes, once=once)
    collector.take_all(blocks_of(stream, behind), _ListParser(header))
    if mending is not None and not any(column.name == PROBABILITY.name for column in header.wanted):
        mending.counts[MADE_UP] += collector.columns.n_rows
    return collector.table()


class _ListParser(FastParser):
    """Parse blocks of good lines, at full speed."""

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        is_usual = [column and (column.name, column.many) for column in header.columns] == _USUAL
        self._plain = _PlainLists(header.separator) if is_usual else None

    def parse(self, data: bytes) -> Columns | None:
        columns = None if self._plain is None else self._plain.parse(data)
        return super().parse(data) if columns is None else columns

    def _columns_of(self, table: pa.Table) -> Columns | None:
        columns: Columns = {}
        lengths: list[NDArray[np.int64]] = []
        for name, column in self._wanted.items():
            if not column.many:
                columns[column.name] = as_numpy(table.column(name))
                continue
            words, n_words = _words(table.column(name))
            values = _cast(words, column)
            if values is None or (lengths and not np.array_equal(lengths[0], n_words)):
                return None
            columns[column.name] = values
            lengths.append(n_words)
        return _lines_first(columns, lengths[0])


class _PlainLists:
    """Parse lists without scores, quotes and needless blanks as one column of numbers: half as long."""

    def __init__(self, separator: str) -> None:
        self._separator = ord(separator)
        self._one_column = bytes.maketrans(f" {separator}".encode(), b"\n\n")
        self._numbers = FastParser(Header(separator, (OCCURRENCE_ID,)))

    def parse(self, data: bytes) -> Columns | None:
        lengths = self._lengths(np.frombuffer(data, np.uint8)) if data.endswith(b"\n") else None
        if lengths is None:
            return None
        # The second of two line feeds is all that an empty list leaves.
        columns = self._numbers.parse(data.translate(self._one_column).replace(b"\n\n", b"\n"))
        if columns is None or len(columns[OCCURRENCE_ID.name]) != len(lengths) + lengths.sum():
            return None
        numbers, is_species = columns[OCCURRENCE_ID.name], np.ones(len(lengths) + lengths.sum(), dtype=bool)
        firsts = np.cumsum(lengths + 1) - lengths - 1
        is_species[firsts] = False
        return _lines_first(
            {OCCURRENCE_ID.name: numbers[firsts], SPECIES_ID.name: numbers[is_species]}, lengths
        )

    def _lengths(self, text: NDArray[np.uint8]) -> NDArray[np.int64] | None:
        """Return how many species each line has if all blanks are single and stand between species."""
        ends, middles = np.flatnonzero(text == ord("\n")), np.flatnonzero(text == self._separator)
        starts = np.concatenate([[0], ends[:-1] + 1])
        if len(middles) != len(ends) or (middles < starts).any() or (middles > ends).any():
            return None
        halves = np.stack([starts, middles], axis=1).ravel()
        blanks = np.add.reduceat((text == ord(" ")).view(np.uint8), halves, dtype=np.int64).reshape(-1, 2)
        return None if blanks[:, 0].any() else np.where(ends == middles + 1, 0, blanks[:, 1] + 1)


class _ListReader(LineReader):
    """Read lines one by one, each value of a list by itself."""

    def _value(self, column: Column, text: str) -> Any:
        if not column.many:
            return super()._value(column, text)
        values = [super(_ListReader, self)._value(column, word) for word in text.split()]
        return None if None in values else values

    def _note_bad(self, column: Column, text: str, where: Example) -> None:
        for word in text.split() if column.many else [text]:
            if super()._value(column, word) is None:
                super()._note_bad(column, word, replace(where, species_id=None))

    def _row(self, raw: bytes) -> list[Any] | None:
        row = super()._row(raw)
        if row is None or len({len(value) for value in row if isinstance(value, list)}) == 1:
            return row
        self._note("ragged", raw.decode(errors="replace"), "lines with more or fewer scores than species")
        self.mentioned |= {value for value in row if isinstance(value, int)}
        return None

    def _columns_of(self, rows: list[list[Any]]) -> Columns:
        columns: Columns = {}
        lengths = np.empty(0, np.int64)
        for i, (_, column) in enumerate(self._wanted):
            values = [row[i] for row in rows]
            if column.many:
                lengths = np.array([len(value) for value in values], np.int64)
                values = [each for value in values for each in value]
            columns[column.name] = array_of(column, values)
        return _lines_first(columns, lengths)


class _ListCollector(Collector):
    """Put lists together, and number their pairs."""

    def __init__(self, log: FaultLog, reader: LineReader, n_bytes: int | None, *, once: bool) -> None:
        super().__init__(log, reader, n_bytes)
        self._once = once
        self._of_lines = GrowingColumns(log)

    def table(self) -> TextTable:
        """Return everything that was added, but for lists of occurrences that stood before."""
        table, of_lines = super().table(), self._of_lines.arrays()
        if not of_lines:
            return table
        ids, lengths = _ids_and_lengths(of_lines)
        lines = self._lines.of(np.arange(len(ids)))
        is_new = self._told_apart(ids, lines)
        columns = table.columns
        if not is_new.all():
            columns = {name: values[np.repeat(is_new, lengths)] for name, values in columns.items()}
        is_list, is_empty = is_new & (lengths > 0), is_new & (lengths == 0)
        places = LinesOfLists(lines[is_list], np.cumsum(lengths[is_list]))
        empty = {"empty": ids[is_empty], "empty_lines": lines[is_empty]}
        return replace(table, columns=columns, lines=places, **empty)

    def _append(self, columns: Columns, block: Block) -> None:
        self._of_lines.append({name: columns[name] for name in _OF_LINES})
        ids, lengths = _ids_and_lengths(columns)
        pairs: Columns = {
            OCCURRENCE_ID.name: np.repeat(ids, lengths),
            SPECIES_ID.name: columns[SPECIES_ID.name],
        }
        scores = columns.get(PROBABILITY.name)
        pairs[PROBABILITY.name] = 1 / _places(lengths) if scores is None else scores
        super()._append(pairs, block)

    def _told_apart(self, ids: NDArray[Any], lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which lists are the first of their occurrence, and note the others."""
        later = repeats(ids) if self._once else np.empty(0, np.intp)
        is_first = np.ones(len(ids), dtype=bool)
        is_first[later] = False
        if len(later):
            examples = [Example(int(lines[i]), int(ids[i])) for i in later[: self._log.max_examples]]
            message = "occurrences that stood before"
            self._log.add("duplicate", *examples, message=message, count=len(later))
        return is_first


def _words(texts: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the words of all texts, and how many each text has."""
    import pyarrow.compute as pa_compute  # costs other runs nothing

    lists = pa_compute.ascii_split_whitespace(texts.combine_chunks())
    words, lengths = pa_compute.list_flatten(lists), np.diff(np.from_dlpack(lists.offsets))
    is_word = np.from_dlpack(pa_compute.binary_length(words)) > 0
    if not is_word.all():  # blanks at the ends of a text, or nothing else in it
        lengths = np.bincount(np.repeat(np.arange(len(lengths)), lengths)[is_word], minlength=len(lengths))
        # pa.array would import pandas, for 0.3 s.
        bits = pa.py_buffer(np.packbits(is_word, bitorder="little"))
        words = words.filter(pa.BooleanArray.from_buffers(pa.bool_(), len(is_word), [None, bits]))
    return words, lengths.astype(np.int64)


def _cast(words: pa.Array, column: Column) -> NDArray[np.generic] | None:
    """Return the numbers that words are, None if one is not."""
    for kind in (pa.int32(), pa.int64()) if column.kind == "integer" else (pa.float64(),):
        try:
            return np.from_dlpack(words.cast(kind))
        except pa.ArrowInvalid:
            continue
    return None


def _ids_and_lengths(columns: Columns) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    ids, lengths = (cast("NDArray[np.int64]", columns[name]) for name in _OF_LINES)
    return ids, lengths


def _lines_first(columns: Columns, lengths: NDArray[np.int64]) -> Columns:
    """Return columns in an order such that the first has a value for each line."""
    return {OCCURRENCE_ID.name: columns[OCCURRENCE_ID.name], _LENGTHS: lengths, **columns}


def _places(lengths: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return 1, 2, 3, ... for each list of a block."""
    lengths = lengths.astype(np.int32)
    ends = np.cumsum(lengths, dtype=np.int32)
    return np.arange(1, len(lengths) and ends[-1] + 1, dtype=np.int32) - np.repeat(ends - lengths, lengths)
