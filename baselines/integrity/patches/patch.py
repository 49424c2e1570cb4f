"""The check of one patch: its two files together, and the status by which it is known again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from baselines.covariates.patches.layout import KINDS
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.manifests.digests import ALGORITHM, Proof, digester
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.facts import Facts, facts_of
from baselines.integrity.patches.file import check_file, stat_of
from baselines.integrity.places import at_occurrence

Proofs = tuple[Proof | None, Proof | None]
Status = os.stat_result | Problem

# A file that was written this shortly before its status was read can be written again within the
# same tick of the file system's clock, so an equal status would prove nothing later.
_YOUNG_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class ListedPatch:
    """The files of an occurrence, bands and altitude, as its folder lists them; None for an absent one."""

    occurrence_id: int
    entries: tuple[os.DirEntry[str] | None, os.DirEntry[str] | None]
    statuses: tuple[Status | None, Status | None]

    @classmethod
    def listed(cls, occurrence_id: int, entries: Mapping[str, os.DirEntry[str]]) -> ListedPatch:
        """Look the files of an occurrence up in the listing of its folder."""
        bands, altitude = entries.get(f"{occurrence_id}.npy"), entries.get(f"{occurrence_id}_alti.npy")
        statuses = None if bands is None else stat_of(bands), None if altitude is None else stat_of(altitude)
        return cls(occurrence_id, (bands, altitude), statuses)

    def status(self) -> str | None:
        """Return a digest that changes when a file does; None if a file is too young to tell."""
        parts: list[int] = []
        newest = 0
        for status in self.statuses:
            if isinstance(status, Problem):
                return None
            if status is not None:
                newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
                parts += [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
            parts.append(-1)
        if time.time_ns() - newest < _YOUNG_NS:
            return None
        return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class CheckedPatch:
    """What the check of one patch showed.

    Parameters
    ----------
    facts : Facts or None
        What a deep check compares.
    entry : Entry or None
        Checksums for a manifest, of a whole patch.
    """

    occurrence_id: int
    findings: list[Finding]
    facts: Facts | None = None
    entry: Entry | None = None


def check_patch(
    patch: ListedPatch, region: str, *, proofs: Proofs = (None, None), options: VerifyOptions
) -> CheckedPatch:
    """Check the files of a patch of a region that are there."""
    findings: list[Finding] = []
    raw: list[bytes] = []
    for kind, entry, status, proof in zip(KINDS, patch.entries, patch.statuses, proofs, strict=True):
        if entry is None or status is None:
            continue
        if isinstance(status, Problem):
            problems, content = [status], None
        else:
            checked = check_file(entry.path, status, kind=kind, region=region, options=options, proof=proof)
            problems, content = checked.problems, checked.raw
        findings += [at_occurrence(problem, patch.occurrence_id, path=entry.path) for problem in problems]
        if content is not None:
            raw.append(content)
    if len(raw) < len(KINDS):
        return CheckedPatch(patch.occurrence_id, findings)
    facts = facts_of(patch.occurrence_id, raw[0], altitude=raw[1]) if options.level == "deep" else None
    return CheckedPatch(
        patch.occurrence_id, findings, facts, _entry(patch, raw, findings=findings, options=options)
    )


def _entry(
    patch: ListedPatch, raw: list[bytes], *, findings: list[Finding], options: VerifyOptions
) -> Entry | None:
    if options.make_manifest is None or any(finding.problem.is_error for finding in findings):
        return None
    digest_of = digester(ALGORITHM)
    bands, altitude = raw
    return Entry(patch.occurrence_id, (len(bands), len(altitude)), (digest_of(bands), digest_of(altitude)))
