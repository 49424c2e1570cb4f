"""Reading a text table: blocks in parallel, faults with their lines."""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from submissions.faults import Example, FaultLog
from submissions.reading.blocks import Block, Readable, blocks_of, first_line_of
from submissions.reading.fast import Columns, FastParser
from submissions.reading.growing import GrowingColumns
from submissions.reading.header import Header, read_header
from submissions.reading.lines import LineReader, shown
from submissions.reading.mending import Mending
from submissions.reading.schema import Schema
from submissions.reading.sniff import is_blank

# Two or three threads parse as fast as the main thread can cut blocks and collect results.
_THREADS = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class LineNumbers:
    """Where each row stood in its file, kept as runs of consecutive lines.

    Examples
    --------
    >>> numbers = LineNumbers()
    >>> numbers.append(2, 3)
    >>> numbers.append(7, 2)
    >>> numbers.of([0, 2, 3, 4]).tolist()
    [2, 4, 7, 8]
    """

    def __init__(self) -> None:
        # Where good and bad lines take turns, there are as many as rows: lists took 72 bytes for each.
        self._first_rows, self._first_lines = array("q"), array("q")
        self._n_rows = self._next_line = 0

    def append(self, first_line: int, n_rows: int) -> None:
        """Note that the next `n_rows` rows stand in consecutive lines."""
        if not n_rows:
            return
        if first_line != self._next_line:
            self._first_rows.append(self._n_rows)
            self._first_lines.append(first_line)
        self._n_rows += n_rows
        self._next_line = first_line + n_rows

    def of(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return the lines of rows, which are counted from 0."""
        rows = np.asarray(rows, dtype=np.int64)
        first_rows = np.asarray(self._first_rows, dtype=np.int64)
        first_lines = np.asarray(self._first_lines, dtype=np.int64)
        runs = np.searchsorted(first_rows, rows, side="right") - 1
        return np.asarray(first_lines[runs] + rows - first_rows[runs])


@dataclass(frozen=True)
class TextTable:
    """The good rows of a text table.

    Parameters
    ----------
    columns : dict of ndarray of shape (n_rows,)
        By name; an optional column that the file lacks is absent.
    lines : LineNumbers, optional
        The line of each row; None for formats without lines.
    mentioned : set of int
        Occurrences named by bad lines.
    n_unread : int
        Rows that are left out because something in them is bad.
    readable : bool
        Whether the header could be used at all.
    """

    columns: Columns = field(default_factory=dict)
    lines: LineNumbers | None = None
    mentioned: set[int] = field(default_factory=set)
    n_unread: int = 0
    readable: bool = True

    @property
    def n_rows(self) -> int:
        """Number of good rows."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


def read_text(
    stream: Readable,
    schema: Schema,
    log: FaultLog,
    *,
    n_bytes: int | None = None,
    mending: Mending | None = None,
) -> TextTable:
    """Read the good lines of a stream of decompressed bytes, in order, and those that can be mended.

    `n_bytes`, the size of the stream where it is known, saves copies.
    """
    line, behind = first_line_of(stream)
    if is_blank(line) and is_blank(behind) and all(is_blank(block.data) for block in blocks_of(stream, b"")):
        if not stream.cut:
            log.add("empty", message="the file is empty")
        return TextTable(readable=False)
    text = line.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").removesuffix("\r")
    if "\r" in text:
        log.add("ragged", Example(1, found=shown(text)), message="line ends of old Macs (CR alone)")
        return TextTable(readable=False)
    header = read_header(text, schema, log, mending=mending)
    if header is None:
        return TextTable(readable=False)
    behind = line.removeprefix(b"\xef\xbb\xbf") + b"\n" + behind if header.is_data else behind
    reader = LineReader(header, log, mending)
    collector = _Collector(log, reader, n_bytes, next_line=1 if header.is_data else 2)
    for block, parsed in _parsed(blocks_of(stream, behind), header):
        collector.take(block, parsed)
        if collector.columns.full:
            break
    return collector.table()


def _parsed(blocks: Iterator[Block], header: Header) -> Iterator[tuple[Block, Columns | None]]:
    """Parse blocks in threads and yield them in order; None where a block needs a second look."""
    parser = FastParser(header)
    waiting: deque[tuple[Block, Future[Columns | None]]] = deque()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="glckit-parse") as pool:
        for block in blocks:
            waiting.append((block, pool.submit(parser.parse, block.data)))
            if len(waiting) > _THREADS:
                first, parsed = waiting.popleft()
                yield first, parsed.result()
        yield from ((block, parsed.result()) for block, parsed in waiting)


class _Collector:
    """Put the columns of blocks together and number their lines."""

    def __init__(self, log: FaultLog, reader: LineReader, n_bytes: int | None, *, next_line: int) -> None:
        self._log = log
        self._reader = reader
        self._n_bytes = n_bytes
        self._next_line = next_line
        self._n_unread = 0
        self.columns = GrowingColumns(log)
        self._lines = LineNumbers()

    def take(self, block: Block, parsed: Columns | None) -> None:
        """Add one block."""
        if block.blank_before:
            self._reader.skip_blank(self._next_line, block.blank_before)
            self._next_line = self._reader.line
        if block.overlong:
            self._refuse_overlong(block)
        elif parsed is None:
            self._read_lines(block)
        else:
            n_rows = len(next(iter(parsed.values())))
            self._append(parsed, block)
            self._lines.append(self._next_line, n_rows)
            self._next_line += n_rows

    def table(self) -> TextTable:
        """Return everything that was added."""
        return TextTable(self.columns.arrays(), self._lines, self._reader.mentioned, self._n_unread)

    def _read_lines(self, block: Block) -> None:
        columns, lines = self._reader.read(block.data, self._next_line)
        self._append(columns, block)
        for line in lines:
            self._lines.append(line, 1)
        self._n_unread += self._reader.line - self._next_line - len(lines)
        self._next_line = self._reader.line

    def _refuse_overlong(self, block: Block) -> None:
        code = "not-a-table" if b"\0" in block.data else "ragged"
        found = shown(block.data[:200].decode(errors="replace"))
        self._log.add(code, Example(self._next_line, found=found), message="a line of more than 1 MiB")
        self._n_unread += 1
        self._next_line += 1

    def _append(self, columns: Columns, block: Block) -> None:
        # A few percent too many are only addresses: untouched pages cost no memory.
        share = 1.05 * (self._n_bytes or 0) / len(block.data)
        n_rows = len(next(iter(columns.values())))
        self.columns.append(columns, expected=int(share * n_rows))
