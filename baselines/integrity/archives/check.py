"""The check of an archive: that it is whole to its last byte, as published, with all of its patches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import KINDS, scope_of_archive
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.contents import Contents, Key, Proven, read_contents
from baselines.integrity.archives.reading import proves_itself
from baselines.integrity.findings import Finding, Problem, absent_files_problem
from baselines.integrity.manifests.checklists import read_checklist
from baselines.integrity.places import at_archive, at_occurrence, in_scope
from submissions.opening import open_file

#: Name of the organizers' list of the archives' MD5 sums.
HASHES = "hashes.md5"


@dataclass(frozen=True)
class ArchiveCheck:
    """What the check of an archive showed.

    Parameters
    ----------
    ids : frozenset of int
        Occurrences that it should hold by the tables; without tables, those that it does.
    proven : mapping of (int, kind) to Proven
        The files that may be taken from it.
    """

    path: str
    ids: frozenset[int]
    findings: tuple[Finding, ...]
    proven: Mapping[Key, Proven]

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return not any(finding.problem.is_error for finding in self.findings)


def check_archive(
    path: str | os.PathLike[str],
    occurrences: NDArray[np.int64] | None = None,
    *,
    md5: str | None = None,
    patch_size: int = PATCH_SIZE,
) -> ArchiveCheck:
    """Check a tar, tar.gz or zip of patches without extracting it.

    Those of the occurrences that belong into it, by its name, must be in it; `md5` is its published sum. Of
    a damaged tar or tar.gz no file may be taken: damage can show long after the place that it spoils.
    """
    name = os.fspath(path)
    with ThreadPoolExecutor(1) as pool:
        # hashlib and rapidgzip both let go of the interpreter.
        hashing = None if md5 is None else pool.submit(_md5_of, name)
        reading = read_contents(name, patch_size, has_sum=md5 is not None)
        found_md5 = None if hashing is None else hashing.result()
    if md5 is not None and found_md5 is not None and found_md5 != md5 and reading.fault is None:
        reading = _with_other_sum(reading, name, md5=md5, found=found_md5)
    ids, scope = reading.ids, scope_of_archive(name)
    if scope is not None and occurrences is not None:
        ids = frozenset(occurrences[in_scope(occurrences, {scope})].tolist())
    if (fault := reading.fault) is not None:
        lost = [at_occurrence(fault, i, path=name) for i in sorted(ids | reading.ids)]
        return ArchiveCheck(name, ids, (at_archive(fault, name, path=name), *lost), {})
    found = (*reading.findings, *_absent(name, reading, ids=ids))
    return ArchiveCheck(name, ids, found, reading.proven)


def published_sums(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Return the MD5 sums that the ``hashes.md5`` of a folder, if there is one, lists, by file name.

    Raises CannotCheckError if the list cannot be read, or is not to be trusted.
    """
    path = Path(folder) / HASHES
    if not os.path.lexists(path):
        return {}
    return {PurePosixPath(name).name: digest.hex() for name, digest in read_checklist(path).digests.items()}


def published_sum(path: str | os.PathLike[str]) -> str | None:
    """Return the MD5 sum of an archive that a ``hashes.md5`` beside it lists; see `published_sums`."""
    return published_sums(Path(path).parent).get(Path(path).name)


def _with_other_sum(reading: Contents, path: str, *, md5: str, found: str) -> Contents:
    if reading.form is not None and proves_itself(reading.form):
        # Its own checksums hold: packed again upstream, or the list is of another version.
        problem = Problem("checksum", "warning", f"MD5 {md5}", f"{found}, though the archive is whole")
        return replace(reading, findings=[*reading.findings, at_archive(problem, path, path=path)])
    return replace(reading, fault=Problem("checksum", "error", f"MD5 {md5}", found))


def _absent(path: str, reading: Contents, *, ids: frozenset[int]) -> Iterator[Finding]:
    damaged = {f.occurrence_id for f in reading.findings if f.problem.is_error}
    for occurrence_id in sorted(ids | reading.ids):
        absent = [kind for kind in KINDS if (occurrence_id, kind) not in reading.proven]
        if absent and occurrence_id not in damaged:
            yield at_occurrence(absent_files_problem(absent), occurrence_id, path=path)


def _md5_of(path: str) -> str | None:
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return None  # the pass over the archive meets the same error and says so
