"""Validating and scoring run files, with what the options, the environment and the competition give."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from submissions.competition.files import truth_of_environment
from submissions.competition.settings import Competition
from submissions.editions import EDITIONS, Edition
from submissions.errors import BadInputError, CannotCheckError, GlckitError, UsageError
from submissions.faults import MAX_EXAMPLES
from submissions.files import written_atomically
from submissions.memory import memory_errors_named
from submissions.ordering import is_among
from submissions.progress import SILENT, Progress
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.piped import AnyPath, repeatable
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES
from submissions.requirements import Requirements, metrics_asked
from submissions.scores import Evaluation, evaluate
from submissions.species import NamesOnDemand
from submissions.staleness import BY_CHANCE, agrees_by_chance, refuse_moved
from submissions.tables import (
    Truth,
    TruthSets,
    read_occurrence_ids,
    read_species,
    read_truth,
    read_truth_sets,
)
from submissions.validation import Validation, validate
from submissions.wording import counted


@dataclass(frozen=True)
class Inputs:
    """The files and rules of a validation or a scoring, as far as they are given.

    Parameters
    ----------
    test, train : tuple of Path
        Occurrence tables.
    k : int, optional
        Species per occurrence of the metrics.
    max_rows : int, optional
        Rows allowed per occurrence.
    metric : tuple of str
        Names of the metrics that are asked for, the first of which ranks; without any, those of 2020.
    max_bytes : int, optional
        Decompressed bytes that are read of a run.
    columns : tuple of str, optional
        What the columns of runs without a header are.
    edition : Edition, optional
        That of the competition.
    every_example : bool
        Whether faults keep all examples.
    """

    truth: AnyPath | None = None
    test: tuple[AnyPath, ...] = ()
    train: tuple[AnyPath, ...] = ()
    species: AnyPath | None = None
    k: int | None = None
    metric: tuple[str, ...] = ()
    max_rows: int | None = None
    max_bytes: int | None = None
    columns: tuple[str, ...] | None = None
    edition: Edition | None = None
    allow_missing: bool = False
    every_example: bool = False

    @property
    def max_examples(self) -> int:
        """Examples that a fault keeps."""
        return sys.maxsize if self.every_example else MAX_EXAMPLES

    @property
    def reading(self) -> ReadingOptions:
        """How the runs are read."""
        said = Headerless(self.edition.form if self.edition else None, self.columns)
        return ReadingOptions(self.max_bytes or MAX_BYTES, self.max_examples, said)

    def completed(self, competition: Competition) -> Inputs:
        """Return the inputs with what is not given taken from the competition.

        Its test files may not fit a truth that was given by hand; see `_test_ids`.
        """
        shared = ("truth", "test", "train", "species", "k", "max_rows", "metric", "edition")
        return replace(self, **{name: getattr(self, name) or getattr(competition, name) for name in shared})

    def repeatable(self) -> Inputs:
        """Return the inputs with tables that can be read again, also where they come through pipes."""
        truth, species = (None if each is None else repeatable(each) for each in (self.truth, self.species))
        test, train = (tuple(map(repeatable, each)) for each in (self.test, self.train))
        return replace(self, truth=truth, species=species, test=test, train=train)


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
    """

    run: str
    evaluation: Evaluation | None = None
    metadata: Mapping[str, Any] | None = None
    error: GlckitError | None = None
    metrics: tuple[Metric, ...] = ()


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
    completed = inputs.completed(competition).repeatable()
    test_ids = read_occurrence_ids(completed.test) if completed.test else None
    requirements = _requirements(completed, test_ids)
    _refuse_stale_tables(completed.test, completed.train, requirements)
    return [_evaluated(run, requirements, inputs=completed, progress=progress) for run in runs]


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
    inputs = replace(inputs, truth=inputs.truth or truth_of_environment())
    completed = inputs.completed(competition).repeatable()
    if completed.truth is None:
        raise UsageError("No truth to score against.", "Give --truth FILE, or set it in competition.toml.")
    truth = _truth(completed.truth, metrics_asked(completed.metric), progress)
    requirements = _requirements(completed, _test_ids(truth, inputs, completed))
    _refuse_stale_tables((completed.truth, *completed.test), completed.train, requirements)
    return [_evaluated(run, requirements, truth, inputs=completed, progress=progress) for run in runs]


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


def _requirements(inputs: Inputs, test_ids: NDArray[np.integer] | None) -> Requirements:
    metrics = metrics_asked(inputs.metric)
    once = not all(metric.needs == "sets" for metric in metrics)
    return Requirements(
        test_ids=test_ids,
        train_ids=read_occurrence_ids(inputs.train, once=once) if inputs.train else None,
        species_ids=None if inputs.species is None else read_species(inputs.species),
        names=NamesOnDemand(inputs.species),
        max_rows=inputs.max_rows,
        k=inputs.k or Requirements.k,
        allow_missing=inputs.allow_missing,
        metrics=metrics,
        of_2018=inputs.edition == EDITIONS[2018],
        max_examples=inputs.max_examples,
    )


def _truth(path: AnyPath, metrics: Sequence[Metric], progress: Progress) -> Truth | TruthSets:
    """Read a truth as the metrics need it: as sets where none of them wants one species per occurrence."""
    if not all(metric.needs == "sets" for metric in metrics):
        return read_truth(path)
    truth = read_truth_sets(path)
    if truth.n_doubled:
        times = counted(truth.n_doubled, "pair")
        progress.say(f"{path} says {times} of occurrence and species again; each counts once.")
    return truth


def _test_ids(truth: Truth | TruthSets, given: Inputs, completed: Inputs) -> NDArray[np.integer]:
    """Return the test set: of the test files, or of the truth where none fit it.

    A truth given by hand, such as that of a validation part, need not belong to the test files of the
    competition folder; then its own occurrences are the test set.
    """
    if not completed.test:
        return truth.ids
    test_ids = read_occurrence_ids(completed.test)
    n_outside = int(np.count_nonzero(~np.isin(truth.ids, test_ids)))
    if not n_outside:
        return test_ids
    if completed.truth is not None and n_outside < len(truth):
        refuse_moved([completed.truth], completed.test)
    if not given.test and given.truth is not None:
        return truth.ids
    outside = f"{n_outside:,} of the {len(truth):,} occurrences of the truth"
    names = ", ".join(map(str, completed.test))
    why = f"; {BY_CHANCE}" if agrees_by_chance(truth.ids, test_ids) else ""
    raise CannotCheckError(
        f"{outside} {completed.truth} are not in {names}{why}.",
        "Give the test files that belong to the truth.",
    )


def _refuse_stale_tables(
    tests: Sequence[AnyPath], trains: Sequence[AnyPath], requirements: Requirements
) -> None:
    """Compare the places of test and training tables that share ids, as those of one time seldom do."""
    test_ids, train_ids = requirements.test_ids, requirements.train_ids
    if test_ids is not None and train_ids is not None and is_among(test_ids, train_ids).any():
        refuse_moved(tests, trains)


def _evaluated(
    path: str,
    requirements: Requirements,
    truth: Truth | TruthSets | None = None,
    *,
    inputs: Inputs,
    progress: Progress,
) -> EvaluatedFile:
    asked = requirements.metrics if inputs.metric else ()
    try:
        with memory_errors_named(path):
            run = read_run(path, inputs.reading, progress=progress)
            evaluation = (
                Evaluation(validate(run, requirements), None)
                if truth is None
                else evaluate(run, truth, requirements, n_threads=min(4, os.cpu_count() or 1))
            )
            return EvaluatedFile(path, evaluation, run.metadata, metrics=asked)
    except GlckitError as error:
        return EvaluatedFile(path, error=error, metrics=asked)
