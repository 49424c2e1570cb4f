"""What is told of submissions that were scored again, or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glckit.render import Report, number
from submissions.leaderboard.entries import WHOLE, Submission
from submissions.leaderboard.rescoring import Rescored, Rescoring
from submissions.printable import printable
from submissions.wording import counted

_COLUMNS = ("submission", "team", "run", "status_before", "status", "score_before", "score", "reason")


def rescoring_report(done: Rescoring, *, digits: int = 4) -> Report:
    """Report what came of scoring a board again."""
    entries = [_entry(each) for each in done.submissions]
    lines = [f"The board was stale: {done.changed}."] if done.changed else []
    lines += [f"Scored again: {counted(len(entries), 'submission')}."]
    lines += [_line(entry, digits) for entry in entries]
    rows = [[entry[name] for name in _COLUMNS] for entry in entries]
    return Report({"changed": done.changed, "submissions": entries}, _COLUMNS, rows, "\n".join(lines))


def withdrawal_report(withdrawn: Sequence[Submission]) -> Report:
    """Report submissions that were withdrawn."""
    columns = ["submission", "team", "run", "status"]
    rows = [[each.number, each.team, each.run, each.status] for each in withdrawn]
    text = "\n".join(
        f"Submission {each.number} of {printable(each.team)} is withdrawn: {printable(each.run)}"
        for each in withdrawn
    )
    return Report([dict(zip(columns, row, strict=True)) for row in rows], columns, rows, text)


def _entry(done: Rescored) -> dict[str, Any]:
    return {
        "submission": done.after.number,
        "team": done.after.team,
        "run": done.after.run,
        "status_before": done.before.status,
        "status": done.after.status,
        "score_before": _first_score(done.before),
        "score": _first_score(done.after),
        "lost": done.is_lost,
        "reason": done.after.reason,
        "faults": [each["code"] for each in done.after.faults if each["severity"] == "error"],
    }


def _first_score(submission: Submission) -> float | None:
    told = submission.parts.get(WHOLE)
    return None if told is None else next(iter(told.scores.values()))


def _line(entry: Mapping[str, Any], digits: int) -> str:
    before, after = (
        "-" if value is None else number(value, digits) for value in (entry["score_before"], entry["score"])
    )
    why = entry["reason"] or ", ".join(entry["faults"])
    status = entry["status"] if entry["status"] == entry["status_before"] else f"now {entry['status']}"
    told = (
        f"  {entry['submission']} {printable(entry['team'])}, {printable(entry['run'])}: {before} -> {after}"
    )
    return f"{told}, {status}" + (f": {printable(why)}" if why else "")
