"""Converting a run: read and mended, cut, and written as its target wants it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from scoring.metrics.f1_samples import F1_SAMPLES
from submissions.checks.sparse import repeated_pairs
from submissions.conversion.boards import refuse_other_than_text, write_board
from submissions.conversion.cutting import Cut
from submissions.conversion.lists import best_to_worst, lists_of, write_lists_of
from submissions.conversion.matrices import rows_of, write_rows_of
from submissions.conversion.options import ConversionOptions
from submissions.conversion.results import Conversion
from submissions.conversion.softmax import softmax_effect
from submissions.conversion.tuning import TunedCut, tuned
from submissions.editions import EDITIONS
from submissions.errors import UsageError
from submissions.files import refuse_existing
from submissions.memory import memory_errors_named
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.reading.mending import REPEATS, Mending
from submissions.reading.runs import read_run
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.species import NamesOnDemand
from submissions.tables import read_truth_sets
from submissions.validation import InvalidRunError, Validation, check
from submissions.writing import paths_written

_USUAL = ConversionOptions()


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: ConversionOptions = _USUAL,
    *,
    progress: Progress = SILENT,
) -> Conversion:
    """Convert a run in any format, also of other editions, into the format that the target's suffix names.

    ``-`` is standard input.

    Raises
    ------
    InvalidRunError
        If something is wrong that cannot be mended; nothing is written then.
    UsageError
        If there is a file already where one is to be written, unless `force` is given; or options do not
        go together.
    CannotCheckError
        If the truth to tune by cannot be used, or has none of the occurrences of the run.
    """
    path = Path(target)
    _refuse_contradictions(path, options)
    names = NamesOnDemand(options.species)
    mending = Mending(names.species_of)
    with memory_errors_named(os.fspath(source)):
        run = read_run(source, options.reading, mending=mending, progress=progress)
        run = _without_repeats(run, mending) if isinstance(run, Run) else run
        warnings = _checked(run, Requirements(), names).warnings
        tuning = None if options.tune is None else _tuned(run, options.tune)
        done = _written(run, path, options if tuning is None else replace(options, cut=tuning.best.cut))
        is_logits = isinstance(run, DenseRun) and any(each.code == "score-range" for each in warnings)
        softmax = softmax_effect(run.scores, options.k) if isinstance(run, DenseRun) and is_logits else None
    return replace(done, mended=+mending.counts, tuning=tuning, softmax=softmax)


def write_checked(
    run: Run | DenseRun,
    target: str | os.PathLike[str],
    options: ConversionOptions = _USUAL,
    requirements: Requirements | None = None,
) -> Conversion:
    """Write a run that was made in memory into the format that the target's suffix names.

    Raises
    ------
    InvalidRunError
        If the run does not meet the requirements; nothing is written then.
    UsageError
        As `convert`.
    """
    _refuse_contradictions(Path(target), options)
    _checked(run, requirements or Requirements(), NamesOnDemand())
    return _written(run, Path(target), options)


def _refuse_contradictions(path: Path, options: ConversionOptions) -> None:
    """Refuse options that do not go together, and to replace files, before any work."""
    if options.tune is not None:
        _refuse_tuning(options)
    if options.board is not None:
        refuse_other_than_text(path, options.board)
    if not options.force:
        for each in paths_written(path):
            refuse_existing(each)


def _refuse_tuning(options: ConversionOptions) -> None:
    if options.cut != Cut():
        raise UsageError("--tune chooses what --top and --above say.", "Give one of them.")
    years = [year for year, edition in EDITIONS.items() if edition.metrics[0] == F1_SAMPLES.name]
    if options.edition is None or options.edition.year not in years:
        raise UsageError(
            f"--tune makes sets for an edition that ranked by {F1_SAMPLES.name}.",
            f"Give --to with one of {', '.join(map(str, years))}.",
        )


def _tuned(run: Run | DenseRun, truth: Path) -> TunedCut:
    if isinstance(run, DenseRun):
        raise UsageError(
            f"--tune takes lists, and {printable(run.path)} is a matrix.",
            "Convert it first: glckit convert RUN run.csv --max-rows 150.",
        )
    return tuned(best_to_worst(run), run.occurrence_ids, read_truth_sets(truth))


def _written(run: Run | DenseRun, path: Path, options: ConversionOptions) -> Conversion:
    if options.board is not None:
        lists = rows_of(run, options) if isinstance(run, DenseRun) else lists_of(run, options)
        return write_board(lists, path, options.board, new=not options.force)
    if isinstance(run, DenseRun):
        return write_rows_of(run, path, options)
    return write_lists_of(run, path, options)


def _without_repeats(run: Run, mending: Mending) -> Run:
    """Return a run without pairs that say again what an earlier line said."""
    repeated = repeated_pairs(run)
    if not len(repeated):
        return run
    keep = np.ones(run.n_pairs, dtype=bool)
    keep[repeated] = False
    mending.counts[REPEATS] += len(repeated)
    return replace(run, rows=run.row_numbers(np.flatnonzero(keep)), pairs=run.pairs.where(keep))


def _checked(run: Run | DenseRun, requirements: Requirements, names: NamesOnDemand) -> Validation:
    checked = check(run, requirements)
    if not checked.valid:
        raise InvalidRunError(Validation(run.path, checked.errors, ()), hint=names.hints(checked.errors))
    return checked
