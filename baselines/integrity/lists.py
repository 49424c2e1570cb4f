"""Lists that other programs read: damaged ids, and findings as JSON Lines."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.integrity.report import Report
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically

# At most 18 digits: what int64 holds whatever the digits are.
_ID = re.compile(r"[0-9]{1,18}")


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


def read_ids(path: str | os.PathLike[str]) -> NDArray[np.int64]:
    """Read a list of occurrence ids, one a line, such as `write_ids` writes.

    Parameters
    ----------
    path : path-like
        The list; blank lines are ignored.

    Returns
    -------
    ndarray of int64 of shape (n,)
        The ids, ascending, each once.

    Raises
    ------
    CannotCheckError
        If it cannot be read.
    UsageError
        If a line is no id; the message names it.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCheckError(f"Cannot read {os.fspath(path)}: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip() and not _ID.fullmatch(line.strip()):
            raise UsageError(
                f"Line {number} of {os.fspath(path)} is no id: {line[:40]!r}.", "Write one id a line."
            )
    return np.unique(np.array([int(line) for line in lines if line.strip()], dtype=np.int64))
