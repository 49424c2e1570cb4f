"""The check of one file of a patch: its type, size and header, and the content that one read shows."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, replace

from baselines.covariates.patches.layout import Kind
from baselines.covariates.patches.npyheader import HEADER_BYTES, FileForm, form_of, why_bad_header
from baselines.integrity.findings import Level, Problem
from baselines.integrity.manifests.digests import Proof
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.altitude import altitude_problems, lost_altitude_problems
from baselines.integrity.patches.bands import bands_problems
from baselines.integrity.patches.holes import hole_problems
from submissions.opening import kind_of

#: What a name leads to, or why that is not known.
Status = os.stat_result | Problem

# A FIFO under the name of a patch must not hold the check up; it is told by its type.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BLOCK_UNIT = 512  # of st_blocks, whatever the file system's own blocks are
_VANISHED = Problem("unstable", "error", "a file at rest", "it vanished during the check")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What the check of one file showed; and its bytes, where it was read whole and has the right form."""

    problems: list[Problem]
    raw: bytes | None = None


def stat_of(entry: os.DirEntry[str]) -> Status:
    """Return the status of what a name leads to."""
    try:
        status = entry.stat(follow_symlinks=False)
        return os.stat(entry.path) if stat.S_ISLNK(status.st_mode) else status  # noqa: PTH116
    except OSError as error:
        return problem_of_error(error)


def problem_of_error(error: OSError) -> Problem:
    """Return what an error of the operating system says of a file; never that the file is missing."""
    if error.errno == errno.ELOOP:
        return Problem("wrong-type", "error", "a regular file", "a loop of symbolic links")
    if error.errno == errno.ENOENT:
        return Problem("wrong-type", "error", "a regular file", "a dangling symbolic link")
    return Problem("unreadable", "error", "a readable file", error.strerror or str(error))


def check_file(
    path: str,
    status: Status,
    *,
    kind: Kind,
    region: str,
    options: VerifyOptions,
    proof: Proof | None = None,
) -> CheckedFile:
    """Check one file of a patch of a region, ``"fr"``, ``"us"`` or ``"other"``.

    A file that changed between `status`, as `stat_of` gives it, and the end of the check is ``unstable``,
    and nothing else is said of it.
    """
    if isinstance(status, Problem):
        return CheckedFile([status])
    if not stat.S_ISREG(status.st_mode):
        return CheckedFile([Problem("wrong-type", "error", "a regular file", kind_of(status.st_mode))])
    form = form_of(kind, options.side)
    try:
        raw, after = _read(path, _n_bytes_to_read(status, form.n_bytes, level=options.level))
    except OSError as error:
        return CheckedFile([_VANISHED if error.errno == errno.ENOENT else problem_of_error(error)])
    if (
        status.st_mtime_ns != after.st_mtime_ns
        or status.st_size != after.st_size
        or status.st_ino != after.st_ino
    ):
        return CheckedFile([replace(_VANISHED, found="it changed during the check")])
    if status.st_size != form.n_bytes or raw[:HEADER_BYTES] != form.header:
        return CheckedFile(_form_problems(raw, status.st_size, form=form))
    if len(raw) < form.n_bytes:
        return CheckedFile([])
    return CheckedFile(_problems_given_proof(raw, kind, region=region, options=options, proof=proof), raw)


def _n_bytes_to_read(status: os.stat_result, n_bytes: int, *, level: Level) -> int:
    # At the quick level, only a file with fewer blocks on disk than bytes is worth a read: it may
    # have been preallocated and never filled.
    if status.st_size != n_bytes:
        return HEADER_BYTES
    n_on_disk: int = getattr(status, "st_blocks", n_bytes) * _BLOCK_UNIT
    return HEADER_BYTES if level == "quick" and n_on_disk >= n_bytes else n_bytes


def _read(path: str, n_bytes: int) -> tuple[bytes, os.stat_result]:
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        raw = os.read(descriptor, n_bytes)
        while len(raw) < n_bytes and (more := os.read(descriptor, n_bytes - len(raw))):
            raw += more
        return raw, os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _form_problems(raw: bytes, size: int, *, form: FileForm) -> list[Problem]:
    problems = []
    if size != form.n_bytes:
        problems.append(Problem("wrong-size", "error", f"{form.n_bytes} bytes", f"{size} bytes"))
    # Of a file that is cut inside its header, the size says all.
    why = None if form.header.startswith(raw) else why_bad_header(raw, form)
    if why is not None:
        expected = f"the header of {form.dtype.str} values of shape {form.shape}"
        problems.append(Problem("bad-header", "error", expected, why))
    return problems


def content_problems(raw: bytes, kind: Kind, *, region: str, options: VerifyOptions) -> list[Problem]:
    """Check the content of a file whose size and header are right."""
    if kind == "bands":
        return bands_problems(raw, region, thresholds=options.limits)
    return altitude_problems(raw, region, thresholds=options.limits, patch_size=options.side)


def _problems_given_proof(
    raw: bytes, kind: Kind, *, region: str, options: VerifyOptions, proof: Proof | None
) -> list[Problem]:
    if options.level == "quick":
        holes = hole_problems if kind == "bands" else lost_altitude_problems
        return holes(raw, options.limits)
    problems = content_problems(raw, kind, region=region, options=options)
    if proof is None:
        return problems
    digest = proof.digest_of(raw)
    if digest == proof.digest:
        # The file is what it was published as: what looks odd in it is no damage.
        return [replace(odd, severity="warning") for odd in problems]
    return [Problem("checksum", "error", proof.digest.hex(), digest.hex()), *problems]
