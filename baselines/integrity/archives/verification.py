"""The verification of archives: from files and tables to a report."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sum
from baselines.integrity.archives.memory import archive_status, opened_memory, remember_archive
from baselines.integrity.options import VerifyOptions
from baselines.integrity.report import PatchReport
from baselines.integrity.trees.visibility import AS_PACKED, NO_TABLE
from submissions.progress import SILENT, Progress

_PLAIN_TAR = "altered bytes in a plain tar that no hashes.md5 lists, unless they make a patch implausible"


def verify_archives(
    paths: Sequence[str | os.PathLike[str]],
    occurrences: NDArray[np.int64] | None = None,
    *,
    options: VerifyOptions,
    progress: Progress = SILENT,
) -> PatchReport:
    """Verify archives of patches to their last byte, without extracting them.

    A ``hashes.md5`` beside one is obeyed. With ids of the tables, patches that an archive should hold are
    missed. The outcome is remembered for the gate; the archives are read anyway. Findings on an archive as
    a whole have no occurrence. Raises CannotCheckError if a ``hashes.md5`` cannot be read, or is not to be
    trusted.
    """
    checks: list[ArchiveCheck] = []
    unlisted_tar = False
    end = math.inf if options.max_duration is None else time.monotonic() + options.max_duration
    with (
        contextlib.closing(opened_memory(options)) as memory,
        progress.bar("verifying archives", len(paths)) as advance,
    ):
        for path in paths:
            if time.monotonic() >= end:
                break
            md5, status = published_sum(path), archive_status(path) if Path(path).exists() else None
            unlisted_tar |= md5 is None and os.fspath(path).endswith(".tar")
            checks.append(check_archive(path, occurrences, md5=md5, patch_size=options.side))
            if status is not None and _is_read(checks[-1]):
                remember_archive(checks[-1], memory, status=status)
            advance(1)
    ids = np.array(sorted({i for check in checks for i in check.ids}), dtype=np.int64)
    unchecked = ids[:0] if occurrences is None else np.setdiff1d(occurrences, ids)
    unseen: tuple[str, ...] = (AS_PACKED, _PLAIN_TAR) if unlisted_tar else (AS_PACKED,)
    found = tuple(finding for check in checks for finding in check.findings)
    if occurrences is None:
        unseen += (NO_TABLE,)
    troubles = (memory.trouble,) if memory.trouble else ()
    late = tuple(options.time_is_up(len(paths) - len(checks), len(paths), what="archives"))
    return PatchReport("full", ids, unchecked, found, unseen, notes=late, troubles=troubles)


def _is_read(check: ArchiveCheck) -> bool:
    # What stood in the way of a reader says nothing of the archive.
    return all(finding.problem.fault != "unreadable" for finding in check.findings)
