"""Submissions as rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from submissions.leaderboard.entries import PartScores, Submission

# Those that are set in a row by its number, which the store gives.
_FIELDS = tuple(each.name for each in fields(Submission) if each.name != "number")
_SEQUENCES = ("breakdown", "faults", "warnings", "replaced")


def row_of(submission: Submission) -> dict[str, Any]:
    """Return the row of a submission, without its number."""
    row = {name: getattr(submission, name) for name in _FIELDS}
    parts = {part: asdict(each) for part, each in submission.parts.items()}
    return {**row, **{name: list(row[name]) for name in _SEQUENCES}, "parts": parts}


def submission_of(row: Mapping[str, Any]) -> Submission:
    """Return the submission of a row, without what the row leaves out."""
    said = {name: row[name] for name in ("number", *_FIELDS) if name in row}
    parts = {part: PartScores(**each) for part, each in row["parts"].items()}
    return Submission(
        **{**said, **{name: tuple(said[name]) for name in _SEQUENCES if name in said}, "parts": parts}
    )
