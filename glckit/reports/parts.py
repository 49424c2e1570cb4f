"""How parts of scores are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from glckit.render import aligned, number, significant
from glckit.reports.intervals import between
from submissions.printable import printable

if TYPE_CHECKING:
    from scoring.breakdown import ScoredPart
    from scoring.recalibration import Recalibration
    from submissions.examination import Examination

# Parts that people are shown of each kind; quadrats are thousands.
_MOST_PARTS = 40


def parts_data(examination: Examination | None) -> dict[str, Any]:
    """Return parts as JSON has them, with what recalibrations would win; nothing if not asked for."""
    if examination is None or examination.parts is None:
        return {}
    won = [asdict(each) | {"gap": each.gap, "won": each.won} for each in examination.recalibrations]
    return {"parts": [part.to_data() for part in examination.parts], "recalibrations": won}


def part_rows(run: str, parts: Sequence[ScoredPart]) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and rows of a table of parts."""
    names = list(parts[0].scores) if parts else []
    has_intervals = any(part.intervals is not None for part in parts)
    bounds = ("", "_low", "_high") if has_intervals else ("",)
    scores = [f"{name.replace('-', '_')}{bound}" for name in names for bound in bounds]
    columns = ["run", "by", "part", "n_occurrences", *scores, "threshold", "refitted"]
    return columns, [_row(run, part, columns) for part in parts]


def parts_lines(examination: Examination | None, digits: int) -> Iterator[str]:
    """Yield the parts of a score for people, a table for each kind of part."""
    if examination is None:
        return
    parts = examination.parts or ()
    for by in dict.fromkeys(part.by for part in parts):
        own = [part for part in parts if part.by == by]
        yield f"  by {by}, {_of_threshold(own[0])}"
        yield from (f"    {line}" for line in _table(own[:_MOST_PARTS], digits).splitlines())
        if len(own) > _MOST_PARTS:
            yield f"    and {len(own) - _MOST_PARTS:,} more, which --json and --format csv show"
    yield from (f"  {_won(each, digits)}" for each in examination.recalibrations)


def _row(run: str, part: ScoredPart, columns: Sequence[str]) -> list[Any]:
    found: dict[str, Any] = {"run": run, **part.to_data()}
    found |= {name.replace("-", "_"): score for name, score in part.scores.items()}
    for name, interval in (part.intervals or {}).items():
        column = name.replace("-", "_")
        found |= {f"{column}_low": interval.low, f"{column}_high": interval.high}
    return [found.get(column) for column in columns]


def _of_threshold(part: ScoredPart) -> str:
    return "each with a threshold of its own" if part.refitted else "under the threshold of all"


def _table(parts: Sequence[ScoredPart], digits: int) -> str:
    names = list(parts[0].scores)
    alone = ["threshold"] if parts[0].refitted else []
    columns = ["part", "occurrences", *names, *alone]
    rows = [
        [
            printable(part.part),
            f"{part.n_occurrences:,}",
            *(_score(part, name, digits) for name in names),
            *(significant(part.threshold, digits) for _ in alone),
        ]
        for part in parts
    ]
    return aligned(columns, rows, [False, *(True for _ in columns[1:])])


def _score(part: ScoredPart, name: str, digits: int) -> str:
    intervals: Mapping[str, Any] = part.intervals or {}
    sure = f" {between(intervals[name], digits)}" if name in intervals else ""
    return f"{number(part.scores[name], digits)}{sure}"


def _won(each: Recalibration, digits: int) -> str:
    gap, won = (f"{value:+.{digits}f}" for value in (each.gap, each.won))
    return f"adaptive minus plain top-K: {gap}; what a recalibration by {each.by} would win: {won}"
