"""The check of one patch: its two files together, and the status by which it is known again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from baselines.covariates.patches.layout import KINDS
from baselines.integrity.findings import Finding, Level, Problem
from baselines.integrity.manifests.digests import ALGORITHM, Proof, digester
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.facts import Facts, facts_of
from baselines.integrity.patches.file import Status, check_file, stat_of
from baselines.integrity.places import at_occurrence

Proofs = tuple[Proof | None, Proof | None]

#: A file that was written this shortly before its status was read can be written again within the
#: same tick of the file system's clock, so an equal status would prove nothing later.
YOUNG_NS = 100_000_000
# What may be otherwise the next time though no file has changed.
_FLEETING = frozenset({"unstable", "unreadable"})


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
        """Return a digest that changes when a file does; None if there is none, or its status is unknown."""
        parts: list[int] = []
        for status in self.statuses:
            if isinstance(status, Problem):
                return None
            if status is not None:
                parts += [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
            parts.append(-1)
        if len(parts) == len(self.statuses):
            return None
        return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()

    def age_ns(self) -> int:
        """Return the time since its last change; negative for files that are dated in the future."""
        known = [status for status in self.statuses if isinstance(status, os.stat_result)]
        newest = max((max(status.st_mtime_ns, status.st_ctime_ns) for status in known), default=0)
        return time.time_ns() - newest


class CheckedPatch(NamedTuple):  # a dataclass takes three times as long to cross to a process
    """What the check of one patch showed.

    Parameters
    ----------
    status : str or None
        By what it is known again; None if it is not to be remembered.
    facts : Facts or None
        What a deep check compares.
    entry : Entry or None
        Checksums for a manifest, of a whole patch.
    level : {"quick", "full", "deep"}
        How deep the check was.
    manifest : str
        The manifest, by its digest, that both files were held against; empty if there was none.
    """

    occurrence_id: int
    findings: Sequence[Finding]
    status: str | None = None
    facts: Facts | None = None
    entry: Entry | None = None
    level: Level = "quick"
    manifest: str = ""

    @property
    def has_errors(self) -> bool:
        """Whether the patch is damaged."""
        return any(finding.problem.is_error for finding in self.findings)


def check_patch(
    patch: ListedPatch,
    region: str,
    *,
    status: str | None = None,
    proofs: Proofs = (None, None),
    options: VerifyOptions,
) -> CheckedPatch:
    """Check the files of a patch of a region that are there; `status` is what it had before the check.

    One that was unstable or unreadable is not to be remembered.
    """
    findings: list[Finding] = []
    raw: list[bytes] = []
    for kind, entry, known, proof in zip(KINDS, patch.entries, patch.statuses, proofs, strict=True):
        if entry is None or known is None:
            continue
        file = check_file(entry.path, known, kind=kind, region=region, options=options, proof=proof)
        findings += [
            at_occurrence(problem, patch.occurrence_id, path=entry.path) for problem in file.problems
        ]
        if file.raw is not None:
            raw.append(file.raw)
    if status is not None and any(finding.problem.fault in _FLEETING for finding in findings):
        status = None
    checked = CheckedPatch(patch.occurrence_id, findings, status, level=options.level)
    return checked if len(raw) < len(KINDS) else _with_content(checked, *raw, options=options)


def _with_content(
    checked: CheckedPatch, bands: bytes, altitude: bytes, *, options: VerifyOptions
) -> CheckedPatch:
    i = checked.occurrence_id
    if options.level == "deep":
        checked = checked._replace(facts=facts_of(i, bands, altitude=altitude))
    if options.make_manifest is not None and not checked.has_errors:
        checked = checked._replace(entry=_entry(i, bands, altitude))
    return checked


def _entry(occurrence_id: int, bands: bytes, altitude: bytes) -> Entry:
    digest_of = digester(ALGORITHM)
    return Entry(occurrence_id, (len(bands), len(altitude)), (digest_of(bands), digest_of(altitude)))
