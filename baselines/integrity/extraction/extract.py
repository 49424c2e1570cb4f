"""Verified extraction: nothing is written before its archive is proven, and nothing half at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sums
from baselines.integrity.archives.members import of_archive
from baselines.integrity.archives.reading import Archived, archived_files
from baselines.integrity.extraction.placing import Placement, place
from baselines.integrity.extraction.staging import staging_folder
from baselines.integrity.findings import Finding, Problem


@dataclass(frozen=True)
class Extraction:
    """What an extraction did.

    Parameters
    ----------
    archives : tuple of str
        The archives.
    n_written, n_present : int
        Files that were written, and that were there already, bit for bit.
    findings : tuple of Finding
        What is wrong with the archives.
    """

    archives: tuple[str, ...]
    n_written: int
    n_present: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every archive is whole, so that every file is in its place."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_json(self) -> dict[str, object]:
        """Return the extraction as the object that ``--format json`` prints."""
        return {
            "ok": self.ok,
            "archives": list(self.archives),
            "n_written": self.n_written,
            "n_present": self.n_present,
            "findings": [finding.to_json() for finding in self.findings],
        }


def extract_archives(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    occurrences: NDArray[np.int64] | None = None,
    patch_size: int = PATCH_SIZE,
    on_progress: Callable[[str, int], None] | None = None,
) -> Extraction:
    """Extract archives of patches, verified.

    Each archive is read to its end first: a tar.gz proves nothing before that. Then each file is
    written under another name, compared with what was proven, and moved. Files that are there already
    are left alone, so that an extraction that was stopped continues.

    Parameters
    ----------
    paths : sequence of path-like
        Archives; a ``hashes.md5`` beside one is obeyed.
    out : path-like
        Data root: members start with ``patches_us_07/`` or the like.
    occurrences : ndarray of int64, optional
        Ids of the tables, to miss patches that an archive should hold.
    patch_size : int, default 256
        Side of the patches in pixels.
    on_progress : callable, optional
        Called with an archive and the files of it that are in place.

    Returns
    -------
    Extraction
        Counts and findings. Of a damaged tar or tar.gz nothing is extracted, of a zip its good files.

    Raises
    ------
    CannotCheckError
        If an archive cannot be read or a file not written, as on a full disk; what was written is whole.
    BadInputError
        If a ``hashes.md5`` is not to be trusted.
    """
    n_written = n_present = 0
    findings: list[Finding] = []
    with staging_folder(out) as staging:
        for path in paths:
            md5 = published_sums(Path(path).parent).get(Path(path).name)
            check = check_archive(path, occurrences, md5=md5, patch_size=patch_size)
            findings += check.findings
            wanted = [Placement(proven, Path(out) / proven.path) for proven in check.proven.values()]
            missing = [placement for placement in wanted if not placement.is_done()]
            findings += take_out(check, missing, staging=staging, on_progress=on_progress)
            n_written += len(missing)
            n_present += len(wanted) - len(missing)
    return Extraction(tuple(os.fspath(path) for path in paths), n_written, n_present, tuple(findings))


def take_out(
    check: ArchiveCheck,
    placements: Iterable[Placement],
    *,
    staging: Path,
    on_progress: Callable[[str, int], None] | None = None,
) -> list[Finding]:
    """Take proven files out of an archive into their places.

    Parameters
    ----------
    check : ArchiveCheck
        The archive.
    placements : iterable of Placement
        Which files go where.
    staging : Path
        Folder for unproven files.
    on_progress : callable, optional
        Called with the archive and the files done.

    Returns
    -------
    list of Finding
        Files that were other than proven a moment ago: the archive changed meanwhile.

    Raises
    ------
    CannotCheckError
        If the archive cannot be read or a file not written.
    """
    waiting = {placement.proven.path: placement for placement in placements}
    n_done = 0
    if not waiting:
        return []
    largest = max(placement.proven.n_bytes for placement in waiting.values())
    for member in archived_files(check.path, max_bytes=largest):
        if _take_one(member, waiting, staging=staging):
            n_done += 1
            if on_progress is not None:
                on_progress(check.path, n_done)
        if not waiting:
            return []
    problem = Problem("unstable", "error", "an archive at rest", "it changed during the extraction")
    return [of_archive(problem, check.path, path=f"{check.path}: {name}") for name in waiting]


def _take_one(member: Archived, waiting: dict[str, Placement], *, staging: Path) -> bool:
    placement = waiting.get(member.path)
    if placement is None or member.content is None or not placement.fits(member.content):
        return False
    place(member.content, placement.target, staging=staging)
    del waiting[member.path]
    return True
