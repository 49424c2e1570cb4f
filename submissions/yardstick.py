"""What run files are checked and scored against: from options, environment and competition to tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.uncertainty.sampling import N_REPLICATES, SEED, Sampling
from submissions.competition.files import truth_of_environment
from submissions.competition.settings import Competition
from submissions.editions import EDITIONS, Edition
from submissions.errors import CannotCheckError, UsageError
from submissions.faults import MAX_EXAMPLES
from submissions.ordering import is_among
from submissions.places import TruthUnits, units_of_truth
from submissions.progress import SILENT, Progress
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.piped import AnyPath, repeatable
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES
from submissions.requirements import Requirements, metrics_asked
from submissions.run import DenseRun, Run
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
    ci : bool
        Whether scores get intervals.
    by : tuple of str
        What scores are broken down by; see `submissions.parts.By`.
    refit : bool
        Whether each part gets a threshold of its own.
    plot : Path, optional
        The folder of the pictures that scores get.
    replicates, seed : int
        Of the bootstrap behind intervals and comparisons.
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
    ci: bool = False
    by: tuple[str, ...] = ()
    refit: bool = False
    plot: Path | None = None
    replicates: int = N_REPLICATES
    seed: int = SEED

    @property
    def asks_more(self) -> bool:
        """Whether more than the number is asked of a score; see `submissions.examination`."""
        return self.ci or bool(self.by) or self.plot is not None

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
class Yardstick:
    """What run files are checked and scored against, how they are read, and how sure their scores are.

    Parameters
    ----------
    inputs : Inputs
        With what the competition adds to them.
    truth : Truth or TruthSets, optional
        None where runs are only validated.
    """

    requirements: Requirements
    inputs: Inputs
    truth: Truth | TruthSets | None = None

    def read(self, path: str | os.PathLike[str], *, progress: Progress = SILENT) -> Run | DenseRun:
        """Read a run file; see `submissions.reading.runs.read_run`."""
        return read_run(path, self.inputs.reading, progress=progress)

    @cached_property
    def units(self) -> TruthUnits:
        """What is drawn when the test set is drawn again: quadrats, or occurrences where no file has places.

        Raises
        ------
        CannotCheckError
            If a place is off the globe, or a file cannot be used.
        """
        assert self.truth is not None
        assert self.inputs.truth is not None
        return units_of_truth(self.truth.ids, [self.inputs.truth], self.inputs.test)

    @cached_property
    def sampling(self) -> Sampling:
        """The replicates, the same for all runs."""
        inputs = self.inputs
        return Sampling.of(self.units.units, n_replicates=inputs.replicates, seed=inputs.seed)


def validation_yardstick(inputs: Inputs, competition: Competition) -> Yardstick:
    """Return what runs are validated against; errors as those of `submissions.evaluation.validate_files`."""
    completed = inputs.completed(competition).repeatable()
    test_ids = read_occurrence_ids(completed.test) if completed.test else None
    requirements = _requirements(completed, test_ids)
    _refuse_stale_tables(completed.test, completed.train, requirements)
    return Yardstick(requirements, completed)


def scoring_yardstick(inputs: Inputs, competition: Competition, *, progress: Progress = SILENT) -> Yardstick:
    """Return what runs are scored against; errors as those of `score_files`."""
    inputs = replace(inputs, truth=inputs.truth or truth_of_environment())
    completed = inputs.completed(competition).repeatable()
    if completed.truth is None:
        raise UsageError("No truth to score against.", "Give --truth FILE, or set it in competition.toml.")
    truth = _truth(completed.truth, metrics_asked(completed.metric), progress)
    requirements = _requirements(completed, _test_ids(truth, inputs, completed))
    _refuse_stale_tables((completed.truth, *completed.test), completed.train, requirements)
    return Yardstick(requirements, completed, truth)


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
