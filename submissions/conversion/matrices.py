"""Converting runs that are matrices, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import nth_largest
from scoring.sparse import Pairs
from submissions.conversion.cutting import Cut
from submissions.conversion.lists import Lists
from submissions.conversion.options import ConversionOptions
from submissions.conversion.results import Conversion
from submissions.run import DenseRun
from submissions.writing import best_first, matrix_writer, run_writer

_BLOCK_ROWS = 256

# Some rows of a matrix.
_Rows = slice | NDArray[np.intp]


def write_rows_of(run: DenseRun, path: Path, options: ConversionOptions) -> Conversion:
    """Write a matrix as the suffix says: ours, or a matrix again."""
    n_occurrences = n_pairs = n_unsaid = 0
    with _writer(run, path, new=not options.force) as add:
        for rows, pairs in _blocks(run, options.max_rows):
            kept = pairs if options.cut == Cut() else options.cut.of(best_first(pairs))
            add(rows, kept)
            n_filled = int(np.count_nonzero(np.diff(kept.offsets)))
            n_unsaid += len(kept.offsets) - 1 - n_filled
            n_occurrences += n_filled
            n_pairs += len(kept.scores)
    return Conversion(n_occurrences, n_pairs, n_unsaid=0 if path.suffix.lower() == ".npy" else n_unsaid)


def rows_of(run: DenseRun, options: ConversionOptions) -> Iterator[Lists]:
    """Yield the rows of a matrix as `submissions.conversion.lists.lists_of` does lists."""
    order = np.argsort(run.occurrence_ids)
    for rows, pairs in _blocks(run, options.max_rows, order):
        yield run.occurrence_ids[rows], options.cut.of(best_first(pairs))


@contextmanager
def _writer(run: DenseRun, target: Path, *, new: bool) -> Iterator[Callable[[_Rows, Pairs], None]]:
    """Yield what takes the pairs of some rows, in the format of the target."""
    if target.suffix.lower() == ".npy":
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


def _blocks(
    run: DenseRun, max_rows: int | None, order: NDArray[np.intp] | None = None
) -> Iterator[tuple[_Rows, Pairs]]:
    """Yield the pairs of some rows at a time, in order, at most `max_rows` per row, ties by column."""
    for first in range(0, len(run.scores), _BLOCK_ROWS):
        places = slice(first, min(first + _BLOCK_ROWS, len(run.scores)))
        chosen: _Rows = places if order is None else order[places]
        block = np.asarray(run.scores[chosen], np.float64)
        kept = [_best_columns(row, max_rows) for row in block]
        offsets = np.cumsum([0, *map(len, kept)])
        columns = np.concatenate(kept)
        rows = np.repeat(np.arange(len(block)), np.diff(offsets))
        pairs = Pairs(offsets, run.species_ids[columns], block[rows, columns])
        yield chosen, pairs


def _best_columns(row: NDArray[np.float64], max_rows: int | None) -> NDArray[np.intp]:
    present = np.flatnonzero(row > -np.inf)
    if max_rows is None or len(present) <= max_rows:
        return present
    last = nth_largest(row, max_rows)
    above = np.flatnonzero(row > last)
    tied = np.flatnonzero(row == last)[: max_rows - len(above)]
    return np.union1d(above, tied)
