"""What is remembered of patches from one verification to the next, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import PurePath
from typing import Any

from baselines.integrity.findings import LEVELS, Finding, Problem
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.patch import CheckedPatch
from baselines.integrity.places import at_occurrence

# What a look at the one patch cannot clear, however deep: a checksum needs another checksum, and a
# comparison another comparison.
_COMPARED = "duplicate-content"
_FOUND_FROM_OUTSIDE = frozenset({"checksum", _COMPARED})
#: What cannot be read as a record raises one of these.
NOT_A_RECORD = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Record:
    """What earlier checks of a folder, or of an archive, showed of each occurrence."""

    patches: Mapping[int, CheckedPatch] = field(default_factory=dict)


#: The record of a folder of which nothing is known yet.
NOTHING = Record()


def joined(old: CheckedPatch, new: CheckedPatch) -> CheckedPatch:
    """Return what is known of a patch after a further check.

    While its files stay the same, an error counts until evidence of the same kind, or of a stronger one,
    finds nothing: a check as deep for what is inside the files, checksums for everything.
    """
    if old.status != new.status or new.manifest:
        return new
    is_deeper = LEVELS.index(new.level) >= LEVELS.index(old.level)
    kept = [f for f in old.findings if not is_deeper or _is_from_outside(f)]
    found = {_what(finding) for finding in new.findings}
    findings = [*new.findings, *(finding for finding in kept if _what(finding) not in found)]
    if new.has_errors:
        # The files are no longer what they were when the older check vouched for them.
        return new._replace(findings=findings)
    return new._replace(
        findings=findings,
        level=new.level if is_deeper else old.level,
        facts=new.facts or old.facts,
        manifest=old.manifest,
    )


def joined_records(old: Record, *, new: Record) -> Record:
    """Return what is known of a folder after further checks; see `joined`."""
    patches = dict(old.patches)
    for i, patch in new.patches.items():
        patches[i] = joined(patches[i], patch) if i in patches else patch
    return Record(patches)


def with_comparisons(old: Record, *, found: Mapping[int, Sequence[Finding]]) -> Record:
    """Return what is known of a folder after some of its patches were compared with all others."""
    patches = dict(old.patches)
    for i in found.keys() & patches.keys():
        others = [finding for finding in patches[i].findings if not is_from_comparison(finding)]
        patches[i] = patches[i]._replace(findings=[*others, *found[i]])
    return Record(patches)


def is_from_comparison(finding: Finding) -> bool:
    """Tell whether only a comparison with other patches shows this error."""
    return finding.problem.is_error and finding.problem.fault == _COMPARED


def to_text(record: Record) -> str:
    """Write a record as JSON."""
    return json.dumps([_row(patch) for patch in record.patches.values()], separators=(",", ":"))


def from_text(text: str) -> Record:
    """Read a record; one of `NOT_A_RECORD` is raised if a text is none."""
    patches = [_patch(*row) for row in json.loads(text)]
    return Record({patch.occurrence_id: patch for patch in patches})


def _is_from_outside(finding: Finding) -> bool:
    return finding.problem.is_error and finding.problem.fault in _FOUND_FROM_OUTSIDE


def _what(finding: Finding) -> tuple[Problem, str]:
    return finding.problem, PurePath(finding.path).name


def _row(patch: CheckedPatch) -> list[object]:
    findings = [[*astuple(finding.problem), finding.path] for finding in patch.findings]
    facts = None if patch.facts is None else astuple(patch.facts)[1:]
    return [
        patch.occurrence_id,
        patch.status,
        LEVELS.index(patch.level),
        patch.manifest,
        findings,
        facts,
    ]


def _patch(
    occurrence_id: int,
    status: str,
    level: int,
    manifest: str,
    findings: Sequence[Sequence[str]],
    facts: Sequence[Any] | None,
) -> CheckedPatch:
    if not isinstance(occurrence_id, int) or not isinstance(status, str) or not isinstance(manifest, str):
        raise TypeError("no patch")
    placed = [at_occurrence(_problem(*words), occurrence_id, path=path) for *words, path in findings]
    known = None if facts is None else _facts(occurrence_id, *facts)
    return CheckedPatch(occurrence_id, placed, status, known, None, LEVELS[level], manifest)


def _problem(fault: str, severity: Any, expected: str, found: str) -> Problem:
    if severity not in ("error", "warning") or not all(isinstance(w, str) for w in (fault, expected, found)):
        raise TypeError("no problem")
    return Problem(fault, severity, expected, found)


def _facts(occurrence_id: int, content: str, *numbers: float) -> Facts:
    if not isinstance(content, str) or not all(isinstance(number, int | float) for number in numbers):
        raise TypeError("no facts")
    is_plain, red, green, blue, lowest, highest = numbers
    return Facts(occurrence_id, content, bool(is_plain), red, green, blue, int(lowest), int(highest))
