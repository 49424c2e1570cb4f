"""Reading a run, whatever its format: text, Parquet, or a matrix."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.editions import RunForm
from submissions.faults import MAX_EXAMPLES, FaultLog
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
from submissions.reading.lists import read_lists
from submissions.reading.mending import Mending
from submissions.reading.schema import RUN
from submissions.reading.sniff import NUMPY, PARQUET, how_to_make_a_table, why_not_a_table
from submissions.reading.sources import MAX_BYTES, Source, Wanted, is_compressed, opened
from submissions.reading.text import TextTable, read_text
from submissions.run import DenseRun, Run, group_by_occurrence

_NO_ROWS: Columns = {
    "occurrence_id": np.empty(0, np.int32),
    "species_id": np.empty(0, np.int32),
    "probability": np.empty(0, np.float64),
}


def read_run(
    path: str | os.PathLike[str],
    *,
    max_bytes: int = MAX_BYTES,
    progress: Progress = SILENT,
    max_examples: int = MAX_EXAMPLES,
    mending: Mending | None = None,
    form: RunForm | None = None,
    columns: tuple[str, ...] | None = None,
) -> Run | DenseRun:
    """Read a run file of any format.

    That is text (plain, gzip, zstd, or a zip with one run in it) of any edition, Parquet, or ``X.npy`` with
    its ids beside it; told apart by content. Of text without a header, `columns` names the columns, and
    without them `form` says which edition's they are. ``-`` is standard input. Reading stops after
    `max_bytes` decompressed bytes. The `faults` of the run say what could not be read; `validate` finds the
    rest, and `score` refuses a run with errors. `mending` is how `glckit convert` reads: what it mends is
    kept and counted.

    Raises
    ------
    CannotCheckError
        If the file is absent, may not be read, or does not fit into the memory.
    UsageError
        If `columns` are not the columns of a run.
    """
    said = Headerless(form, columns)
    said.schema()  # before any reading
    log = FaultLog(run=os.fspath(path), max_examples=max_examples)
    wanted = Wanted(partial(_looks_like_a_run, said=said), workbooks=mending is not None)
    with (
        memory_errors_named(os.fspath(path)),
        opened(path, log, max_bytes=max_bytes, progress=progress, wanted=wanted) as source,
    ):
        head = source.head()
        if head.startswith(NUMPY) and source.path is not None:
            dense = read_dense(source.path, log)
            if dense is not None:
                return replace(dense, metadata=metadata_of(path, progress=progress))
        table = _table(source, said, log, mending)
        if table.readable and not table.n_rows and not log.faults():
            log.add("no-rows", message="there is a header and nothing below it")
            table = TextTable(readable=False)
        run = _run(os.fspath(path), table, log)
    return run if run.path == STDIN else replace(run, metadata=metadata_of(path, progress=progress))


def _table(source: Source, said: Headerless, log: FaultLog, mending: Mending | None) -> TextTable:
    head = source.head()
    if log.faults():
        return TextTable(readable=False)
    if head.startswith(PARQUET):
        from submissions.reading.parquet import read_parquet  # costs text runs nothing

        return read_parquet(source, log, mending)
    what = why_not_a_table(head)
    if what is not None:
        log.add("not-a-table", message=f"the file is {what}", fix=how_to_make_a_table(head))
        return TextTable(readable=False)
    return _text(source, said, log, mending)


def _text(source: Source, said: Headerless, log: FaultLog, mending: Mending | None) -> TextTable:
    head = source.head()
    schema = schema_of(_first_line(head), said)
    read = read_lists if schema.of_lists else read_text
    in_doubt = said.in_doubt and schema is RUN and lacks_header(_first_line(head))
    if in_doubt and begins_in_doubt(head):
        note_doubt(log)
        return TextTable(readable=False)
    table = read(source, schema, log, n_bytes=source.n_bytes, mending=mending)
    if in_doubt and is_in_doubt(table.columns):
        note_doubt(log)
        return TextTable(readable=False)
    return replace(table, rank_decides=schema.rank_decides)


def _first_line(head: bytes) -> str:
    return head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").decode(errors="replace")


def _looks_like_a_run(head: bytes, said: Headerless) -> bool:
    # What else would be compressed within a zip?
    if is_compressed(head) or head.startswith(PARQUET):
        return True
    line = _first_line(head)
    return read_header(line, schema_of(line, said), FaultLog(), mending=Mending()) is not None


def _run(path: str, table: TextTable, log: FaultLog) -> Run:
    columns: dict[str, NDArray[Any]] = table.columns or _NO_ROWS
    grouping = group_by_occurrence(columns["occurrence_id"])
    pairs = Pairs(grouping.offsets, columns["species_id"], columns["probability"], columns.get("rank"))
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
        n_unread=table.n_unread,
        readable=table.readable,
        faults=log.faults(),
    )
