"""The check of an archive: that it is whole to its last byte, as published, with all of its patches."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.errors import DamagedArchiveError, readable
from baselines.covariates.patches.index import ArchiveForm
from baselines.covariates.patches.layout import KINDS, Kind, parse_path, scope_of_archive
from baselines.covariates.patches.npyheader import PATCH_SIZE, form_of
from baselines.covariates.patches.scanning import form_of_archive
from baselines.integrity.archives.autopsy import why_stream_is_damaged
from baselines.integrity.archives.members import findings_of_member
from baselines.integrity.archives.reading import archived_files, proves_itself
from baselines.integrity.findings import Finding, Problem, absent_files_problem
from baselines.integrity.manifests.checklists import read_checklist
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import at_archive, at_occurrence, in_scope

#: Name of the organizers' list of the archives' MD5 sums.
HASHES = "hashes.md5"

Key = tuple[int, Kind]


@dataclass(frozen=True, slots=True)
class Proven:
    """A file of a patch, by its name in the archive, whose content is known to be as it was packed."""

    path: str
    n_bytes: int
    crc32: int


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


@dataclass(frozen=True)
class _Reading:
    """What one pass over an archive showed, before tables and sums are looked at."""

    form: ArchiveForm | None
    proven: dict[Key, Proven] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    fault: Problem | None = None

    @property
    def ids(self) -> frozenset[int]:
        damaged = {f.occurrence_id for f in self.findings if f.occurrence_id is not None}
        return frozenset({i for i, _ in self.proven} | damaged)


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
    Raises CannotCheckError if the file cannot be read.
    """
    name = os.fspath(path)
    with ThreadPoolExecutor(1) as pool:
        # hashlib and rapidgzip both let go of the interpreter.
        hashing = None if md5 is None else pool.submit(_md5_of, name)
        reading = _read(name, patch_size, has_sum=md5 is not None)
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

    Raises BadInputError if the list is not to be trusted.
    """
    path = Path(folder) / HASHES
    if not path.is_file():
        return {}
    return {PurePosixPath(name).name: digest.hex() for name, digest in read_checklist(path).digests.items()}


def published_sum(path: str | os.PathLike[str]) -> str | None:
    """Return the MD5 sum of an archive that a ``hashes.md5`` beside it lists; see `published_sums`."""
    return published_sums(Path(path).parent).get(Path(path).name)


def _read(path: str, patch_size: int, *, has_sum: bool) -> _Reading:
    try:
        form = form_of_archive(path)
    except DamagedArchiveError as error:
        return _Reading(None, fault=Problem("wrong-type", "error", "a tar, tar.gz or zip", error.what))
    # Only a plain tar without a published sum has nothing but its content to show damage by.
    options = VerifyOptions("full" if proves_itself(form) or has_sum else "deep", patch_size)
    reading = _Reading(form)
    largest = max(form_of(kind, patch_size).n_bytes for kind in KINDS)
    try:
        with readable(path):
            for member in archived_files(path, max_bytes=largest):
                found = findings_of_member(member, path, options=options)
                reading.findings.extend(found)
                parsed = parse_path(member.path)
                if parsed is not None and member.content is not None and not found:
                    proven = Proven(member.path, member.n_bytes, zlib.crc32(member.content))
                    reading.proven[parsed.occurrence_id, parsed.kind] = proven
    except DamagedArchiveError as error:
        fault, why = (error.fault, error.what) if error.fault else why_stream_is_damaged(path)
        return replace(reading, fault=Problem(fault, "error", "a whole archive", why))
    return reading


def _with_other_sum(reading: _Reading, path: str, *, md5: str, found: str) -> _Reading:
    if reading.form is not None and proves_itself(reading.form):
        # Its own checksums hold: packed again upstream, or the list is of another version.
        problem = Problem("checksum", "warning", f"MD5 {md5}", f"{found}, though the archive is whole")
        return replace(reading, findings=[*reading.findings, at_archive(problem, path, path=path)])
    return replace(reading, fault=Problem("checksum", "error", f"MD5 {md5}", found))


def _absent(path: str, reading: _Reading, *, ids: frozenset[int]) -> Iterator[Finding]:
    damaged = {f.occurrence_id for f in reading.findings}
    for occurrence_id in sorted(ids | reading.ids):
        absent = [kind for kind in KINDS if (occurrence_id, kind) not in reading.proven]
        if absent and occurrence_id not in damaged:
            yield at_occurrence(absent_files_problem(absent), occurrence_id, path=path)


def _md5_of(path: str) -> str | None:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return None  # the pass over the archive meets the same error and says so
