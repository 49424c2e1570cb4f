"""What is remembered of archives that were verified, so that baselines may read patches from them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from baselines.integrity.archives.check import ArchiveCheck
from baselines.integrity.memory.records import Record
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from submissions.errors import CannotCheckError


def remember_archive(check: ArchiveCheck, state: str | os.PathLike[str], *, patch_size: int) -> None:
    """Keep what the check of an archive showed, for as long as the archive does not change.

    Raises CannotCheckError if the state file cannot be written.
    """
    status = _status(check.path)
    damaged = [f for f in check.findings if f.occurrence_id is not None and f.problem.is_error]
    ids = check.ids | {i for i, _ in check.proven} | {f.occurrence_id for f in damaged}
    record = Record({i: status for i in ids if i is not None}, tuple(damaged))
    with contextlib.closing(State(state, VerifyOptions("full", patch_size))) as memory:
        memory.remember([(os.path.realpath(check.path), record)])


def recall_archive(
    path: str | os.PathLike[str], state: str | os.PathLike[str], *, patch_size: int
) -> Record | None:
    """Return what is remembered of an archive; None if it is unknown or has changed since.

    Raises CannotCheckError if the archive or the state file cannot be read.
    """
    with contextlib.closing(State(state, VerifyOptions("full", patch_size))) as memory:
        record = memory.recall([os.path.realpath(path)]).get(os.path.realpath(path))
    if record is None or not record.statuses:
        return None
    return record if set(record.statuses.values()) == {_status(path)} else None


def _status(path: str | os.PathLike[str]) -> str:
    try:
        status = Path(path).stat()
    except OSError as error:
        raise CannotCheckError(f"Cannot read {os.fspath(path)}: {error.strerror or error}.") from error
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
