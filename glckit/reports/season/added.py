"""What is told of runs that were handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from glckit.render import Report, number
from submissions.leaderboard.admitting import Added
from submissions.leaderboard.entries import WHOLE, Submission
from submissions.leaderboard.rules import in_utc
from submissions.printable import printable
from submissions.wording import counted

_COLUMNS = ("run", "outcome", "submission", "status", "team", "message")


def added_report(done: Sequence[Added], *, digits: int = 4) -> Report:
    """Report what came of runs that were handed in."""
    entries = [added_entry(each) for each in done]
    rows = [[entry[name] for name in _COLUMNS] for entry in entries]
    text = "\n".join(line for each in done for line in _lines(each, digits))
    return Report(entries[0] if len(entries) == 1 else entries, _COLUMNS, rows, text)


def added_entry(done: Added) -> dict[str, Any]:
    """Return what came of a run as JSON has it."""
    submission = done.submission
    told = submission and submission.parts.get(WHOLE)
    return {
        "run": done.run,
        "outcome": done.outcome,
        "message": done.refused or (None if done.error is None else str(done.error)),
        "submission": submission and submission.number,
        "team": submission and submission.team,
        "name": submission and submission.run,
        "submitted": submission and in_utc(submission.submitted),
        "digest": submission and submission.digest,
        "status": submission and submission.status,
        "scores": dict(told.scores) if told else {},
        "intervals": dict(told.intervals) if told else {},
        "signature": told and told.signature,
        "faults": list(submission.faults) if submission else [],
        "reason": submission and submission.reason,
    }


def _lines(done: Added, digits: int) -> Iterator[str]:
    name, submission = printable(done.run), done.submission
    if submission is None:
        yield f"{name}: {'refused, ' + done.refused if done.refused else 'could not be taken in'}"
        return
    already = "" if done.is_new else ", as it was already; nothing new was stored"
    yield f"{name}: submission {submission.number} of {printable(submission.team)}{already}"
    yield f"  {_verdict(submission, digits)}"
    for fault in submission.faults:
        yield f"  {fault['severity']} {fault['code']} ({fault['count']:,}): {printable(fault['message'])}"
        yield f"      -> {printable(fault['fix'])}"


def _verdict(submission: Submission, digits: int) -> str:
    told = submission.parts.get(WHOLE)
    scores = (
        ", ".join(f"{name} {number(score, digits)}" for name, score in told.scores.items()) if told else ""
    )
    n_errors = sum(fault["severity"] == "error" for fault in submission.faults)
    return {
        "valid": f"valid: {scores}",
        "invalid": f"NOT VALID: {counted(n_errors, 'kind')} of error",
        "failed": f"failed: {printable(submission.reason)}",
        "withdrawn": "withdrawn",
    }[submission.status]
