"""Reading, validating, scoring and fusing run files from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from baselines.fusion.fusing import RunInMemory
from baselines.fusion.options import FusionOptions, Method, Missing
from baselines.fusion.plan import Weighting, plan_fusion
from baselines.fusion.results import write_fusion
from glckit.given import AnyRun, Ids, Path, ids_of, path_of_run, run_of, runs_of, species_of, truth_of
from scoring.score import Score, Scored
from submissions.arguments import is_path, the_names
from submissions.editions import edition_of
from submissions.limits import MAX_ROWS
from submissions.ownruns import own_run_writer, refuse_foreign
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.piped import repeatable
from submissions.reading.runs import read_run as read_file
from submissions.reading.sources import MAX_BYTES
from submissions.requirements import Requirements, metrics_asked
from submissions.run import DenseRun, Run
from submissions.scores import score as score_run
from submissions.species import NamesOnDemand
from submissions.tables import Truth, TruthSets, read_occurrence_ids
from submissions.validation import Validation
from submissions.validation import validate as validate_run
from submissions.writing import write_lists

__all__ = ["fuse", "read_run", "read_truth", "score", "validate"]


def read_run(
    path: Path,
    *,
    max_bytes: int = MAX_BYTES,
    edition: int | None = None,
    columns: str | Sequence[str] | None = None,
) -> Run | DenseRun:
    """Read a run file of any format.

    Parameters
    ----------
    path : path-like
        Text (plain, gzip, zstd, or a zip with one run in it), Parquet, or ``X.npy`` with its ids beside it;
        told apart by content. ``-`` is standard input.
    max_bytes : int, default 8 GiB
        Reading stops after so many decompressed bytes.
    edition : int, optional
        Year of the edition whose form a file without a header has; a header decides by itself.
    columns : sequence of str, optional
        What the columns of a file without a header are, in its order: ``occurrence``, ``species``,
        ``probability`` and ``rank``; or the same as one text with commas.

    Returns
    -------
    Run or DenseRun
        Lists of pairs, or a matrix. Its `faults` say what could not be read; `validate` finds the rest, and
        `score` refuses a run with errors.

    Raises
    ------
    UsageError
        If there is no such edition, a column is none of these, or `path` is no path but, say, a data frame.
    CannotCheckError
        If the file is absent or may not be read.
    """
    form = None if edition is None else edition_of(edition).form
    said = columns.split(",") if isinstance(columns, str) else columns
    names = None if said is None else the_names(said, "Columns are a list of names")
    options = ReadingOptions(max_bytes, headerless=Headerless(form, names))
    return read_file(path_of_run(path), options)


def validate(
    run: AnyRun,
    *,
    test: Ids | None = None,
    train: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    k: int = 30,
    allow_missing: bool = False,
    metrics: str | Sequence[str] = (),
) -> Validation:
    """Find everything that is wrong with a run.

    Parameters
    ----------
    run : path-like, Run or DenseRun
        A run file, or what `read_run` made of it.
    test, train : path-like, sequence of path-like, or ndarray of int, optional
        Occurrence tables, or ids of occurrences.
    species : path-like or ndarray of int, optional
        Species table, or ids of species.
    max_rows : int, optional
        Rows allowed per occurrence.
    k : int, default 30
        Species per occurrence of the metrics, for the warnings.
    allow_missing : bool, default False
        Whether missing occurrences are a warning only.
    metrics : sequence of str, optional
        What the run is to be scored by, as for `score`: other metrics, other warnings.

    Returns
    -------
    Validation
        All faults, and the checks that could not be made.

    Raises
    ------
    UsageError
        If there is no such metric; all unknown ones are named.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table.
    """
    species = repeatable(species) if is_path(species) else species
    requirements = Requirements(
        test_ids=ids_of(test, read_occurrence_ids),
        train_ids=ids_of(train, read_occurrence_ids),
        species_ids=species_of(species),
        names=NamesOnDemand(species if is_path(species) else None),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
        metrics=metrics_asked(metrics),
    )
    return validate_run(run_of(run), requirements)


@overload
def read_truth(path: Path, *, sets: Literal[False] = False) -> Truth: ...


@overload
def read_truth(path: Path, *, sets: Literal[True]) -> TruthSets: ...


def read_truth(path: Path, *, sets: bool = False) -> Truth | TruthSets:
    """Read the true species of the test occurrences.

    Parameters
    ----------
    path : path-like
        A table with ``id`` and ``species_id``, or names that other editions use, such as
        ``surveyId,predictions``; further columns are skipped.
    sets : bool, default False
        Whether an occurrence may have several species, in several rows or with blanks between them, as the
        metrics ``f1-samples`` and ``f1-micro`` take them. A pair that is said twice counts once.

    Returns
    -------
    Truth or TruthSets
        By ascending id.

    Raises
    ------
    UsageError
        If `path` is no path.
    CannotCheckError
        If the file is absent or unusable: no rows, a species that is empty or no integer or, unless `sets`,
        a doubled id. The message names the lines.
    """
    return truth_of(path, sets=sets)


@overload
def score(
    run: AnyRun,
    truth: Path | Truth,
    *,
    metrics: tuple[()] = ...,
    k: int = ...,
    test: Ids | None = ...,
    species: Path | NDArray[np.integer] | None = ...,
    max_rows: int | None = ...,
    allow_missing: bool = ...,
) -> Score: ...


@overload
def score(
    run: AnyRun,
    truth: Path | Truth | TruthSets,
    *,
    metrics: str | Sequence[str],
    k: int = ...,
    test: Ids | None = ...,
    species: Path | NDArray[np.integer] | None = ...,
    max_rows: int | None = ...,
    allow_missing: bool = ...,
) -> Scored: ...


def score(
    run: AnyRun,
    truth: Path | Truth | TruthSets,
    *,
    metrics: str | Sequence[str] = (),
    k: int = 30,
    test: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    max_rows: int | None = None,
    allow_missing: bool = False,
) -> Scored:
    """Score a run by adaptive top-K and top-K accuracy, or by metrics of other editions.

    Parameters
    ----------
    run : path-like, Run or DenseRun
        A run file, or what `read_run` made of it.
    truth : path-like, Truth or TruthSets
        The true species of each occurrence.
    metrics : sequence of str, optional
        ``adaptive-top-k``, ``top-k``, ``top-k-error``, ``mrr``, ``f1-samples`` or ``f1-micro``; the first
        one ranks. The last two take several true species per occurrence; the others only one.
    k : int, default 30
        Species per occurrence.
    test : path-like, sequence of path-like, or ndarray of int, optional
        Occurrence tables or ids, if the truth covers only some of the test set; pairs of the others are
        dropped before the threshold is fitted.
    species, max_rows, allow_missing
        As for `validate`.

    Returns
    -------
    Score or Scored
        `scores` by metric, each with a signature, and `to_frame` for a row for each occurrence. Where each
        occurrence has one true species, it is a `Score`, which has both metrics of 2020 whatever was asked
        for.

    Raises
    ------
    UsageError
        If there is no such metric; all unknown ones are named.
    InvalidRunError
        If the run has errors; its `validation` has them all.
    CannotCheckError
        If a file is absent, may not be read, or is an unusable table; or if the truth has several species
        for an occurrence and a metric takes only one.

    Examples
    --------
    >>> from scoring.sets import TrueSets
    >>> from scoring.sparse import Pairs
    >>> run = Run("a", np.array([7]), Pairs(np.array([0, 2]), np.array([1, 2]), np.array([0.7, 0.3])))
    >>> truth = TruthSets(np.array([7, 8]), TrueSets(np.array([0, 2, 3]), np.array([1, 4, 2])))
    >>> score(run, truth, metrics=["f1-samples", "f1-micro"], allow_missing=True).scores
    {'f1-samples': 0.25, 'f1-micro': 0.4}
    """
    requirements = Requirements(
        test_ids=ids_of(test, read_occurrence_ids),
        species_ids=species_of(species),
        max_rows=max_rows,
        k=k,
        allow_missing=allow_missing,
        metrics=metrics_asked(metrics),
    )
    return score_run(run_of(run), truth_of(truth, sets=requirements.of_sets), requirements)


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
