"""What is remembered of a folder's patches from one verification to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from baselines.integrity.findings import Finding, Level
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.patch import CheckedPatch

# What may be otherwise the next time though no file has changed.
_FLEETING = frozenset({"unstable", "unreadable"})


@dataclass(frozen=True)
class Record:
    """What earlier checks of a folder showed of each occurrence whose files have not changed since.

    Parameters
    ----------
    statuses : mapping of int to str
        Digest of size, times and inode of the two files, for each occurrence that was checked.
    findings : tuple of Finding
        What was wrong with them.
    level : {"quick", "full", "deep"}
        The level of those checks, or of a shallower one for which they are taken.
    """

    statuses: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    facts: tuple[Facts, ...] = ()
    level: Level = "quick"

    def without(self, ids: set[int]) -> Record:
        """Return the record of the other occurrences."""
        if not self.statuses:
            return self
        return Record(
            {i: status for i, status in self.statuses.items() if i not in ids},
            tuple(finding for finding in self.findings if finding.occurrence_id not in ids),
            tuple(facts for facts in self.facts if facts.occurrence_id not in ids),
        )


#: The record of a folder of which nothing is known yet.
NOTHING = Record()


def joined(*records: Record) -> Record:
    """Return one record of the occurrences of several, which share none."""
    records = tuple(record for record in records if record.statuses)
    return Record(
        {i: status for record in records for i, status in record.statuses.items()},
        tuple(finding for record in records for finding in record.findings),
        tuple(facts for record in records for facts in record.facts),
    )


def record_of(checks: Sequence[CheckedPatch], statuses: Mapping[int, str | None]) -> Record:
    """Return what to remember of checks that were just made.

    A patch without a status before its check is not remembered, nor is one that was unstable or unreadable.
    """
    if not statuses:
        return NOTHING
    settled = {
        check.occurrence_id: status
        for check in checks
        if (status := statuses.get(check.occurrence_id)) is not None
        and not any(finding.problem.fault in _FLEETING for finding in check.findings)
    }
    kept = [check for check in checks if check.occurrence_id in settled]
    return Record(
        settled,
        tuple(finding for check in kept for finding in check.findings),
        tuple(check.facts for check in kept if check.facts is not None),
    )
