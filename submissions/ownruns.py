"""Runs of our own: written with metadata that tell them again, and never over a run that is not ours.

A run is ours if the metadata beside it name its digest, as that of the run or of the one that it replaces.
Metadata are put in place before the run, so that a kill in between leaves a run of ours with its `replaces`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError
from submissions.locks import folder_claimed
from submissions.metadata import DIGEST, REPLACES, file_digest, read_metadata, write_metadata
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.writing import RunWriter, run_writer


@dataclass
class OwnRun:
    """A run in the making: its writer, and the metadata to write beside it, in place when the block ends."""

    writer: RunWriter
    metadata: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def own_run_writer(
    path: str | os.PathLike[str],
    *,
    max_rows: int | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> Iterator[OwnRun]:
    """Open a run for writing, as `run_writer` does; it takes its place together with its metadata.

    Only one process at a time puts a pair in place, so that a run has the metadata of who wrote it.

    Raises
    ------
    UsageError
        If a run that is not ours is there, now or at the end, unless by `force`; or the name of the run has
        no suffix that tells a format.
    """
    refuse_foreign(path, force=force)
    with ExitStack() as claimed:

        def describe(temporary: Path) -> None:
            folder = Path(os.path.realpath(path)).parent
            claimed.enter_context(folder_claimed(folder, progress=progress))
            refuse_foreign(path, force=force)
            write_metadata(path, {**run.metadata, **_digests(temporary, Path(path))})

        with run_writer(path, max_rows=max_rows, sealed=describe) as writer:
            run = OwnRun(writer)
            yield run


def refuse_foreign(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise a UsageError if there is a file that is not a run of ours, unless `force` lets it be replaced."""
    if force or not os.path.lexists(path) or Path(path).is_dir() or own_digest(path) is not None:
        return
    raise UsageError(
        f"{printable(path)} is there, and is not a run that glckit wrote and described beside it.",
        "Name another file with -o, or replace it with --force.",
    )


def own_digest(path: str | os.PathLike[str]) -> str | None:
    """Return the digest of a run of ours; None if there is no file, or it is not ours."""
    if not Path(path).is_file():
        return None
    try:
        said = read_metadata(path) or {}
    except CannotCheckError:  # damaged metadata claim nothing
        return None
    found = file_digest(path)
    return found if found in (said.get(DIGEST), said.get(REPLACES)) else None


def _digests(new: Path, old: Path) -> dict[str, str]:
    digest, replaced = file_digest(new), own_digest(old)
    return {DIGEST: digest} if replaced in (None, digest) else {DIGEST: digest, REPLACES: str(replaced)}
