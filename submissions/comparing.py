"""Comparing run files: read one at a time, kept as what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.uncertainty.comparison import Comparison, compare
from scoring.uncertainty.estimate import Estimate
from submissions.competition.settings import Competition
from submissions.errors import UsageError
from submissions.memory import memory_errors_named
from submissions.progress import SILENT, Progress
from submissions.scores import estimated
from submissions.yardstick import Inputs, Yardstick, scoring_yardstick


def compare_files(
    runs: Sequence[str], inputs: Inputs, competition: Competition, *, progress: Progress = SILENT
) -> Comparison:
    """Compare run files by the metric that ranks, with no more than one of them in memory.

    Raises
    ------
    UsageError
        If there are fewer than two runs, one is named twice, or no truth is given.
    InvalidRunError
        If a run has errors.
    CannotCheckError
        If a run, the truth, or a test, training or species file cannot be used.
    """
    if len(runs) < 2:
        raise UsageError("A comparison takes two runs or more.", "Name them: glckit compare A.csv B.csv")
    yardstick = scoring_yardstick(inputs, competition, progress=progress)
    with progress.bar("comparing", len(runs)) as advance:
        estimates = []
        for run in runs:
            estimates.append(_estimate(run, yardstick, progress=progress))
            advance(1)
    try:
        return compare(runs, estimates)
    except ValueError as error:  # scored alike they are, but for what they lack
        raise UsageError(f"{error}.") from error


def _estimate(path: str, yardstick: Yardstick, *, progress: Progress) -> Estimate:
    assert yardstick.truth is not None
    with memory_errors_named(path):
        run = yardstick.read(path, progress=progress)
        return estimated(run, yardstick.truth, yardstick.requirements, sampling=yardstick.sampling)
