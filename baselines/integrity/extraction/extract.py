"""Verified extraction: nothing is written before its archive is proven, and nothing half at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.rewriting import rewrite_as_tar, tar_name
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sum
from baselines.integrity.archives.reading import archived_files
from baselines.integrity.extraction.placing import Placement, place
from baselines.integrity.extraction.staging import Staging
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.places import at_archive
from baselines.integrity.report import Verdict, verdict_of
from submissions.competition.files import settings_above
from submissions.errors import CannotCheckError
from submissions.printable import printable
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class Extraction:
    """What an extraction did.

    Parameters
    ----------
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
        return self.verdict == "whole"

    @property
    def verdict(self) -> Verdict:
        """What the archives are; damage counts for more than what could not be read."""
        return verdict_of(self.findings)

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
    patch_size: int | None = None,
    progress: Progress = SILENT,
) -> Extraction:
    """Extract archives of patches, verified, into a data folder.

    Each archive is read to its end first: a tar.gz proves nothing before that. Then each file is
    written under another name, compared with what was proven, and moved. Files that are there already
    are left alone, so that an extraction that was stopped continues; one at a time writes into a folder. A
    ``hashes.md5`` beside an archive is obeyed. With ids of the tables, patches that an archive should hold
    are missed. Of a damaged tar or tar.gz nothing is extracted, of a zip its good files.

    Raises CannotCheckError if a file cannot be written, as on a full disk (what was written is whole), an
    archive not read again, or a ``hashes.md5`` is not to be trusted.
    """
    size = patch_size or settings_above(map(Path, paths)).data.patch_size
    n_written = n_present = 0
    findings: list[Finding] = []
    with Staging(out, progress=progress) as staging:
        for path in paths:
            check = check_archive(path, occurrences, md5=published_sum(path), patch_size=size)
            findings += check.findings
            wanted = [Placement(proven, Path(out) / proven.path) for proven in check.proven.values()]
            missing = [placement for placement in wanted if not placement.is_done()]
            findings += take_out(check, missing, staging=staging, progress=progress)
            n_written += len(missing)
            n_present += len(wanted) - len(missing)
    return Extraction(tuple(os.fspath(path) for path in paths), n_written, n_present, tuple(findings))


def rewrite_archives(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    patch_size: int | None = None,
    progress: Progress = SILENT,
) -> Extraction:
    """Rewrite each tar.gz as a plain tar beside it, or in a folder, if it verifies; else nothing is written.

    Raises UsageError if an archive is no tar.gz; CannotCheckError if there is none, a tar cannot be
    written, or a ``hashes.md5`` is not to be trusted.
    """
    if absent := [path for path in paths if not os.path.lexists(path)]:
        raise CannotCheckError(f"There is no file {printable(absent[0])}.", "Name the archives.")
    targets = {path: tar_name(path, out) for path in paths}
    size = patch_size or settings_above(map(Path, paths)).data.patch_size
    n_written = 0
    findings: list[Finding] = []
    for path, target in targets.items():
        check = check_archive(path, md5=published_sum(path), patch_size=size)
        findings += check.findings
        if check.ok:
            rewrite_as_tar(path, target, progress=progress)
            n_written += 1
    return Extraction(tuple(os.fspath(path) for path in paths), n_written, 0, tuple(findings))


def stop_at(placement: Placement, error: CannotCheckError) -> None:
    """Go no further once a file cannot be written."""
    raise error


def take_out(
    check: ArchiveCheck,
    placements: Iterable[Placement],
    *,
    staging: Staging,
    refused: Callable[[Placement, CannotCheckError], None] = stop_at,
    progress: Progress = SILENT,
) -> list[Finding]:
    """Take proven files out of an archive into their places, and tell `refused` of what cannot be written.

    Returns findings of files that were other than proven a moment ago: the archive changed meanwhile.
    Raises CannotCheckError if the archive cannot be read.
    """
    waiting = {placement.proven.path: placement for placement in placements}
    if not waiting:
        return []
    largest = max(placement.proven.n_bytes for placement in waiting.values())
    with progress.bar(f"extracting {check.path}", len(waiting)) as advance:
        for member in archived_files(check.path, max_bytes=largest):
            placement = waiting.get(member.path)
            if placement is None or member.content is None or not placement.fits(member.content):
                continue
            try:
                kept = place(member.content, placement.target, staging=staging)
            except CannotCheckError as error:
                refused(placement, error)
            else:
                _tell_kept(placement.target, kept, progress)
            del waiting[member.path]
            advance(1)
            if not waiting:
                return []
    problem = Problem("unstable", "error", "an archive at rest", "it changed during the extraction")
    return [at_archive(problem, check.path, path=f"{check.path}: {name}") for name in waiting]


def _tell_kept(target: Path, kept: Path | None, progress: Progress) -> None:
    if kept is not None:
        progress.say(f"{printable(target)} was no file; it is kept as {printable(kept)}.")
