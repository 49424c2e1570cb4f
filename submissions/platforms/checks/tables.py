"""Tables of solutions and submissions, with the lines of what is wrong in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from submissions.platforms.checks.findings import BundleFault, Files
from submissions.platforms.checks.references import missing_file

_AGAIN = "Make the bundle again with glckit bundle."


@dataclass(frozen=True)
class SolutionTable:
    """The rows of a table, each with its line."""

    name: str
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def column(self, name: str) -> list[str]:
        """Return a column; nothing for one that is not there."""
        if name not in self.header:
            return []
        i = self.header.index(name)
        return [row[i] for _, row in self.rows if len(row) == len(self.header)]


@lru_cache(maxsize=4)
def table_of(name: str, data: bytes) -> SolutionTable:
    """Read a table of text; bytes that are none become marks."""
    lines = list(csv.reader(io.StringIO(data.decode("utf-8", errors="replace"))))
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line]
    header = numbered[0][1] if numbered else []
    return SolutionTable(name, header, numbered[1:])


def wrong_table(files: Files, name: str, columns: Sequence[str]) -> Iterator[BundleFault]:
    """Yield what is wrong with the shape of a table, and ids that are no integers."""
    if name not in files:
        yield missing_file(name, name)
        return
    table = table_of(name, files[name])
    if table.header != list(columns):
        found = ",".join(table.header)[:80]
        message = f"the header is {found!r}, not {','.join(columns)!r}"
        yield BundleFault("wrong-header", f"{name}, line 1", message, _AGAIN)
        return
    if not table.rows:
        yield BundleFault("no-rows", f"{name}, line 1", "there is a header and nothing below it", _AGAIN)
    for line, row in table.rows:
        if len(row) != len(columns):
            message = f"{len(row)} fields, where there are {len(columns)} columns"
            yield BundleFault("ragged", f"{name}, line {line}", message, _AGAIN)
            return
        if not row[0].isascii() or not row[0].isdigit():
            message = f"the id is {row[0][:40]!r}, which is no integer"
            yield BundleFault("bad-id", f"{name}, line {line}", message, _AGAIN)
            return


def wrong_words(files: Files, name: str, column: str, words: Sequence[str]) -> Iterator[BundleFault]:
    """Yield the first row whose column says none of some words."""
    table = table_of(name, files.get(name, b""))
    if column not in table.header:
        return
    i = table.header.index(column)
    for line, row in table.rows:
        if len(row) > i and row[i] not in words:
            message = f"{column} cannot be {row[i][:40]!r}"
            yield BundleFault(
                "wrong-word", f"{name}, line {line}", message, f"Choose one of: {', '.join(words)}."
            )
            return


def doubled_rows(files: Files, name: str, *columns: str) -> Iterator[BundleFault]:
    """Yield the first row whose columns say what those of another said before."""
    table = table_of(name, files.get(name, b""))
    if not set(columns) <= set(table.header):
        return
    places = [table.header.index(column) for column in columns]
    seen: dict[tuple[str, ...], int] = {}
    for line, row in table.rows:
        if len(row) != len(table.header):
            continue
        key = tuple(row[i] for i in places)
        if key in seen:
            message = f"{' '.join(key)[:40]} stands in line {seen[key]} already"
            yield BundleFault("doubled-row", f"{name}, line {line}", message, "Keep one row for each.")
            return
        seen[key] = line


def other_ids(files: Files, name: str, other: str, column: str = "Id") -> Iterator[BundleFault]:
    """Yield that two tables do not have the same occurrences."""
    if name not in files or other not in files:
        return
    ours, theirs = (set(table_of(each, files[each]).column(column)) for each in (name, other))
    if ours != theirs:
        strange = sorted(ours ^ theirs)[0]
        table = table_of(name, files[name])
        line = next((number for number, row in table.rows if row and row[0] == strange), None)
        place = name if line is None else f"{name}, line {line}"
        message = f"{name} and {other} do not have the same occurrences, such as {strange[:20]}"
        yield BundleFault("other-rows", place, message, _AGAIN)
