"""Adding the runs of a platform's table, and comparing its scores with ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from submissions.leaderboard.admitting import Added, Handover, added, standard_in_force
from submissions.leaderboard.entries import TruthPart
from submissions.leaderboard.importing.rows import ImportRow, RowProblem, read_rows
from submissions.leaderboard.opening import Board
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class ScoreDifference:
    """A score that a platform gave, and ours, where they are not the same number."""

    part: TruthPart
    theirs: str
    ours: float


@dataclass(frozen=True)
class ImportedRow:
    """A row of the table, and what came of it."""

    row: ImportRow
    added: Added
    differences: tuple[ScoreDifference, ...] = ()


@dataclass(frozen=True)
class ImportedSeason:
    """What came of a table: either problems, and then nothing was added, or its rows by time."""

    problems: tuple[RowProblem, ...] = ()
    rows: tuple[ImportedRow, ...] = ()


@dataclass(frozen=True)
class ImportSource:
    """A platform's table and the folder of its runs; see `read_rows`."""

    table: Path
    runs: Path
    named: Mapping[str, str]
    submitted: datetime | None = None
    keep: bool = True


def import_season(source: ImportSource, board: Board, *, progress: Progress = SILENT) -> ImportedSeason:
    """Add the run of every row, in the order of their times; nothing if anything is wrong with a row.

    Rules count as for all other runs. What was imported before is not stored twice.

    Raises
    ------
    UsageError
        If columns cannot be told, or the board is stale.
    CannotCheckError
        If the table, the store, the truth, or a test, training or species file cannot be used.
    """
    rows, problems = read_rows(source.table, source.runs, named=source.named, submitted=source.submitted)
    if problems:
        return ImportedSeason(problems=tuple(problems))
    standard = standard_in_force(board, progress=progress)
    done = []
    with progress.bar("importing", len(rows)) as advance:
        for row in sorted(rows, key=lambda each: (each.submitted, each.line)):
            handover = Handover(row.team, row.submitted, keep=source.keep)
            result = added(str(row.file), board, standard, handover, progress=progress)
            done.append(ImportedRow(row, result, tuple(_differences(row, result))))
            advance(1)
    return ImportedSeason(rows=tuple(done))


def differing(rows: Sequence[ImportedRow]) -> list[ImportedRow]:
    """Return the rows whose scores are not ours."""
    return [each for each in rows if each.differences]


def _differences(row: ImportRow, result: Added) -> Iterator[ScoreDifference]:
    """Yield the scores that are not ours, rounded to as many places as the platform gives."""
    if result.submission is None:
        return
    for part, theirs in row.scores.items():
        told = result.submission.parts.get(part)
        if told is None:
            continue
        ours = next(iter(told.scores.values()))
        said = Decimal(theirs)
        unit = Decimal(1).scaleb(int(said.as_tuple().exponent))
        if abs(Decimal(ours) - said) > unit * Decimal("0.5000001"):
            yield ScoreDifference(part, theirs, ours)
