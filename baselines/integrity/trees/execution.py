"""Carry out the plan of a verification: recall, check, remember, in processes and within the time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from baselines.integrity.manifests.manifest import Manifest
from baselines.integrity.memory.records import NOTHING
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.trees.folder import CheckedFolder, FolderTask, check_folders
from baselines.integrity.trees.planning import portions
from submissions.errors import CannotCheckError, require
from submissions.progress import Advance


def run_tasks(
    tasks: Sequence[FolderTask],
    memory: State,
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    advance: Advance,
) -> Iterator[CheckedFolder]:
    """Check folders, telling how many occurrences are done.

    Raises CannotCheckError if a worker died.
    """
    known = _with_what_is_known(tasks, memory, options=options, manifest=manifest)
    for checked in run_portions(known, options):
        memory.remember((each.key, each.record) for each in checked if each.record.patches)
        # A million records take long to hold.
        yield from (replace(each, record=NOTHING) for each in checked)
        advance(sum(len(each.ids) for each in checked))


def _with_what_is_known(
    tasks: Sequence[FolderTask], memory: State, *, options: VerifyOptions, manifest: Manifest | None
) -> Iterator[list[FolderTask]]:
    """Yield tasks in portions, with what the state file and the manifest say, until the time is up."""
    end = None if options.max_duration is None else time.monotonic() + options.max_duration
    digest = "" if manifest is None else manifest.digest
    for portion in portions(tasks):
        if end is not None and time.monotonic() >= end:
            return
        records = memory.recall([task.key for task in portion])
        proofs = [manifest.proofs(task.ids) if manifest is not None else {} for task in portion]
        yield [
            replace(task, record=records.get(task.key, NOTHING), proofs=own, manifest=digest)
            for task, own in zip(portion, proofs, strict=True)
        ]


def run_portions(
    portions: Iterable[list[FolderTask]], options: VerifyOptions
) -> Iterator[list[CheckedFolder]]:
    """Check portions of folders, consumed little by little, in whatever order they end.

    With ``jobs=1`` that is done here; with None joblib's backend decides, which may be a cluster. Raises
    CannotCheckError if a worker died: then nothing is known of its portion; UsageError if joblib is needed
    and not installed.
    """
    if options.jobs == 1:
        yield from (check_folders(portion, options) for portion in portions)
        return
    joblib = require("joblib", "patches")
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    try:
        here = _current_folder()
        yield from parallel(joblib.delayed(_check_from)(here, portion, options) for portion in portions)
    except BrokenProcessPool as error:
        raise CannotCheckError(
            "A process of the verification died, perhaps for want of memory.",
            "Run it again with fewer --jobs; it continues where it was.",
        ) from error


def _current_folder() -> str | None:
    try:
        return os.fspath(Path.cwd())
    except FileNotFoundError:  # removed; paths that lead to patches are absolute, then
        return None


def _check_from(
    folder: str | None, tasks: Sequence[FolderTask], options: VerifyOptions
) -> list[CheckedFolder]:
    # A process that is used again is still where its first caller was.
    if folder is not None:
        os.chdir(folder)
    return check_folders(tasks, options)
