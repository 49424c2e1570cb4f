"""Validating and scoring run files with what the options, the environment and the folder give."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from submissions.competition.files import truth_of_environment
from submissions.competition.settings import Competition
from submissions.errors import CannotCheckError, GlckitError, UsageError
from submissions.files import written_atomically
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES, STDIN, Progress
from submissions.requirements import Requirements
from submissions.scores import Evaluation, evaluate
from submissions.tables import Truth, read_occurrence_ids, read_species, read_truth
from submissions.validation import validate

if TYPE_CHECKING:
    import pandas as pd

#: Opens a progress bar: description and number of bytes in, what to tell of each read out.
Bars = Callable[[str, int | None], AbstractContextManager[Progress | None]]


@dataclass(frozen=True)
class Inputs:
    """The files and rules of a validation or a scoring.

    Parameters
    ----------
    truth, species : Path, optional
        Truth and species table.
    test, train : tuple of Path
        Occurrence tables.
    k : int, optional
        Species an occurrence.
    max_rows, max_bytes : int, optional
        Limits of a run.
    allow_missing : bool
        Whether occurrences may be missing.
    """

    truth: Path | None = None
    test: tuple[Path, ...] = ()
    train: tuple[Path, ...] = ()
    species: Path | None = None
    k: int | None = None
    max_rows: int | None = None
    max_bytes: int | None = None
    allow_missing: bool = False

    def completed(self, competition: Competition) -> Inputs:
        """Return the inputs with what is not given taken from the competition.

        The test files of the competition are not added here where a truth was given by hand: see
        `_test_ids`.
        """
        return replace(
            self,
            truth=self.truth or competition.truth,
            test=self.test or competition.test,
            train=self.train or competition.train,
            species=self.species or competition.species,
            k=self.k or competition.k,
            max_rows=self.max_rows or competition.max_rows,
        )


@dataclass(frozen=True)
class Outcome:
    """What came of one run file.

    Parameters
    ----------
    run : str
        The file, as given.
    evaluation : Evaluation, optional
        Its validation and, if it was to be scored and is valid, its score.
    metadata : mapping, optional
        What the sidecar says.
    error : GlckitError, optional
        Why it could not be checked.
    """

    run: str
    evaluation: Evaluation | None = None
    metadata: Mapping[str, Any] | None = None
    error: GlckitError | None = None


def validate_files(
    runs: Sequence[str], inputs: Inputs, competition: Competition, bars: Bars
) -> list[Outcome]:
    """Validate run files.

    Parameters
    ----------
    runs : sequence of str
        The files; ``-`` is standard input.
    inputs : Inputs
        What was given.
    competition : Competition
        Where the rest comes from.
    bars : callable
        Opens a progress bar for each file.

    Returns
    -------
    list of Outcome
        One for each file, in order; an unreadable file is an outcome like others.

    Raises
    ------
    CannotCheckError
        If a test, training or species file cannot be used.
    """
    completed = inputs.completed(competition)
    test_ids = read_occurrence_ids(completed.test) if completed.test else None
    requirements = _requirements(completed, test_ids)
    return [_outcome(run, completed, bars, requirements, truth=None) for run in runs]


def score_files(runs: Sequence[str], inputs: Inputs, competition: Competition, bars: Bars) -> list[Outcome]:
    """Validate run files and score the valid ones; see `validate_files`.

    Raises
    ------
    UsageError
        If no truth is given.
    CannotCheckError
        If the truth, or a test, training or species file, cannot be used.
    """
    inputs = replace(inputs, truth=inputs.truth or truth_of_environment())
    completed = inputs.completed(competition)
    if completed.truth is None:
        raise UsageError("No truth to score against.", "Give --truth FILE, or set it in competition.toml.")
    truth = read_truth(completed.truth)
    requirements = _requirements(completed, _test_ids(truth, inputs, completed))
    return [_outcome(run, completed, bars, requirements, truth=truth) for run in runs]


def write_per_occurrence(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write a row for each run and occurrence of the truth, as CSV or Parquet by the suffix."""
    import pandas as pd

    frames = [
        outcome.evaluation.score.to_frame().assign(run=outcome.run)
        for outcome in outcomes
        if outcome.evaluation is not None and outcome.evaluation.score is not None
    ]
    if frames:
        _write_frame(pd.concat(frames) if len(outcomes) > 1 else frames[0].drop(columns="run"), path)


def check_frame_path(path: Path | None) -> None:
    """Refuse a file for rows of occurrences whose name says no format, before any work."""
    if path is not None and path.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"Cannot tell the format of {path}.", "Let it end in .csv or .parquet.")


def _write_frame(frame: pd.DataFrame, path: Path) -> None:
    with written_atomically(path) as temporary:
        if path.suffix.lower() == ".csv":
            frame.to_csv(temporary, index=False)
        else:
            frame.to_parquet(temporary, index=False)


def _requirements(inputs: Inputs, test_ids: NDArray[np.integer] | None) -> Requirements:
    return Requirements(
        test_ids=test_ids,
        train_ids=read_occurrence_ids(inputs.train) if inputs.train else None,
        species_ids=None if inputs.species is None else read_species(inputs.species),
        max_rows=inputs.max_rows,
        k=inputs.k or Requirements.k,
        allow_missing=inputs.allow_missing,
    )


def _test_ids(truth: Truth, given: Inputs, completed: Inputs) -> NDArray[np.integer]:
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
    if not given.test and given.truth is not None:
        return truth.ids
    names = ", ".join(map(str, completed.test))
    raise CannotCheckError(
        f"{n_outside:,} of the {len(truth):,} occurrences of the truth {completed.truth} are not in {names}.",
        "Give the test files that belong to the truth.",
    )


def _outcome(
    path: str, inputs: Inputs, bars: Bars, requirements: Requirements, *, truth: Truth | None
) -> Outcome:
    try:
        with bars(path, size_of(path)) as progress:
            run = read_run(path, max_bytes=inputs.max_bytes or MAX_BYTES, progress=progress)
        if truth is None:
            return Outcome(path, Evaluation(validate(run, requirements), None), run.metadata)
        return Outcome(path, evaluate(run, truth, requirements, n_threads=_n_threads()), run.metadata)
    except GlckitError as error:
        return Outcome(path, error=error)


def size_of(path: str) -> int | None:
    """Return the bytes of a regular file, None for anything else."""
    try:
        return Path(path).stat().st_size if path != STDIN and Path(path).is_file() else None
    except OSError:  # opening it will say what is wrong
        return None


def _n_threads() -> int:
    return min(4, os.cpu_count() or 1)
