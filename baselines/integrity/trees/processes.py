"""Run portions of a verification here, in processes, or wherever joblib's backends reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool

from baselines.integrity.patches.file import Settings
from baselines.integrity.trees.folder import FolderResult, FolderTask, check_folders
from submissions.errors import CannotCheckError, require


def run_portions(
    portions: Iterable[list[FolderTask]], settings: Settings, *, jobs: int | None
) -> Iterator[list[FolderResult]]:
    """Check portions of folders, in whatever order they end.

    Parameters
    ----------
    portions : iterable of list of FolderTask
        Consumed little by little, so that it may end early.
    settings : Settings
        Level, patch size and thresholds.
    jobs : int or None
        Processes; 1 runs here, and None leaves it to ``joblib.parallel_config``, whose backend may be
        a cluster.

    Yields
    ------
    list of FolderResult
        One list a portion.

    Raises
    ------
    CannotCheckError
        If a worker died: then nothing is known of its portion.
    UsageError
        If joblib is needed and not installed.
    """
    if jobs == 1:
        yield from (check_folders(portion, settings) for portion in portions)
        return
    joblib = require("joblib", "patches")
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    try:
        yield from parallel(joblib.delayed(check_folders)(portion, settings) for portion in portions)
    except BrokenProcessPool as error:
        raise CannotCheckError(
            "A process of the verification died, perhaps for want of memory.",
            "Run it again with fewer --jobs; it continues where it was.",
        ) from error
