"""Fusing runs from Python."""

from __future__ import annotations

from collections.abc import Sequence

from baselines.fusion.fusing import RunInMemory
from baselines.fusion.options import FusionOptions, Method, Missing
from baselines.fusion.plan import Weighting, plan_fusion
from baselines.fusion.results import write_fusion
from glckit.face.given import AnyRun, Path, runs_of, truth_of
from submissions.limits import MAX_ROWS
from submissions.ownruns import own_run_writer, refuse_foreign
from submissions.run import Run
from submissions.tables import Truth
from submissions.writing import write_lists

__all__ = ["fuse"]


def fuse(
    runs: Sequence[AnyRun],
    output: Path | None = None,
    *,
    weights: Sequence[float] | None = None,
    method: Method = "mean",
    missing: Missing = "error",
    max_rows: int = MAX_ROWS,
    tune: Path | Truth | None = None,
    force: bool = False,
) -> Run:
    """Fuse runs: average their scores, occurrence by occurrence.

    Parameters
    ----------
    runs : sequence of path-like, Run or DenseRun
        Two or more run files, or what `read_run` made of them; lists and matrices may be mixed.
    output : path-like, optional
        Where to write the fused run, with its metadata beside it.
    weights : sequence of float, optional
        One for each run; equal by default. Only their ratios matter, and 0 leaves a run out.
    method : {"mean", "geometric", "reciprocal-rank"}
        Weighted average, or weighted geometric mean, of scores divided by their sum; or weighted average
        of 1 / (60 + rank).
    missing : {"error", "renormalise"}
        Whether all runs must have the same occurrences, or an occurrence that one lacks is averaged over
        the others.
    max_rows : int, default 150
        Species kept for an occurrence, the best; ties by species id.
    tune : path-like or Truth, optional
        Choose the weights by the adaptive score on this truth.
    force : bool, default False
        Whether a file that is not a run of glckit's own may be replaced.

    Returns
    -------
    Run
        The fused run, occurrences by ascending id, best species first; the same to the last bit for runs
        in any order. Its `metadata` say how it was made and carry those of its parts.

    Raises
    ------
    UsageError
        If there are fewer than two runs, an option cannot be meant, or `output` is there and is not a run
        that glckit wrote and described beside it.
    BadInputError
        If a run is invalid, or the runs cannot be fused as is asked.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.

    Examples
    --------
    >>> import numpy as np
    >>> from scoring.sparse import Pairs
    >>> first = Run("a", np.array([7]), Pairs(np.array([0, 2]), np.array([1, 2]), np.array([3.0, 1.0])))
    >>> second = Run("b", np.array([7]), Pairs(np.array([0, 1]), np.array([2]), np.array([5.0])))
    >>> fused = fuse([first, second])
    >>> fused.pairs.species.tolist(), fused.pairs.scores.tolist()
    ([2, 1], [0.625, 0.375])
    """
    if output is not None:
        refuse_foreign(output, force=force)
    truth = None if tune is None else truth_of(tune, sets=False)
    options = FusionOptions(method, missing, max_rows)
    plan = plan_fusion(runs_of(runs), Weighting(weights, truth), options=options)
    memory = RunInMemory()
    run = memory.run(write_fusion(plan, memory).metadata())
    if output is not None:
        with own_run_writer(output, force=force) as file:
            write_lists(file.writer, run.occurrence_ids, run.pairs)
            file.metadata = run.metadata or {}
    return run
