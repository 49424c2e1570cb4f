"""Run portions of a verification here, in processes, or wherever joblib's backends reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool

from baselines.integrity.options import VerifyOptions
from baselines.integrity.trees.folder import CheckedFolder, FolderTask, check_folders
from submissions.errors import CannotCheckError, require


def run_portions(
    portions: Iterable[list[FolderTask]], options: VerifyOptions
) -> Iterator[list[CheckedFolder]]:
    """Check portions of folders, consumed little by little, in whatever order they end.

    With ``jobs=1`` that is done here; with None joblib's backend decides, which may be a cluster.

    Raises
    ------
    CannotCheckError
        If a worker died: then nothing is known of its portion.
    UsageError
        If joblib is needed and not installed.
    """
    if options.jobs == 1:
        yield from (check_folders(portion, options) for portion in portions)
        return
    joblib = require("joblib", "patches")
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    try:
        yield from parallel(joblib.delayed(check_folders)(portion, options) for portion in portions)
    except BrokenProcessPool as error:
        raise CannotCheckError(
            "A process of the verification died, perhaps for want of memory.",
            "Run it again with fewer --jobs; it continues where it was.",
        ) from error
