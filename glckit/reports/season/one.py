"""How one submission is told, and how several compare."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from glckit.render import Report, aligned, number, significant
from glckit.reports.comparison import comparison_data, comparison_report
from scoring.uncertainty.comparison import Comparison
from submissions.leaderboard.entries import Submission
from submissions.leaderboard.listing import Listing
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.rules import in_utc
from submissions.printable import printable

_BREAKDOWN = ("by", "part", "n_occurrences")


def submission_report(listing: Listing, standing: Standing, *, digits: int = 4) -> Report:
    """Report a submission; its table is the breakdown."""
    metrics = [metric.name for metric in listing.season.metrics]
    rows = [
        [*(each[name] for name in _BREAKDOWN), *(each["scores"].get(name) for name in metrics)]
        for each in standing.submission.breakdown
    ]
    text = "\n".join(_lines(standing, rows, [*_BREAKDOWN, *metrics], digits))
    columns = [*_BREAKDOWN, *(name.replace("-", "_") for name in metrics)]
    return Report(listing.entry(standing, details=True), columns, rows, text)


def submissions_comparison_report(
    comparison: Comparison, submissions: Sequence[Submission], *, digits: int, pairs: bool
) -> Report:
    """Report a comparison of submissions: JSON calls them by number, people read team and run, too."""
    names = {str(each.number): f"{each.number} {each.team}: {each.run}" for each in submissions}
    named = replace(
        comparison,
        runs=tuple(replace(run, run=names[run.run]) for run in comparison.runs),
        pairs=tuple(replace(pair, a=names[pair.a], b=names[pair.b]) for pair in comparison.pairs),
    )
    return replace(comparison_report(named, digits=digits, pairs=pairs), data=comparison_data(comparison))


def _lines(
    standing: Standing, rows: Sequence[Sequence[object]], columns: list[str], digits: int
) -> Iterator[str]:
    submission = standing.submission
    yield f"Submission {submission.number} of {printable(submission.team)}: {printable(submission.run)}"
    yield from (f"  {name:<10} {value}" for name, value in _facts(standing))
    for part, told in submission.parts.items():
        scores = ", ".join(f"{name} {number(score, digits)}" for name, score in told.scores.items())
        threshold = "" if told.threshold is None else f"; threshold {significant(told.threshold, digits)}"
        yield f"  {part:<10} {scores}; {told.n_occurrences:,} occurrences{threshold}"
    for fault in submission.faults:
        yield f"  {fault['severity']} {fault['code']} ({fault['count']:,}): {printable(fault['message'])}"
    if rows:
        cells = [[_cell(value, digits) for value in row] for row in rows]
        table = aligned(columns, cells, [False, False, *(True for _ in columns[2:])])
        yield from (f"    {line}" for line in table.splitlines())


def _facts(standing: Standing) -> Iterator[tuple[str, str]]:
    submission = standing.submission
    yield "submitted", in_utc(submission.submitted)
    yield "status", submission.status + (f": {printable(submission.reason)}" if submission.reason else "")
    if standing.rank is not None:
        yield (
            "rank",
            str(standing.rank) + (" [{}, {}]".format(*standing.rank_set) if standing.rank_set else ""),
        )
    if standing.excluded:
        yield "excluded", printable(standing.excluded)
    yield "digest", submission.digest
    yield "scored by", f"glckit {submission.version}"
    if submission.metadata:
        yield "metadata", printable(json.dumps(submission.metadata, ensure_ascii=False))


def _cell(value: object, digits: int) -> str:
    return number(value, digits) if isinstance(value, float) else "-" if value is None else printable(value)
