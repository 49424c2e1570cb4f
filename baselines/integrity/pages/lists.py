"""Lists that other programs read: damaged ids, and findings as JSON Lines."""

from __future__ import annotations

import json
import os

from baselines.integrity.report import Report
from submissions.files import written_atomically


def write_ids(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the ids of damaged occurrences, one a line, for ``--exclude`` of the baselines.

    Parameters
    ----------
    report : Report
        The verification.
    path : path-like
        Where; an empty file if nothing is damaged.

    Raises
    ------
    CannotCheckError
        If it cannot be written.
    """
    with written_atomically(path) as temporary:
        temporary.write_text("".join(f"{i}\n" for i in report.damaged_ids), encoding="ascii")


def write_json_lines(report: Report, path: str | os.PathLike[str]) -> None:
    """Write every error as one JSON object a line.

    Parameters
    ----------
    report : Report
        The verification.
    path : path-like
        Where.

    Raises
    ------
    CannotCheckError
        If it cannot be written.
    """
    with written_atomically(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(finding.to_json()) + "\n" for finding in report.errors)
