"""What can be wrong with a patch, as data: a class, a severity, where, expected, found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from baselines.covariates.patches.layout import archive_name
from scoring.places import region_of_id

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
    """What is wrong with the bytes of one file, wherever it lies.

    Parameters
    ----------
    fault : str
        One of `CLASSES`.
    severity : {"error", "warning"}
        Whether the patch is damaged for it.
    expected, found : str
        In words, with figures.
    """

    fault: str
    severity: Severity
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one file, and where it is.

    Parameters
    ----------
    fault : str
        One of `CLASSES`.
    severity : {"error", "warning"}
        Warnings never make a verification fail.
    occurrence_id : int or None
        The occurrence; None if the finding concerns an archive, or a file of no occurrence.
    region, archive : str or None
        Region, and name of the archive without suffix, such as ``"patches_us_07"``.
    path : str
        The file or archive.
    expected, found : str
        In words, with figures.
    n_files : int, default 1
        How many files it stands for; more than one only for unexpected ones, which can be legion.
    """

    fault: str
    severity: Severity
    occurrence_id: int | None
    region: str | None
    archive: str | None
    path: str
    expected: str
    found: str
    n_files: int = 1

    @classmethod
    def of_occurrence(cls, problem: Problem, occurrence_id: int, *, path: str) -> Finding:
        """Place a problem at a file of an occurrence.

        Examples
        --------
        >>> problem = Problem("missing", "error", "a file", "nothing")
        >>> Finding.of_occurrence(problem, 173, path="patches_us/73/1/173.npy").archive
        'patches_us_15'
        """
        region = region_of(occurrence_id)
        archive = archive_of(occurrence_id)
        return cls(
            problem.fault,
            problem.severity,
            occurrence_id,
            region,
            archive,
            path,
            problem.expected,
            problem.found,
        )

    def to_json(self) -> dict[str, object]:
        """Return the finding with the keys of the JSON report."""
        return {
            "class": self.fault,
            "severity": self.severity,
            "id": self.occurrence_id,
            "region": self.region,
            "archive": self.archive,
            "path": self.path,
            "expected": self.expected,
            "found": self.found,
        }


def region_of(occurrence_id: int) -> str:
    """Return the region of one occurrence; see `scoring.places.region_of_id`."""
    return _region_of_block(occurrence_id // 100_000)


def archive_of(occurrence_id: int) -> str:
    """Return the name, without suffix, of the archive that holds the patch of an occurrence.

    Examples
    --------
    >>> archive_of(10561900)
    'patches_fr_01'
    """
    return _archive_of_cd(region_of(occurrence_id), occurrence_id % 100)


# A whole region can be missing, which makes a million findings: names are made once and shared.
@lru_cache(maxsize=4096)
def _region_of_block(block: int) -> str:
    return str(region_of_id([block * 100_000])[0])


@lru_cache(maxsize=512)
def _archive_of_cd(region: str, cd: int) -> str:
    return archive_name(region, cd // 5 + 1, "")
