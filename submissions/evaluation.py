"""Validating and scoring run files, with what the options, the environment and the competition give."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.metrics.metric import Metric
from submissions.competition.settings import Competition
from submissions.errors import BadInputError, GlckitError, UsageError
from submissions.files import written_atomically
from submissions.memory import memory_errors_named
from submissions.progress import SILENT, Progress
from submissions.run import DenseRun, Run
from submissions.scores import Evaluation, evaluate
from submissions.validation import Validation, validate
from submissions.yardstick import Inputs, Yardstick, scoring_yardstick, validation_yardstick

if TYPE_CHECKING:
    from submissions.examination import Examination


@dataclass(frozen=True)
class EvaluatedFile:
    """What came of one run file.

    Parameters
    ----------
    run : str
        The file, as given.
    evaluation : Evaluation, optional
        Its validation and, if it was to be scored and is valid, its score.
    metadata : mapping, optional
        What ``RUN.meta.json`` beside it says.
    error : GlckitError, optional
        Why it could not be checked.
    metrics : tuple of Metric
        Those that were asked for, the first of which ranks; empty where none were.
    examination : Examination, optional
        What was asked of its score beyond the number.
    """

    run: str
    evaluation: Evaluation | None = None
    metadata: Mapping[str, Any] | None = None
    error: GlckitError | None = None
    metrics: tuple[Metric, ...] = ()
    examination: Examination | None = None


def validate_files(
    runs: Sequence[str], inputs: Inputs, competition: Competition, *, progress: Progress = SILENT
) -> list[EvaluatedFile]:
    """Validate run files; ``-`` is standard input, and an unreadable file is a result like others.

    What is not given is taken from the competition.

    Raises
    ------
    CannotCheckError
        If a test, training or species file cannot be used.
    """
    yardstick = validation_yardstick(inputs, competition)
    return [_evaluated(run, yardstick, progress=progress) for run in runs]


def score_files(
    runs: Sequence[str], inputs: Inputs, competition: Competition, *, progress: Progress = SILENT
) -> list[EvaluatedFile]:
    """Validate run files and score the valid ones; see `validate_files`.

    Raises
    ------
    UsageError
        If no truth is given.
    CannotCheckError
        If the truth, or a test, training or species file, cannot be used.
    """
    if inputs.by:
        from submissions.parts import check_by

        check_by(inputs.by)
    if inputs.refit and not inputs.by:
        raise UsageError("--refit fits the thresholds of parts.", "Say which with --by, such as --by region.")
    yardstick = scoring_yardstick(inputs, competition, progress=progress)
    if inputs.asks_more:
        yardstick.units  # noqa: B018 - places that cannot be used are no fault of a run
    return [_evaluated(run, yardstick, progress=progress) for run in runs]


def write_per_occurrence(outcomes: Sequence[EvaluatedFile], path: Path) -> None:
    """Write a row for each run and occurrence of the truth, as CSV or Parquet by the suffix."""
    import pandas as pd

    frames = [
        outcome.evaluation.score.to_frame().assign(run=outcome.run)
        for outcome in outcomes
        if outcome.evaluation is not None and outcome.evaluation.score is not None
    ]
    if not frames:
        return
    frame = pd.concat(frames) if len(outcomes) > 1 else frames[0].drop(columns="run")
    with written_atomically(path) as temporary:
        if path.suffix.lower() == ".csv":
            frame.to_csv(temporary, index=False)
        else:
            frame.to_parquet(temporary, index=False)


def check_one_run(runs: Sequence[str]) -> None:
    """Refuse several runs for one file of missing ids, before any work."""
    if len(runs) != 1:
        raise UsageError(f"--missing-ids takes one run, not {len(runs)}.", "Validate the runs one by one.")


def write_missing_ids(validation: Validation, path: Path) -> int:
    """Write the ids of the occurrences that a run lacks, ascending and one per line, and return their number.

    Raises
    ------
    UsageError
        If there is no test file.
    BadInputError
        If so little of the run could be read that nobody knows what it lacks.
    """
    ids, code = validation.missing_ids, "missing-occurrence"
    if ids is None and code in validation.skipped and code not in validation.why_skipped:
        raise UsageError(
            "Without test occurrences none is missing.", "Give --test FILE, or a competition.toml."
        )
    if ids is None:
        why = validation.why_skipped.get(code, "the file cannot be read")
        raise BadInputError(f"Which occurrences {validation.run} lacks cannot be told: {why}.")
    with written_atomically(path) as temporary:
        temporary.write_text("".join(f"{each}\n" for each in ids.tolist()))
    return len(ids)


def check_frame_path(path: Path | None) -> None:
    """Refuse a file for rows of occurrences whose name says no format, before any work."""
    if path is not None and path.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"Cannot tell the format of {path}.", "Let it end in .csv or .parquet.")


def _evaluated(path: str, yardstick: Yardstick, *, progress: Progress) -> EvaluatedFile:
    asked = yardstick.requirements.metrics if yardstick.inputs.metric else ()
    try:
        with memory_errors_named(path):
            run = yardstick.read(path, progress=progress)
            if yardstick.truth is None:
                validation = validate(run, yardstick.requirements)
                return EvaluatedFile(path, Evaluation(validation, None), run.metadata, metrics=asked)
            return replace(_scored(run, yardstick), run=path, metadata=run.metadata, metrics=asked)
    except GlckitError as error:
        return EvaluatedFile(path, error=error, metrics=asked)


def _scored(run: Run | DenseRun, yardstick: Yardstick) -> EvaluatedFile:
    truth = yardstick.truth
    assert truth is not None
    evaluation = evaluate(run, truth, yardstick.requirements, n_threads=min(4, os.cpu_count() or 1))
    if evaluation.score is None or not yardstick.inputs.asks_more:
        return EvaluatedFile("", evaluation)
    # Few ask, and its imports take a twentieth of the time of scoring.
    from submissions.examination import examined

    scored, examination = examined(run, evaluation.score, yardstick)
    return EvaluatedFile("", replace(evaluation, score=scored), examination=examination)
