"""What is remembered of archives that were verified, so that baselines may read patches from them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from baselines.covariates.patches.errors import readable
from baselines.integrity.archives.check import ArchiveCheck
from baselines.integrity.findings import Finding
from baselines.integrity.memory.records import Record
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.patch import CheckedPatch


def remember_archive(check: ArchiveCheck, options: VerifyOptions) -> None:
    """Keep what the check of an archive showed, if there is a state file, until the archive changes.

    Raises CannotCheckError if the state file cannot be written.
    """
    if options.state is None:
        return
    status = _status(check.path)
    damaged: dict[int, list[Finding]] = {i: [] for i in check.ids.union(i for i, _ in check.proven)}
    for finding in check.findings:
        if finding.occurrence_id is not None and finding.problem.is_error:
            damaged.setdefault(finding.occurrence_id, []).append(finding)
    record = Record({i: CheckedPatch(i, findings, status) for i, findings in damaged.items()})
    with _opened(options) as memory:
        memory.remember([(os.path.realpath(check.path), record)])


def recall_archive(path: str, options: VerifyOptions) -> Record | None:
    """Return what is remembered of an archive; None if it is unknown or has changed since.

    Raises CannotCheckError if the archive or the state file cannot be read.
    """
    key = os.path.realpath(path)
    with _opened(options) as memory:
        record = memory.recall([key]).get(key)
    is_current = record is not None and {each.status for each in record.patches.values()} == {_status(path)}
    return record if is_current else None


def _opened(options: VerifyOptions) -> contextlib.closing[State]:
    # No threshold and no level matters to an archive: it proves itself, or is read as deeply as need be.
    return contextlib.closing(State(VerifyOptions("full", options.patch_size, state=options.state)))


def _status(path: str) -> str:
    with readable(path):
        status = Path(path).stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
