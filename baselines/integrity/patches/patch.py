"""The check of one patch: its two files together, and the status by which it is known again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from baselines.covariates.patches.layout import KINDS, Kind
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.manifests.digests import Digester, digester
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.patches.facts import Facts, facts_of
from baselines.integrity.patches.file import FileResult, Proof, Settings, check_file, stat_of

Proofs = tuple[Proof | None, Proof | None]
Status = os.stat_result | Problem

# A file that was written this shortly before its status was read can be written again within the
# same tick of the file system's clock, so an equal status would prove nothing later.
_YOUNG_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class PatchFiles:
    """The two files of an occurrence as a folder lists them; None for one that is not there.

    Parameters
    ----------
    occurrence_id : int
        The occurrence.
    entries : pair of os.DirEntry or None
        Bands and altitude.
    statuses : pair of os.stat_result, Problem or None
        What the names lead to.
    """

    occurrence_id: int
    entries: tuple[os.DirEntry[str] | None, os.DirEntry[str] | None]
    statuses: tuple[Status | None, Status | None]

    @classmethod
    def listed(cls, occurrence_id: int, entries: Mapping[str, os.DirEntry[str]]) -> PatchFiles:
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
class PatchCheck:
    """What the check of one patch showed.

    Parameters
    ----------
    occurrence_id : int
        The occurrence.
    findings : list of Finding
        What is wrong with its files.
    facts : Facts or None
        What a deep check compares.
    entry : Entry or None
        Checksums for a manifest, of a whole patch.
    """

    occurrence_id: int
    findings: list[Finding]
    facts: Facts | None = None
    entry: Entry | None = None


def check_patch(patch: PatchFiles, region: str, *, proofs: Proofs, settings: Settings) -> PatchCheck:
    """Check the files of a patch that are there.

    Parameters
    ----------
    patch : PatchFiles
        The files.
    region : {"fr", "us", "other"}
        Region of the occurrence.
    proofs : pair of Proof or None
        What a manifest says of them.
    settings : Settings
        Level, patch size and thresholds.

    Returns
    -------
    PatchCheck
        What is wrong with them.
    """
    findings: list[Finding] = []
    raw: list[bytes] = []
    for kind, entry, status, proof in zip(KINDS, patch.entries, patch.statuses, proofs, strict=True):
        if entry is None or status is None:
            continue
        result = _check_entry(entry, status, kind=kind, region=region, settings=settings, proof=proof)
        problems = result.problems
        findings += [
            Finding.of_occurrence(problem, patch.occurrence_id, path=entry.path) for problem in problems
        ]
        if result.raw is not None:
            raw.append(result.raw)
    if len(raw) < len(KINDS):
        return PatchCheck(patch.occurrence_id, findings)
    facts = facts_of(patch.occurrence_id, raw[0], altitude=raw[1]) if settings.level == "deep" else None
    entry_of = _entry(patch.occurrence_id, raw, findings=findings, settings=settings)
    return PatchCheck(patch.occurrence_id, findings, facts, entry_of)


def _entry(
    occurrence_id: int, raw: list[bytes], *, findings: list[Finding], settings: Settings
) -> Entry | None:
    if settings.fingerprint is None or any(finding.severity == "error" for finding in findings):
        return None
    digest_of: Digester = digester(settings.fingerprint)
    bands, altitude = raw
    return Entry(occurrence_id, (len(bands), len(altitude)), (digest_of(bands), digest_of(altitude)))


def _check_entry(
    entry: os.DirEntry[str],
    status: Status,
    *,
    kind: Kind,
    region: str,
    settings: Settings,
    proof: Proof | None,
) -> FileResult:
    if isinstance(status, Problem):
        return FileResult([status])
    return check_file(entry.path, status, kind=kind, region=region, settings=settings, proof=proof)
