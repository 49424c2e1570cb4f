"""Converting runs: any format into any, mending what can be mended."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import nth_largest
from scoring.sparse import Pairs
from submissions.checks.sparse import duplicates
from submissions.progress import SILENT, Progress
from submissions.reading.editions import is_other_edition, read_other_edition
from submissions.reading.mending import MendingReader
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES, STDIN
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.validation import InvalidRunError, Validation, check
from submissions.writing import best_first, matrix_writer, run_writer, write_matrix, write_run

_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what it mended how often."""

    n_occurrences: int
    n_pairs: int
    mended: Mapping[str, int]


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    max_rows: int | None = None,
    rerank: bool = False,
    max_bytes: int = MAX_BYTES,
    progress: Progress = SILENT,
) -> Conversion:
    """Convert a run in any format, also of other editions, into the format that the target's suffix names.

    Each occurrence keeps its `max_rows` best pairs; `rerank` numbers ranks anew, by score. ``-`` is
    standard input, and reading stops after `max_bytes` decompressed bytes.

    Raises
    ------
    InvalidRunError
        If something is wrong that cannot be mended; nothing is written then.
    """
    mended: Counter[str] = Counter()
    with _spooled(source) as path:
        run = replace(_read(path, mended, max_bytes, progress), path=os.fspath(source))
    run = _without_repeats(run, mended) if isinstance(run, Run) else run
    _refuse_unmendable(run)
    if isinstance(run, DenseRun):
        return _write_dense(run, target, max_rows)
    # Old ranks still break ties of scores before the new ones replace them.
    pairs = replace(best_first(run.pairs), ranks=None) if rerank else run.pairs
    if Path(target).suffix.lower() == ".npy":
        write_matrix(target, run.occurrence_ids, pairs, max_rows=max_rows)
    else:
        write_run(target, run.occurrence_ids, pairs, max_rows=max_rows)
    lengths = np.diff(pairs.offsets)
    n_pairs = int(np.minimum(lengths, max_rows).sum()) if max_rows else run.n_pairs
    return Conversion(len(run.occurrence_ids), n_pairs, mended)


@contextmanager
def _spooled(source: str | os.PathLike[str]) -> Iterator[str | os.PathLike[str]]:
    """Yield a path that can be opened twice: standard input is copied to a temporary file."""
    if os.fspath(source) != STDIN:
        yield source
        return
    with tempfile.NamedTemporaryFile(prefix="glckit-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield file.name


def _read(
    source: str | os.PathLike[str], mended: Counter[str], max_bytes: int, progress: Progress
) -> Run | DenseRun:
    if is_other_edition(source):
        return read_other_edition(source, max_bytes=max_bytes, progress=progress)
    second_look = partial(MendingReader, mended=mended)
    run = read_run(source, max_bytes=max_bytes, progress=progress, second_look=second_look)
    if isinstance(run, DenseRun) or not run.n_pairs:
        return run
    faults = tuple(fault for fault in run.faults if fault.code != "header")
    if len(faults) < len(run.faults):  # the columns that are needed were there, or there would be no pairs
        mended["further columns left out"] += 1
    return replace(run, faults=faults)


def _without_repeats(run: Run, mended: Counter[str]) -> Run:
    """Return a run without pairs that say again what an earlier line said."""
    later = duplicates(run)
    if not len(later):
        return run
    keep = np.ones(run.n_pairs, dtype=bool)
    keep[[pair for pair in later.tolist() if _repeats_itself(run.pairs, pair)]] = False
    mended["repeated lines left out"] += int(np.count_nonzero(~keep))
    offsets = np.concatenate([[0], np.cumsum(keep)])[run.pairs.offsets]
    return replace(run, rows=run.row_numbers(np.flatnonzero(keep)), pairs=run.pairs.taken(keep, offsets))


def _repeats_itself(pairs: Pairs, pair: int) -> bool:
    first = pairs.offsets[np.searchsorted(pairs.offsets, pair, side="right") - 1]
    same = np.flatnonzero(pairs.species[first:pair] == pairs.species[pair]) + first
    ranks_agree = pairs.ranks is None or bool((pairs.ranks[same] == pairs.ranks[pair]).all())
    return bool((pairs.scores[same] == pairs.scores[pair]).all()) and ranks_agree


def _refuse_unmendable(run: Run | DenseRun) -> None:
    errors = check(run, Requirements()).errors
    if errors:
        raise InvalidRunError(Validation(run.path, errors, ()))


def _write_dense(run: DenseRun, target: str | os.PathLike[str], max_rows: int | None) -> Conversion:
    n_occurrences = n_pairs = 0
    with _dense_writer(run, target) as add:
        for rows, pairs in _blocks(run, max_rows):
            add(rows, pairs)
            n_occurrences += int(np.count_nonzero(np.diff(pairs.offsets)))
            n_pairs += len(pairs.scores)
    return Conversion(n_occurrences, n_pairs, {})


@contextmanager
def _dense_writer(run: DenseRun, target: str | os.PathLike[str]) -> Iterator[Callable[[slice, Pairs], None]]:
    """Yield what takes the pairs of some rows, in the format of the target."""
    if Path(target).suffix.lower() == ".npy":
        ids = (run.occurrence_ids, run.species_ids)
        with matrix_writer(target, *ids, dtype=run.scores.dtype) as matrix:
            yield lambda rows, pairs: _scatter(matrix[rows], pairs, run.species_ids)
    else:
        with run_writer(target) as writer:
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
