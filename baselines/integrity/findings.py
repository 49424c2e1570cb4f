"""What can be wrong with a patch, as data: a class, a severity, where, expected, found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from submissions.printable import printable

Severity = Literal["error", "warning"]
#: How deep a verification looks, from names and headers to comparisons between patches.
Level = Literal["quick", "full", "deep"]
LEVELS: tuple[Level, Level, Level] = ("quick", "full", "deep")

#: Every class of damage, in the order in which reports list them.
CLASSES = (
    "missing",
    "half-pair",
    "wrong-place",
    "wrong-type",
    "wrong-size",
    "bad-header",
    "checksum",
    "zero-filled",
    "implausible",
    "wrong-region",
    "duplicate-content",
    "unreadable",
    "unstable",
    "unexpected",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, wherever it is.

    Parameters
    ----------
    fault : str
        One of `CLASSES`.
    severity : {"error", "warning"}
        Whether the patch is damaged for it. Warnings never make a verification fail.
    expected, found : str
        In words, with figures.
    """

    fault: str
    severity: Severity
    expected: str
    found: str

    @property
    def is_error(self) -> bool:
        """Whether the patch is damaged for it."""
        return self.severity == "error"


def absent_files_problem(absent: Sequence[str]) -> Problem:
    """Return what it means that one or both files of a patch, named by what they hold, are absent.

    Examples
    --------
    >>> absent_files_problem(["altitude"]).found
    'no altitude file'
    """
    both = "both files of the patch"
    if len(absent) == 1:
        return Problem("half-pair", "error", both, f"no {absent[0]} file")
    return Problem("missing", "error", both, "neither file")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one file, and where it is.

    Parameters
    ----------
    path : str
        The file or archive.
    occurrence_id : int or None
        The occurrence; None if the finding concerns an archive, or a file of no occurrence.
    archive : str or None
        Name of the archive without suffix, such as ``"patches_us_07"``.
    n_files : int, default 1
        How many files it stands for; more than one only for unexpected ones, which can be legion.
    """

    problem: Problem
    path: str
    occurrence_id: int | None = None
    archive: str | None = None
    n_files: int = 1

    @property
    def region(self) -> str | None:
        """Region of the archive."""
        return None if self.archive is None else self.archive.split("_")[1]

    def to_json(self) -> dict[str, object]:
        """Return the finding with the keys of the JSON report."""
        return {
            "class": self.problem.fault,
            "severity": self.problem.severity,
            "id": self.occurrence_id,
            "region": self.region,
            "archive": self.archive,
            "path": printable(self.path),
            "expected": printable(self.problem.expected),
            "found": printable(self.problem.found),
        }
