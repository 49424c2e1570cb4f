"""Reading a text table: blocks in parallel, faults with their lines."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.reading.blocks import Block, Readable, blocks_of, first_line_of
from submissions.reading.fast import Columns, FastParser
from submissions.reading.growing import GrowingColumns
from submissions.reading.header import Header, read_header
from submissions.reading.linenumbers import LineNumbers, LinesOfLists
from submissions.reading.lines import LineReader, shown
from submissions.reading.mending import Mending
from submissions.reading.schema import Schema
from submissions.reading.sniff import is_blank

# Two or three threads parse as fast as the main thread can cut blocks and collect results.
_THREADS = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@dataclass(frozen=True)
class TextTable:
    """The good rows of a text table.

    Parameters
    ----------
    columns : dict of ndarray of shape (n_rows,)
        By name; an optional column that the file lacks is absent.
    lines : LineNumbers or LinesOfLists, optional
        The line of each row; None for formats without lines.
    mentioned : set of int
        Occurrences named by bad lines.
    n_unplaced : int
        Bad lines that name no occurrence.
    empty, empty_lines : ndarray of int of shape (n,)
        Occurrences with an empty list, and where they stand.
    rank_decides : bool
        Whether ranks alone order a list.
    n_unread : int
        Rows that are left out because something in them is bad.
    readable : bool
        Whether the header could be used at all.
    """

    columns: Columns = field(default_factory=dict)
    lines: LineNumbers | LinesOfLists | None = None
    mentioned: set[int] = field(default_factory=set)
    n_unplaced: int = 0
    empty: NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    empty_lines: NDArray[np.integer] = field(default_factory=lambda: np.empty(0, np.int64))
    rank_decides: bool = False
    n_unread: int = 0
    readable: bool = True

    @property
    def n_rows(self) -> int:
        """Number of good rows, empty lists included."""
        return len(self.empty) + (len(next(iter(self.columns.values()))) if self.columns else 0)


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
    header, behind = opened_table(stream, schema, log, mending)
    if header is None:
        return TextTable(readable=False)
    reader = LineReader(header, log, mending)
    collector = Collector(log, reader, n_bytes)
    collector.take_all(blocks_of(stream, behind), FastParser(header))
    return collector.table()


def opened_table(
    stream: Readable, schema: Schema, log: FaultLog, mending: Mending | None
) -> tuple[Header | None, bytes]:
    """Return the header of a table, None if it cannot be used, and what was read of the lines below."""
    line, behind = first_line_of(stream)
    if is_blank(line) and is_blank(behind) and all(is_blank(block.data) for block in blocks_of(stream, b"")):
        if not stream.cut:
            log.add("empty", message="the file is empty")
        return None, b""
    text = line.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").removesuffix("\r")
    if "\r" in text:
        log.add("ragged", Example(1, found=shown(text)), message="line ends of old Macs (CR alone)")
        return None, b""
    header = read_header(text, schema, log, mending=mending)
    is_data = header is not None and header.is_data
    return header, line.removeprefix(b"\xef\xbb\xbf") + b"\n" + behind if is_data else behind


def _parsed(blocks: Iterator[Block], parser: FastParser) -> Iterator[tuple[Block, Columns | None]]:
    """Parse blocks in threads and yield them in order; None where a block needs a second look."""
    waiting: deque[tuple[Block, Future[Columns | None]]] = deque()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="glckit-parse") as pool:
        for block in blocks:
            waiting.append((block, pool.submit(parser.parse, block.data)))
            if len(waiting) > _THREADS:
                first, parsed = waiting.popleft()
                yield first, parsed.result()
        yield from ((block, parsed.result()) for block, parsed in waiting)


class Collector:
    """Put the columns of blocks together and number their lines."""

    def __init__(self, log: FaultLog, reader: LineReader, n_bytes: int | None) -> None:
        self._log = log
        self._reader = reader
        self._n_bytes = n_bytes
        self._next_line = 1 if reader.header.is_data else 2
        self._n_unread = self._n_overlong = 0
        self.columns = GrowingColumns(log)
        self._lines = LineNumbers()

    def take_all(self, blocks: Iterator[Block], parser: FastParser) -> None:
        """Parse blocks and add them until one says that the rest need not be read."""
        for block, parsed in _parsed(blocks, parser):
            self._take(block, parsed)
            if self.columns.full:
                return

    def _take(self, block: Block, parsed: Columns | None) -> None:
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
        return TextTable(
            self.columns.arrays(),
            self._lines,
            self._reader.mentioned,
            self._reader.n_unplaced + self._n_overlong,
            n_unread=self._n_unread,
        )

    def _read_lines(self, block: Block) -> None:
        columns, lines = self._reader.read(block.data, self._next_line)
        self._append(columns, block)
        for line in lines:
            self._lines.append(line, 1)
        n_idle = self._reader.line - self._next_line - len(lines)
        self._n_unread += n_idle
        self.columns.pass_over(n_idle)
        self._next_line = self._reader.line

    def _refuse_overlong(self, block: Block) -> None:
        code = "not-a-table" if b"\0" in block.data else "ragged"
        found = shown(block.data[:200].decode(errors="replace"))
        self._log.add(code, Example(self._next_line, found=found), message="a line of more than 1 MiB")
        self._n_unread += 1
        self._n_overlong += 1
        self._next_line += 1

    def _append(self, columns: Columns, block: Block) -> None:
        # A few percent too many are only addresses: untouched pages cost no memory.
        share = 1.05 * (self._n_bytes or 0) / len(block.data)
        n_rows = len(next(iter(columns.values())))
        self.columns.append(columns, expected=int(share * n_rows))
