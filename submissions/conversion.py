"""Converting runs: any format into any, mending what can be mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import nth_largest
from scoring.sparse import Pairs
from submissions.checks.sparse import repeated_pairs
from submissions.files import refuse_existing
from submissions.memory import memory_errors_named
from submissions.progress import SILENT, Progress
from submissions.reading.mending import REPEATS, Mending
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.species import NamesOnDemand
from submissions.validation import InvalidRunError, Validation, check
from submissions.writing import (
    best_first,
    matrix_writer,
    paths_written,
    run_writer,
    write_matrix,
    write_run,
)

_BLOCK_ROWS = 256


@dataclass(frozen=True)
class ConversionOptions:
    """How a run is converted.

    Parameters
    ----------
    max_rows : int, optional
        Pairs kept per occurrence, the best.
    rerank : bool
        Whether ranks are numbered anew, by score.
    species : Path, optional
        The species table, whose names may stand where ids belong.
    max_bytes : int
        Decompressed bytes that are read.
    force : bool
        Whether what is there is replaced.
    """

    max_rows: int | None = None
    rerank: bool = False
    species: Path | None = None
    max_bytes: int = MAX_BYTES
    force: bool = False


_USUAL = ConversionOptions()


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what it mended how often."""

    n_occurrences: int
    n_pairs: int
    mended: Mapping[str, int]


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
        If there is a file already where one is to be written, unless `force` is given.
    """
    if not options.force:
        for path in paths_written(target):
            refuse_existing(path)
    names = NamesOnDemand(options.species)
    mending = Mending(names.species_of)
    with memory_errors_named(os.fspath(source)):
        run = read_run(source, max_bytes=options.max_bytes, progress=progress, mending=mending)
        run = _without_repeats(run, mending) if isinstance(run, Run) else run
        _refuse_unmendable(run, names)
        if isinstance(run, DenseRun):
            return _write_dense(run, target, options)
        return _write_pairs(run, target, options, +mending.counts)


def _write_pairs(
    run: Run, target: str | os.PathLike[str], options: ConversionOptions, mended: Mapping[str, int]
) -> Conversion:
    # Old ranks still break ties of scores before the new ones replace them.
    pairs = replace(best_first(run.pairs), ranks=None) if options.rerank else run.pairs
    write = write_matrix if Path(target).suffix.lower() == ".npy" else write_run
    write(target, run.occurrence_ids, pairs, max_rows=options.max_rows, new=not options.force)
    lengths = np.diff(pairs.offsets).tolist()
    n_pairs = sum(min(length, options.max_rows or length) for length in lengths)
    return Conversion(len(run.occurrence_ids), n_pairs, mended)


def _without_repeats(run: Run, mending: Mending) -> Run:
    """Return a run without pairs that say again what an earlier line said."""
    repeated = repeated_pairs(run)
    if not len(repeated):
        return run
    keep = np.ones(run.n_pairs, dtype=bool)
    keep[repeated] = False
    mending.counts[REPEATS] += len(repeated)
    offsets = np.concatenate([[0], np.cumsum(keep)])[run.pairs.offsets]
    return replace(run, rows=run.row_numbers(np.flatnonzero(keep)), pairs=run.pairs.taken(keep, offsets))


def _refuse_unmendable(run: Run | DenseRun, names: NamesOnDemand) -> None:
    errors = check(run, Requirements()).errors
    if errors:
        raise InvalidRunError(Validation(run.path, errors, ()), hint=names.hints(errors))


def _write_dense(run: DenseRun, target: str | os.PathLike[str], options: ConversionOptions) -> Conversion:
    n_occurrences = n_pairs = 0
    with _dense_writer(run, target, new=not options.force) as add:
        for rows, pairs in _blocks(run, options.max_rows):
            add(rows, pairs)
            n_occurrences += int(np.count_nonzero(np.diff(pairs.offsets)))
            n_pairs += len(pairs.scores)
    return Conversion(n_occurrences, n_pairs, {})


@contextmanager
def _dense_writer(
    run: DenseRun, target: str | os.PathLike[str], *, new: bool
) -> Iterator[Callable[[slice, Pairs], None]]:
    """Yield what takes the pairs of some rows, in the format of the target."""
    if Path(target).suffix.lower() == ".npy":
        ids = (run.occurrence_ids, run.species_ids)
        with matrix_writer(target, *ids, dtype=run.scores.dtype, new=new) as matrix:
            yield lambda rows, pairs: _scatter(matrix[rows], pairs, run.species_ids)
    else:
        with run_writer(target, new=new) as writer:
            yield lambda rows, pairs: writer.add(run.occurrence_ids[rows], pairs)


def _scatter(rows: NDArray[np.floating], pairs: Pairs, species_ids: NDArray[np.integer]) -> None:
    order = np.argsort(species_ids)
    columns = order[np.searchsorted(species_ids[order], pairs.species)]
    rows[:] = -np.inf
    rows[np.repeat(np.arange(len(rows)), np.diff(pairs.offsets)), columns] = pairs.scores


def _blocks(run: DenseRun, max_rows: int | None) -> Iterator[tuple[slice, Pairs]]:
    """Yield the pairs of some rows at a time, at most `max_rows` per row, ties by column."""
    for first in range(0, len(run.scores), _BLOCK_ROWS):
        block = np.asarray(run.scores[first : first + _BLOCK_ROWS], np.float64)
        kept = [_best_columns(row, max_rows) for row in block]
        offsets = np.cumsum([0, *map(len, kept)])
        columns = np.concatenate(kept)
        rows = np.repeat(np.arange(len(block)), np.diff(offsets))
        pairs = Pairs(offsets, run.species_ids[columns], block[rows, columns])
        yield slice(first, first + len(block)), pairs


def _best_columns(row: NDArray[np.float64], max_rows: int | None) -> NDArray[np.intp]:
    present = np.flatnonzero(row > -np.inf)
    if max_rows is None or len(present) <= max_rows:
        return present
    last = nth_largest(row, max_rows)
    above = np.flatnonzero(row > last)
    tied = np.flatnonzero(row == last)[: max_rows - len(above)]
    return np.union1d(above, tied)
