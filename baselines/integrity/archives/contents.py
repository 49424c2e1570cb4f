"""One pass over an archive: the files that it proves, and what is wrong with it and with its members."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace

from baselines.covariates.patches.errors import DamagedArchiveError, readable
from baselines.covariates.patches.index import ArchiveForm
from baselines.covariates.patches.layout import KINDS, Kind, parse_path
from baselines.covariates.patches.npyheader import form_of
from baselines.covariates.patches.scanning import form_of_archive
from baselines.integrity.archives.autopsy import why_stream_is_damaged
from baselines.integrity.archives.members import findings_of_member
from baselines.integrity.archives.reading import Archived, archived_files, proves_itself
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import at_occurrence
from submissions.errors import CannotCheckError

Key = tuple[int, Kind]


@dataclass(frozen=True, slots=True)
class Proven:
    """A file of a patch, by its name in the archive, whose content is known to be as it was packed."""

    path: str
    n_bytes: int
    crc32: int


@dataclass(frozen=True)
class Contents:
    """What one pass over an archive showed, before tables and sums are looked at.

    Parameters
    ----------
    form : {"tar", "tar.gz", "zip"} or None
        None for what is no archive.
    fault : Problem or None
        What spoils all of it.
    """

    form: ArchiveForm | None
    proven: dict[Key, Proven] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    fault: Problem | None = None

    @property
    def ids(self) -> frozenset[int]:
        """Return the occurrences whose files it holds, whole or damaged."""
        damaged = {f.occurrence_id for f in self.findings if f.occurrence_id is not None}
        return frozenset({i for i, _ in self.proven} | damaged)


def read_contents(path: str, patch_size: int, *, has_sum: bool) -> Contents:
    """Read an archive to its last byte; `has_sum` says whether there is a published sum of it."""
    try:
        form = form_of_archive(path)
    except DamagedArchiveError as error:
        return Contents(None, fault=Problem("wrong-type", "error", "a tar, tar.gz or zip", error.what))
    except CannotCheckError as error:
        return Contents(None, fault=_unreadable(error))
    # Only a plain tar without a published sum has nothing but its content to show damage by.
    options = VerifyOptions("full" if proves_itself(form) or has_sum else "deep", patch_size)
    contents = Contents(form)
    try:
        with readable(path):
            _collect(contents, path, options=options)
    except DamagedArchiveError as error:
        return replace(contents, fault=_fault_of(error, path))
    except CannotCheckError as error:
        return replace(contents, fault=_unreadable(error))
    return contents


def _collect(contents: Contents, path: str, *, options: VerifyOptions) -> None:
    largest = max(form_of(kind, options.side).n_bytes for kind in KINDS)
    sums: dict[Key, int | None] = {}
    for member in archived_files(path, max_bytes=largest):
        found = findings_of_member(member, path, options=options)
        contents.findings.extend(found)
        parsed = parse_path(member.path)
        if parsed is None:
            continue
        key, crc = (parsed.occurrence_id, parsed.kind), _crc_of(member)
        if key not in sums:
            sums[key] = crc
            if crc is not None and not found:
                contents.proven[key] = Proven(member.path, member.n_bytes, crc)
            continue
        again = _why_again(sums[key], crc)
        place = f"{path}: {member.path}"
        contents.findings.append(at_occurrence(again, parsed.occurrence_id, path=place))
        if again.is_error:  # which of them is meant, nobody knows
            contents.proven.pop(key, None)


def _crc_of(member: Archived) -> int | None:
    return None if member.content is None else zlib.crc32(member.content)


def _why_again(first: int | None, second: int | None) -> Problem:
    """Return the problem of a second member for a file that another member holds already."""
    if first is not None and first == second:
        return Problem("unexpected", "warning", "each file once", "a second member of equal content")
    sums = " and ".join("none" if crc is None else f"{crc:08x}" for crc in (first, second))
    return Problem("checksum", "error", "each file once", f"two members of unlike content (CRC-32 {sums})")


def _fault_of(error: DamagedArchiveError, path: str) -> Problem:
    if error.fault is not None:
        return Problem(error.fault, "error", "a whole archive", error.what)
    try:
        with readable(path):
            damage = why_stream_is_damaged(path)
    except CannotCheckError as refusal:
        return _unreadable(refusal)
    if damage is None:  # another reader sees no damage: it was the system that failed
        found = f"{error.what}, though it is whole: memory or file descriptors ran out, perhaps"
        return Problem("unreadable", "error", "a readable archive", found)
    return Problem(damage[0], "error", "a whole archive", damage[1])


def _unreadable(error: CannotCheckError) -> Problem:
    return Problem("unreadable", "error", "a readable archive", str(error).rstrip("."))
