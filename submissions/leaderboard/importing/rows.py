"""The rows of a platform's table, each with its file; what is wrong with them, all together."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from submissions.errors import CannotCheckError, GlckitError, UsageError
from submissions.leaderboard.admitting import check_name
from submissions.leaderboard.entries import WHOLE, TruthPart
from submissions.leaderboard.importing.columns import ImportColumns
from submissions.leaderboard.rules import time_of
from submissions.metadata import metadata_path
from submissions.opening import open_file
from submissions.printable import printable

# Bytes of a table, and how many names of files are told where several fit.
_MAX_BYTES = 1 << 26
_MOST_NAMES = 3
_SCORES: Mapping[str, TruthPart] = {"score": WHOLE, "public": "public", "private": "private"}


@dataclass(frozen=True)
class ImportRow:
    """A submission as a platform's table has it.

    Parameters
    ----------
    line : int
        Its line of the table.
    file : Path
        The file of the run.
    scores : mapping of str to str
        What the platform gave it on each part of the truth, as it stands in the table.
    """

    line: int
    team: str
    submitted: datetime
    file: Path
    scores: Mapping[TruthPart, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row."""

    line: int
    message: str


def read_rows(
    table: Path, runs: Path, *, named: Mapping[str, str], submitted: datetime | None
) -> tuple[list[ImportRow], list[RowProblem]]:
    """Read a table, and find the file of each row.

    Parameters
    ----------
    runs : Path
        The folder of the runs; they may lie in folders of it.
    named : mapping of str to str
        Columns that are named by hand; see `ImportColumns`.
    submitted : datetime, optional
        The time of rows that say none.

    Raises
    ------
    UsageError
        If the table is empty, or columns cannot be told.
    CannotCheckError
        If the table or the folder cannot be read.
    """
    lines = _lines(table)
    header = next(lines, (1, []))[1]
    if not header:
        raise UsageError(f"The table is empty: {printable(table)}.")
    columns = ImportColumns.among(header, named)
    reader = _Reader(columns, header, _Runs.of(runs), submitted)
    rows, problems = [], []
    for line, cells in lines:
        found = reader.row(line, cells)
        if isinstance(found, ImportRow):
            rows.append(found)
        else:
            problems += [RowProblem(line, message) for message in found]
    return rows, problems


def _lines(table: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that has any, and its number."""
    try:
        with open_file(table) as file:
            text = file.read(_MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(table)}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise CannotCheckError(
            f"{printable(table)} is no table in UTF-8.", "Unpack it, or save it as CSV."
        ) from error
    if len(text) > _MAX_BYTES:
        raise CannotCheckError(f"{printable(table)} is larger than {_MAX_BYTES >> 20} MB.")
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        yield from ((reader.line_num, cells) for cells in reader if any(cells))
    except csv.Error as error:
        raise CannotCheckError(f"{printable(table)}, line {reader.line_num}: {error}.") from error


@dataclass(frozen=True)
class _Runs:
    """The files of a folder, by all that a table may call them."""

    folder: Path
    by_name: Mapping[str, list[Path]]

    @classmethod
    def of(cls, folder: Path) -> _Runs:
        if not folder.is_dir():
            raise CannotCheckError(f"{printable(folder)} is not a folder.")
        by_name: dict[str, list[Path]] = {}
        files = [
            path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_beside(path, folder)
        ]
        for path in files:
            inner = path.relative_to(folder)
            stems = [path.name.rsplit(".", i)[0] for i in range(1, path.name.count(".") + 1)]
            for name in dict.fromkeys((path.name, *stems, *inner.parts[:-1])):
                by_name.setdefault(name, []).append(path)
        return cls(folder, by_name)

    def find(self, said: str) -> Path | str:
        """Return the one file that is called so, or what is wrong."""
        name = PurePosixPath(unquote(urlsplit(said).path) if "://" in said else said.replace("\\", "/")).name
        found = self.by_name.get(name, [])
        exact = [path for path in found if path.name == name]
        chosen = exact or found
        if len(chosen) == 1:
            return chosen[0]
        if not chosen:
            return f"no file in {printable(self.folder)} is called {printable(name) or 'nothing'}"
        names = ", ".join(printable(path.relative_to(self.folder)) for path in chosen[:_MOST_NAMES])
        return f"{len(chosen)} files may be {printable(name)}: {names}{', ...' * (len(chosen) > _MOST_NAMES)}"


def _is_beside(path: Path, folder: Path) -> bool:
    """Return whether a file is none that was handed in: metadata, or what macOS leaves in archives."""
    inner = path.relative_to(folder).parts
    return path.name.endswith(metadata_path("").name) or any(
        part.startswith(".") or part == "__MACOSX" for part in inner
    )


@dataclass(frozen=True)
class _Reader:
    columns: ImportColumns
    header: list[str]
    runs: _Runs
    submitted: datetime | None

    def row(self, line: int, cells: list[str]) -> ImportRow | list[str]:
        """Return a row, or all that is wrong with it."""
        if len(cells) != len(self.header):
            return [f"it has {len(cells)} cells, and the header has {len(self.header)}"]
        said = dict(zip(self.header, (cell.strip() for cell in cells), strict=True))
        team, file = said[self.columns.team], self._file(said)
        wrong = [] if isinstance(file, Path) else [file]
        wrong += _complaint(lambda: check_name("team", team))
        if isinstance(file, Path):
            wrong += _complaint(lambda: check_name("run", file.name))
        time = self._time(said, wrong)
        scores = self._scores(said, wrong)
        if wrong or not isinstance(file, Path) or time is None:
            return wrong
        return ImportRow(line, team, time, file, scores)

    def _file(self, said: Mapping[str, str]) -> Path | str:
        return self.runs.find(said[self.columns.file or self.columns.team])

    def _time(self, said: Mapping[str, str], wrong: list[str]) -> datetime | None:
        text = said[self.columns.submitted] if self.columns.submitted else ""
        if not text and self.submitted is None:
            wrong.append("it does not say when it was submitted: give a time for such rows with --submitted")
        if not text:
            return self.submitted
        try:
            return time_of(text)
        except UsageError as error:
            wrong.append(error.message.rstrip("."))
            return None

    def _scores(self, said: Mapping[str, str], wrong: list[str]) -> Mapping[TruthPart, str]:
        columns = {part: getattr(self.columns, name) for name, part in _SCORES.items()}
        scores = {part: said[column] for part, column in columns.items() if column and said[column]}
        wrong += [f"{printable(text)} is no score" for text in scores.values() if not _is_number(text)]
        return scores


def _complaint(check: object) -> list[str]:
    assert callable(check)
    try:
        check()
    except GlckitError as error:
        return [error.message.rstrip(".")]
    return []


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
