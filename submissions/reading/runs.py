"""Reading a run, whatever its format: text, Parquet, or a matrix."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.faults import MAX_EXAMPLES, FaultLog
from submissions.memory import memory_errors_named
from submissions.metadata import metadata_of
from submissions.naming import STDIN
from submissions.progress import SILENT, Progress
from submissions.reading.dense import read_dense
from submissions.reading.editions import is_other_edition, read_other_edition
from submissions.reading.fast import Columns
from submissions.reading.header import read_header
from submissions.reading.mending import Mending
from submissions.reading.schema import RUN
from submissions.reading.sniff import NUMPY, PARQUET, why_not_a_table
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
) -> Run | DenseRun:
    """Read a run file of any format.

    That is text (plain, gzip, zstd, or a zip with one run in it), Parquet, or ``X.npy`` with its ids
    beside it; told apart by content. ``-`` is standard input. Reading stops after `max_bytes` decompressed
    bytes. The `faults` of the run say what could not be read; `validate` finds the rest, and `score` refuses
    a run with errors. `mending` is how `glckit convert` reads: what it mends is kept and counted.

    Raises
    ------
    CannotCheckError
        If the file is absent, may not be read, or does not fit into the memory.
    """
    log = FaultLog(run=os.fspath(path), max_examples=max_examples)
    wanted = Wanted(_looks_like_a_run, workbooks=mending is not None)
    with (
        memory_errors_named(os.fspath(path)),
        opened(path, log, max_bytes=max_bytes, progress=progress, wanted=wanted) as source,
    ):
        head = source.head()
        if head.startswith(NUMPY) and source.path is not None:
            dense = read_dense(source.path, log)
            if dense is not None:
                return replace(dense, metadata=metadata_of(path, progress=progress))
        table = _table(source, head, log, mending)
        if table.readable and not table.n_rows and not log.faults():
            log.add("no-rows", message="there is a header and nothing below it")
            table = TextTable(readable=False)
        run = _run(os.fspath(path), table, log)
    return run if run.path == STDIN else replace(run, metadata=metadata_of(path, progress=progress))


def _table(source: Source, head: bytes, log: FaultLog, mending: Mending | None) -> TextTable:
    if log.faults():
        return TextTable(readable=False)
    if head.startswith(PARQUET):
        from submissions.reading.parquet import read_parquet  # costs text runs nothing

        return read_parquet(source, log, mending)
    what = why_not_a_table(head)
    if what is not None:
        log.add("not-a-table", message=f"the file is {what}")
        return TextTable(readable=False)
    if mending is not None and is_other_edition(head):
        return read_other_edition(source, log, mending)
    return read_text(source, RUN, log, n_bytes=source.n_bytes, mending=mending)


def _looks_like_a_run(head: bytes) -> bool:
    first_line = head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    # What else would be compressed within a zip?
    if is_compressed(head) or head.startswith(PARQUET) or is_other_edition(head):
        return True
    return read_header(first_line, RUN, FaultLog(), mending=Mending()) is not None


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
        n_unread=table.n_unread,
        readable=table.readable,
        faults=log.faults(),
    )
