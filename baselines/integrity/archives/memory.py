"""What is remembered of archives that were verified, so that baselines may read patches from them."""

from __future__ import annotations

import os
from pathlib import Path

from baselines.covariates.patches.errors import readable
from baselines.integrity.archives.check import ArchiveCheck
from baselines.integrity.findings import Finding
from baselines.integrity.memory.records import NOTHING, Record
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.patch import CheckedPatch

# An archive is read whole, and held against its own checksums: whatever was known of it before is outdated.
_ITSELF = "the archive"


def opened_memory(options: VerifyOptions) -> State:
    """Open the state file for archives.

    No threshold and no level matters to one: it proves itself, or is read as deeply as need be.
    """
    return State(VerifyOptions("full", options.side, state=options.state))


def remember_archive(check: ArchiveCheck, memory: State, *, status: str) -> None:
    """Keep what the check of an archive showed until it changes; `status` is that of before the check."""
    damaged: dict[int, list[Finding]] = {i: [] for i in check.ids.union(i for i, _ in check.proven)}
    for finding in check.findings:
        if finding.occurrence_id is not None and finding.problem.is_error:
            damaged.setdefault(finding.occurrence_id, []).append(finding)
    patches = {
        i: CheckedPatch(i, findings, status, level="full", manifest=_ITSELF)
        for i, findings in damaged.items()
    }
    memory.remember([(os.path.realpath(check.path), Record(patches))])


def recall_archive(path: str, memory: State) -> Record | None:
    """Return what is remembered of an archive; None if it is unknown or has changed since.

    Raises CannotCheckError if the archive cannot be read.
    """
    key, status = os.path.realpath(path), archive_status(path)
    known = memory.recall([key]).get(key, NOTHING)
    current = {i: patch for i, patch in known.patches.items() if patch.status == status}
    return Record(current) if current else None


def archive_status(path: str | os.PathLike[str]) -> str:
    """Return what changes when an archive does.

    Raises CannotCheckError if there is none.
    """
    with readable(path):
        status = Path(path).stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
