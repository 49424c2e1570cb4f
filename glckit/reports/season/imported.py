"""What is told of a season that was taken over from a platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from glckit.render import Report, number
from glckit.reports.season.added import added_entry
from submissions.leaderboard.importing.season import ImportedSeason, differing
from submissions.printable import printable
from submissions.wording import counted

_COLUMNS = ("line", "team", "run", "submission", "outcome", "status", "message", "differs")


def import_report(done: ImportedSeason, *, digits: int = 4) -> Report:
    """Report what came of a platform's table."""
    entries = [
        {"line": each.row.line, **added_entry(each.added), "team": each.row.team}
        | {"differences": [asdict(difference) for difference in each.differences]}
        for each in done.rows
    ]
    problems = [asdict(each) for each in done.problems]
    told = [entry | {"differs": bool(entry["differences"])} for entry in entries]
    rows = [[entry[name] for name in _COLUMNS] for entry in told]
    rows += [[each.line, None, None, None, "problem", None, each.message, None] for each in done.problems]
    data = {"problems": problems, "rows": entries}
    return Report(data, _COLUMNS, rows, "\n".join(_lines(done, digits)))


def _lines(done: ImportedSeason, digits: int) -> Iterator[str]:
    if done.problems:
        yield f"Nothing was imported, for {counted(len(done.problems), 'problem')}:"
        yield from (f"  line {each.line}: {printable(each.message)}" for each in done.problems)
        return
    outcomes = [each.added.outcome for each in done.rows]
    counts = {name: outcomes.count(name) for name in dict.fromkeys(outcomes)}
    yield f"{counted(len(outcomes), 'row')}: {', '.join(f'{n:,} {name}' for name, n in counts.items())}"
    for each in done.rows:
        result, submission = each.added, each.added.submission
        if result.refused or result.error or (submission and submission.status != "valid"):
            why = result.refused or result.error or (submission and submission.status)
            yield f"  line {each.row.line}, {printable(each.row.team)}: {printable(why)}"
    apart = differing(done.rows)
    yield f"Scores that are not ours: {len(apart):,}"
    for each in apart:
        for difference in each.differences:
            theirs, ours = printable(difference.theirs), number(difference.ours, max(digits, 6))
            named = f"line {each.row.line}, {printable(each.row.team)}"
            yield f"  {named}, {difference.part}: {theirs} there, {ours} here"
