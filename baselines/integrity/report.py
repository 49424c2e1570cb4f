"""The report of a verification: counts, rates by region and by archive, and what it could not see."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from baselines.integrity.findings import CLASSES, Finding, Level
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.places import archive_path, archives_of_ids
from scoring.byvalue import ByValue
from scoring.places import region_of_id

#: What a verification comes to; unknown if nothing could be checked or files could not be read.
Verdict = Literal["whole", "damaged", "unknown"]


@dataclass(frozen=True)
class DamageShare:
    """How many occurrences of a region or an archive were checked, have an error, and are missing.

    The missing ones are damaged too.
    """

    n_checked: int
    n_damaged: int
    n_missing: int

    @property
    def rate(self) -> float:
        """Damaged occurrences as a share of those checked; 0 where none was checked."""
        return self.n_damaged / self.n_checked if self.n_checked else 0.0

    def to_json(self) -> dict[str, object]:
        """Return the share with the keys of the JSON report."""
        counts = {"checked": self.n_checked, "damaged": self.n_damaged, "missing": self.n_missing}
        return {**counts, "rate": self.rate}


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Parameters
    ----------
    mended_ids : tuple of int
        Occurrences whose two files were taken again, or are those of the archive already.
    left_ids : tuple of int
        Occurrences that were not mended.
    findings : tuple of Finding
        What is wrong with the archives.
    obstacles : tuple of str
        What kept patches from being mended, apart from damaged archives: places that cannot be written,
        archives that cannot be read; a sentence each.
    """

    mended_ids: tuple[int, ...]
    left_ids: tuple[int, ...]
    findings: tuple[Finding, ...]
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class PatchReport(ByValue):
    """What a verification found.

    Parameters
    ----------
    checked_ids : ndarray of int64 of shape (n,)
        Occurrences that were checked, ascending.
    unchecked_ids : ndarray of int64
        Occurrences of the tables that were not: outside the part, the sample, the folders or the time.
    cannot_see : tuple of str
        Damage that this verification would not notice.
    n_remembered : int
        Occurrences for whose files an earlier check, remembered in the state file, was taken.
    notes : tuple of str
        What else the reader should know, such as the power of a sample.
    entries : tuple of Entry
        Checksums of the whole patches, if they were wanted.
    evidence : {"quick", "full", "deep"} or None
        The least level of check that it rests on, which remembered checks may raise above `level`.
    trees : tuple of str
        The folders of extracted patches that were looked at.
    repair : Repair or None
        What was mended before.
    troubles : tuple of str
        Why what was found is not remembered, if it is not.
    """

    level: Level
    checked_ids: NDArray[np.int64]
    unchecked_ids: NDArray[np.int64]
    findings: tuple[Finding, ...]
    cannot_see: tuple[str, ...] = ()
    n_remembered: int = 0
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    evidence: Level | None = None
    trees: tuple[str, ...] = ()
    repair: Repair | None = None
    troubles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        numbers = {
            "n_checked": len(self.checked_ids),
            "n_damaged": len(self.damaged_ids),
            "n_warnings": len(self.warnings),
            "n_unchecked": len(self.unchecked_ids),
        }
        shown = ", ".join(f"{name}={n}" for name, n in numbers.items())
        return f"PatchReport({self.verdict!r}, level={self.level!r}, {shown})"

    @cached_property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which the patches are damaged."""
        return tuple(finding for finding in self.findings if finding.problem.is_error)

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that change neither `ok` nor the verdict."""
        return tuple(finding for finding in self.findings if not finding.problem.is_error)

    @cached_property
    def damaged_ids(self) -> tuple[int, ...]:
        """Occurrences with at least one error, missing ones included, ascending."""
        return tuple(sorted({f.occurrence_id for f in self.errors if f.occurrence_id is not None}))

    @property
    def ok(self) -> bool:
        """Whether something was checked and no error found."""
        return self.verdict == "whole"

    @property
    def verdict(self) -> Verdict:
        """What it comes to; damage counts for more than what could not be read."""
        verdict = verdict_of(self.errors)
        return "unknown" if verdict == "whole" and not len(self.checked_ids) else verdict

    @cached_property
    def counts(self) -> dict[str, int]:
        """Occurrences by class of fault, errors and warnings; files of no occurrence count as one each."""
        kinds = [(f, f.path if f.occurrence_id is None else f.occurrence_id) for f in self.findings]
        n_files = {(finding.problem.fault, place): finding.n_files for finding, place in kinds}
        counts: Counter[str] = Counter()
        for (fault, _), n in n_files.items():
            counts[fault] += n
        return {fault: counts[fault] for fault in CLASSES if counts[fault]}

    @cached_property
    def by_region(self) -> dict[str, DamageShare]:
        """Shares by region, in alphabetic order."""
        return _shares(self, region_of_id(self.checked_ids), attribute="region")

    @cached_property
    def by_archive(self) -> dict[str, DamageShare]:
        """Shares by the archive (without suffix) that holds the patches."""
        return _shares(self, archives_of_ids(self.checked_ids), attribute="archive")

    @property
    def archives_to_fetch(self) -> tuple[str, ...]:
        """The archives, without suffix, that hold what is damaged: those to repair from or fetch again."""
        return tuple(sorted({f.archive for f in self.errors if f.archive is not None}))

    @cached_property
    def tree_errors(self) -> tuple[Finding, ...]:
        """The errors in extracted patches, which a repair can mend."""
        return tuple(finding for finding in self.errors if archive_path(finding) is None)

    def to_json(self) -> dict[str, object]:
        """Return the report as the object that ``--format json`` prints."""
        return {
            "ok": self.ok,
            "level": self.level,
            "checked": len(self.checked_ids),
            "counts": self.counts,
            "by_region": {name: share.to_json() for name, share in self.by_region.items()},
            "by_archive": {name: share.to_json() for name, share in self.by_archive.items()},
            "damaged_ids": list(self.damaged_ids),
            "warnings": [finding.to_json() for finding in self.warnings],
            "cannot_see": list(self.cannot_see),
            "unchecked_ids": self.unchecked_ids.tolist(),
        }


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return what some findings come to; damage counts for more than what could not be read."""
    faults = {finding.problem.fault for finding in findings if finding.problem.is_error}
    return "damaged" if faults - {"unreadable"} else "unknown" if faults else "whole"


def merged(reports: Sequence[PatchReport]) -> PatchReport:
    """Join the reports on different trees or archives, at the level of the first; one alone stays as it is.

    Unchecked is what none checked.
    """
    return functools.reduce(_merged, reports)


def _merged(first: PatchReport, second: PatchReport) -> PatchReport:
    checked = np.union1d(first.checked_ids, second.checked_ids)
    return PatchReport(
        first.level,
        checked,
        np.setdiff1d(np.union1d(first.unchecked_ids, second.unchecked_ids), checked),
        first.findings + second.findings,
        tuple(dict.fromkeys(first.cannot_see + second.cannot_see)),
        first.n_remembered + second.n_remembered,
        first.notes + second.notes,
        first.entries + second.entries,
        troubles=tuple(dict.fromkeys(first.troubles + second.troubles)),
    )


def _shares(report: PatchReport, names: NDArray[np.str_], *, attribute: str) -> dict[str, DamageShare]:
    damaged: dict[str, set[int]] = {}
    missing: Counter[str] = Counter()
    for finding in report.errors:
        name = getattr(finding, attribute)
        if finding.occurrence_id is None or name is None:
            continue
        damaged.setdefault(name, set()).add(finding.occurrence_id)
        missing[name] += finding.problem.fault == "missing"
    checked = dict(zip(*(part.tolist() for part in np.unique_counts(names)), strict=True))
    return {
        name: DamageShare(checked.get(name, 0), len(damaged.get(name, ())), missing.get(name, 0))
        for name in sorted(checked.keys() | damaged.keys())
    }
