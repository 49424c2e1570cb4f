"""Reading a run, whatever its format: text, Parquet, or a matrix."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.faults import FaultLog
from submissions.memory import memory_errors_named
from submissions.metadata import metadata_of
from submissions.naming import STDIN
from submissions.progress import SILENT, Progress
from submissions.reading.dense import read_dense
from submissions.reading.fast import Columns
from submissions.reading.forms import (
    Headerless,
    begins_in_doubt,
    is_in_doubt,
    lacks_header,
    note_doubt,
    schema_of,
)
from submissions.reading.header import read_header
from submissions.reading.lists import read_lists, reciprocal_places
from submissions.reading.mending import Mending
from submissions.reading.options import ReadingOptions
from submissions.reading.schema import RUN
from submissions.reading.sniff import NUMPY, PARQUET, how_to_make_a_table, why_not_a_table
from submissions.reading.sources import Source, Wanted, is_compressed, opened
from submissions.reading.text import TextTable, read_text
from submissions.run import DenseRun, Run, group_by_occurrence

_USUAL = ReadingOptions()

_NO_ROWS: Columns = {
    "occurrence_id": np.empty(0, np.int32),
    "species_id": np.empty(0, np.int32),
    "probability": np.empty(0, np.float64),
}


def read_run(
    path: str | os.PathLike[str],
    options: ReadingOptions = _USUAL,
    *,
    mending: Mending | None = None,
    progress: Progress = SILENT,
) -> Run | DenseRun:
    """Read a run file of any format.

    That is text (plain, gzip, zstd, or a zip with one run in it) of any edition, Parquet, or ``X.npy`` with
    its ids beside it; told apart by content. ``-`` is standard input. The `faults` of the run say what could
    not be read; `validate` finds the rest, and `score` refuses a run with errors. `mending` is how
    `glckit convert` reads: what it mends is kept and counted.

    Raises
    ------
    CannotCheckError
        If the file is absent, may not be read, or does not fit into the memory.
    UsageError
        If the columns of a run without a header are said to be what no run has.
    """
    said = options.headerless
    said.schema()  # before any reading
    log = FaultLog(run=os.fspath(path), max_examples=options.max_examples)
    wanted = Wanted(partial(looks_like_a_run, said=said), workbooks=mending is not None)
    with (
        memory_errors_named(os.fspath(path)),
        opened(path, log, max_bytes=options.max_bytes, progress=progress, wanted=wanted) as source,
    ):
        head = source.head()
        if head.startswith(NUMPY) and source.path is not None:
            dense = read_dense(source.path, log)
            if dense is not None:
                return replace(dense, metadata=metadata_of(path, progress=progress))
        table = _table(source, said, log, mending)
        run = run_of_table(os.fspath(path), table, log)
    return run if run.path == STDIN else replace(run, metadata=metadata_of(path, progress=progress))


def _table(source: Source, said: Headerless, log: FaultLog, mending: Mending | None) -> TextTable:
    head = source.head()
    if log.faults():
        return TextTable(readable=False)
    if head.startswith(PARQUET):
        from submissions.reading.parquet import read_parquet  # costs text runs nothing

        return read_parquet(source, log, mending)
    return read_any_text(source, said, log, mending)


def read_any_text(source: Source, said: Headerless, log: FaultLog, mending: Mending | None) -> TextTable:
    """Read the rows of a run in text of any edition."""
    head = source.head()
    what = why_not_a_table(head)
    if what is not None:
        log.add("not-a-table", message=f"the file is {what}", fix=how_to_make_a_table(head))
        return TextTable(readable=False)
    schema = schema_of(_first_line(head), said)
    log.year = schema.year
    read = read_lists if schema.of_lists else read_text
    in_doubt = said.in_doubt and schema is RUN and lacks_header(_first_line(head))
    if in_doubt and begins_in_doubt(head):
        note_doubt(log)
        return TextTable(readable=False)
    table = read(source, schema, log, n_bytes=source.n_bytes, mending=mending)
    if in_doubt and is_in_doubt(table.columns):
        note_doubt(log)
        return TextTable(readable=False)
    return replace(table, rank_decides=schema.rank_decides, year=schema.year)


def _first_line(head: bytes) -> str:
    return head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").decode(errors="replace")


def looks_like_a_run(head: bytes, said: Headerless) -> bool:
    """Say whether a file begins as a run does, or as one that is compressed."""
    # What else would be compressed within a zip?
    if is_compressed(head) or head.startswith(PARQUET):
        return True
    line = _first_line(head)
    return read_header(line, schema_of(line, said), FaultLog(), mending=Mending()) is not None


def run_of_table(path: str, table: TextTable, log: FaultLog) -> Run:
    """Return the run that a table holds, its pairs put together by occurrence."""
    if table.readable and not table.n_rows and not log.faults():
        log.add("no-rows", message="there is a header and nothing below it")
        table = TextTable(readable=False)
    columns: dict[str, NDArray[Any]] = table.columns or _NO_ROWS
    grouping = table.lists or group_by_occurrence(columns["occurrence_id"])
    scores = columns["probability"] if "probability" in columns else reciprocal_places(grouping.offsets)
    pairs = Pairs(grouping.offsets, columns["species_id"], scores, columns.get("rank"))
    if grouping.order is not None:
        pairs = pairs.taken(grouping.order, grouping.offsets)
    return Run(
        path=path,
        occurrence_ids=grouping.ids,
        pairs=pairs,
        rows=grouping.order,
        lines=table.lines,
        mentioned=np.array(sorted(table.mentioned), np.int64),
        n_unplaced=table.n_unplaced,
        empty=table.empty,
        empty_lines=table.empty_lines,
        rank_decides=table.rank_decides,
        year=table.year,
        n_unread=table.n_unread,
        readable=table.readable,
        faults=log.faults(),
    )
