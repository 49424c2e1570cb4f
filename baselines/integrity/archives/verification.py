"""The report on archives, and on trees and archives together."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sums
from baselines.integrity.archives.memory import remember_archive
from baselines.integrity.report import Report

_AS_PACKED = "defects that the patches had when they were packed"
_PLAIN_TAR = "altered bytes in a plain tar that no hashes.md5 lists, unless they make a patch implausible"


def verify_archives(
    paths: Sequence[str | os.PathLike[str]],
    occurrences: NDArray[np.int64] | None = None,
    *,
    patch_size: int = PATCH_SIZE,
    state: str | os.PathLike[str] | None = None,
    max_duration: float | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify archives of patches to their last byte, without extracting them.

    Parameters
    ----------
    paths : sequence of path-like
        Archives; a ``hashes.md5`` beside one is obeyed.
    occurrences : ndarray of int64, optional
        Ids of the tables, to miss patches that an archive should hold.
    patch_size : int, default 256
        Side of the patches in pixels.
    state : path-like, optional
        File that remembers the outcome, for `baselines.integrity.gate`; the archives are read anyway.
    max_duration : float, optional
        Seconds after which no further archive is begun.
    on_progress : callable, optional
        Called with the archives done and their number.

    Returns
    -------
    Report
        As for a tree; findings on an archive as a whole have no occurrence.

    Raises
    ------
    CannotCheckError
        If an archive cannot be read.
    BadInputError
        If a ``hashes.md5`` is not to be trusted.
    """
    checks: list[ArchiveCheck] = []
    unlisted_tar = False
    end = math.inf if max_duration is None else time.monotonic() + max_duration
    for path in paths:
        if time.monotonic() >= end:
            break
        md5 = published_sums(Path(path).parent).get(Path(path).name)
        unlisted_tar |= md5 is None and Path(path).suffix == ".tar"
        checks.append(check_archive(path, occurrences, md5=md5, patch_size=patch_size))
        if state is not None:
            remember_archive(checks[-1], state, patch_size=patch_size)
        if on_progress is not None:
            on_progress(len(checks), len(paths))
    ids = np.array(sorted({i for check in checks for i in check.ids}), dtype=np.int64)
    unchecked = ids[:0] if occurrences is None else np.setdiff1d(occurrences, ids)
    unseen = (_AS_PACKED, _PLAIN_TAR) if unlisted_tar else (_AS_PACKED,)
    found = tuple(finding for check in checks for finding in check.findings)
    return Report("full", ids, unchecked, found, unseen)


def merged(first: Report, second: Report) -> Report:
    """Join the reports on different trees or archives.

    Parameters
    ----------
    first, second : Report
        The reports.

    Returns
    -------
    Report
        At the level of the first; unchecked is what neither checked.
    """
    checked = np.union1d(first.checked_ids, second.checked_ids)
    unchecked = np.setdiff1d(np.union1d(first.unchecked_ids, second.unchecked_ids), checked)
    return Report(
        first.level,
        checked,
        unchecked,
        first.findings + second.findings,
        tuple(dict.fromkeys(first.cannot_see + second.cannot_see)),
        first.n_remembered + second.n_remembered,
        first.notes + second.notes,
        first.entries + second.entries,
    )
