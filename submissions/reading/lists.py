"""Reading runs with a line per occurrence: its species in one field, and perhaps their scores in another.

Where there are no scores, species stand from best to worst, and scores become 1 / rank.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.faults import Example, FaultLog
from submissions.memory import require_memory
from submissions.ordering import repeats
from submissions.reading.blocks import Readable, blocks_of
from submissions.reading.digits import plain_lists
from submissions.reading.fast import Columns, FastParser, as_numpy
from submissions.reading.growing import LENGTHS
from submissions.reading.header import Header
from submissions.reading.linenumbers import LinesOfLists
from submissions.reading.lines import LineReader, array_of
from submissions.reading.mending import MADE_UP, Mending
from submissions.reading.schema import OCCURRENCE_ID, PROBABILITY, SPECIES_ID, Column, Schema
from submissions.reading.text import Collector, TextTable, opened_table
from submissions.run import Grouping

# The columns that nearly all runs of lists have: name, and whether there are many values.
_USUAL = [(OCCURRENCE_ID.name, False), (SPECIES_ID.name, True)]

_SPACED = "Write species as plain integers with blanks between them: 123,4 5 6."


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
        mending.counts[MADE_UP] += collector.n_pairs
    return collector.table()


class _ListParser(FastParser):
    """Parse blocks of good lines, at full speed."""

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        self._is_usual = [column and (column.name, column.many) for column in header.columns] == _USUAL
        single = tuple(column and replace(column, many=False) for column in header.columns)
        self._of_one = FastParser(replace(header, columns=single))
        self._may_be_of_one = not self._is_usual

    def parse(self, data: bytes) -> Columns | None:
        columns = self._plain(data) if self._is_usual else self._single(data)
        return super().parse(data) if columns is None else columns

    def _plain(self, data: bytes) -> Columns | None:
        data = data.replace(b"\r\n", b"\n") if b"\r" in data else data  # found at memory speed
        lists = plain_lists(data, self._separator)
        if lists is None:
            return None
        return _lines_first({OCCURRENCE_ID.name: lists.ids, SPECIES_ID.name: lists.species}, lists.lengths)

    def _single(self, data: bytes) -> Columns | None:
        """Parse lines as if each list had one species, as those of most truths do, until one has not."""
        columns = self._of_one.parse(data) if self._may_be_of_one else None
        self._may_be_of_one = columns is not None
        return columns and _lines_first(columns, np.ones(len(columns[OCCURRENCE_ID.name]), np.int64))

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

    def _fix(self, column: Column) -> str | None:
        return _SPACED if column.many and column.kind == "integer" else super()._fix(column)

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
    """Put lists together."""

    def __init__(self, log: FaultLog, reader: LineReader, n_bytes: int | None, *, once: bool) -> None:
        super().__init__(log, reader, n_bytes)
        self._once = once

    @property
    def n_pairs(self) -> int:
        """Pairs so far."""
        return len(self.columns.arrays().get(SPECIES_ID.name, ()))

    def table(self) -> TextTable:
        """Return everything that was added, but for lists of occurrences that stood before."""
        table = super().table()
        if not table.columns:
            return table
        ids, lengths, columns = _divided(table.columns)
        lines = self._lines.of(np.arange(len(ids)))
        is_new = self._told_apart(ids, lines)
        if not is_new.all():
            columns = {name: values[np.repeat(is_new, lengths)] for name, values in columns.items()}
        is_list, is_empty = is_new & (lengths > 0), is_new & (lengths == 0)
        offsets = np.concatenate([[0], np.cumsum(lengths[is_list])])
        return replace(
            table,
            columns=columns,
            lists=Grouping(ids[is_list], offsets),
            lines=LinesOfLists(lines[is_list], offsets[1:]),
            empty=ids[is_empty],
            empty_lines=lines[is_empty],
        )

    def _told_apart(self, ids: NDArray[Any], lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which lists are the first of their occurrence, and note the others."""
        later = repeats(ids) if self._once else np.empty(0, np.intp)
        is_first = np.ones(len(ids), dtype=bool)
        is_first[later] = False
        if len(later):
            examples = [Example(int(lines[i]), int(ids[i])) for i in later[: self._log.max_examples]]
            message = "occurrences that stood before"
            fix = "Keep one line for each occurrence."
            self._log.add("duplicate", *examples, message=message, count=len(later), fix=fix)
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


def _divided(columns: Columns) -> tuple[NDArray[np.integer], NDArray[np.int64], Columns]:
    """Return the occurrence and the length of each list, and the columns of their pairs."""
    ids, lengths = (cast("NDArray[np.int64]", columns[name]) for name in (OCCURRENCE_ID.name, LENGTHS))
    of_pairs = {name: columns[name] for name in (SPECIES_ID.name, PROBABILITY.name) if name in columns}
    return ids, lengths, of_pairs


def _lines_first(columns: Columns, lengths: NDArray[np.int64]) -> Columns:
    """Return columns in an order such that the first has a value for each line."""
    return {OCCURRENCE_ID.name: columns[OCCURRENCE_ID.name], LENGTHS: lengths, **columns}


def reciprocal_places(offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 1, 1/2, 1/3, ... for each list: the scores of species that stand from best to worst.

    Examples
    --------
    >>> reciprocal_places(np.array([0, 2, 3])).tolist()
    [1.0, 0.5, 1.0]
    """
    scores = np.empty(offsets[-1])
    require_memory(scores.nbytes, f"Making up scores for {len(scores):,} pairs")
    by_place = 1 / np.arange(1, np.diff(offsets).max(initial=0) + 1)
    pairs = Pairs(offsets, np.empty(0, np.int32), scores)
    for lists in pairs.chunks():
        chunk = pairs.within(lists)
        by_place.take(chunk.places - 1, out=chunk.scores, mode="clip")  # straight there, unlike "raise"
    return scores
