"""Converting runs: any format into any, mending what can be mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import nth_largest
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.sparse import Pairs
from submissions.boards import board_writer, has_lists, refuse_other_than_text
from submissions.checks.sparse import repeated_pairs
from submissions.cutting import Cut, TunedCut, tuned
from submissions.editions import EDITIONS, Edition, edition_of
from submissions.errors import UsageError
from submissions.files import refuse_existing
from submissions.memory import memory_errors_named
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.reading.mending import REPEATS, Mending
from submissions.reading.runs import read_run
from submissions.reading.sources import MAX_BYTES
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.species import NamesOnDemand
from submissions.tables import read_truth_sets
from submissions.validation import InvalidRunError, Validation, check
from submissions.writing import (
    best_first,
    first_of_each,
    matrix_writer,
    paths_written,
    run_writer,
    write_matrix,
    write_run,
)

_BLOCK_ROWS = 256

# Some rows of a matrix; some occurrences with their pairs.
_Rows = slice | NDArray[np.intp]
_Lists = tuple[NDArray[np.integer], Pairs]


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
    columns : tuple of str, optional
        The columns of a run without a header.
    edition : Edition, optional
        That of a run without a header, where its columns are not named.
    to : int, optional
        The edition whose board is to take what is written.
    top : int, optional
        Pairs kept per occurrence, the best; `max_rows` by another name, for sets.
    above : float, optional
        The score that kept pairs exceed.
    tune : Path, optional
        The truth by which `top` or `above` is chosen.
    """

    max_rows: int | None = None
    rerank: bool = False
    species: Path | None = None
    max_bytes: int = MAX_BYTES
    force: bool = False
    columns: tuple[str, ...] | None = None
    edition: Edition | None = None
    to: int | None = None
    top: int | None = None
    above: float | None = None
    tune: Path | None = None


_USUAL = ConversionOptions()


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and what it mended how often.

    Parameters
    ----------
    n_unsaid : int
        Occurrences without species, which what was written cannot say.
    n_beyond : int
        Pairs left out because the board allows no more per occurrence.
    tuning : TunedCut, optional
        The cuts that were tried.
    """

    n_occurrences: int
    n_pairs: int
    mended: Mapping[str, int] = field(default_factory=dict)
    n_unsaid: int = 0
    n_beyond: int = 0
    tuning: TunedCut | None = None


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
    edition = _edition(path, options)
    if not options.force:
        for each in paths_written(path):
            refuse_existing(each)
    names = NamesOnDemand(options.species)
    mending = Mending(names.species_of)
    with memory_errors_named(os.fspath(source)):
        run = read_run(
            source,
            max_bytes=options.max_bytes,
            progress=progress,
            mending=mending,
            columns=options.columns,
            form=options.edition.form if options.edition else None,
        )
        run = _without_repeats(run, mending) if isinstance(run, Run) else run
        _refuse_unmendable(run, names)
        tuning = None if options.tune is None else _tuned(run, options.tune)
        cut = Cut(options.top, options.above) if tuning is None else tuning.best.cut
        done = _written(run, path, cut, options, edition)
    return replace(done, mended=+mending.counts, tuning=tuning)


def _edition(path: Path, options: ConversionOptions) -> Edition | None:
    """Return the edition whose file is written, refusing options that do not go together."""
    edition = None if options.to is None else edition_of(options.to)
    if options.tune is not None and (options.top, options.above) != (None, None):
        raise UsageError("--tune chooses what --top and --above say.", "Give one of them.")
    if options.tune is not None and (edition is None or edition.metrics[0] != F1_SAMPLES.name):
        years = [str(each.year) for each in EDITIONS.values() if each.metrics[0] == F1_SAMPLES.name]
        raise UsageError(
            f"--tune makes sets for an edition that ranked by {F1_SAMPLES.name}.",
            f"Give --to with one of {', '.join(years)}.",
        )
    if edition is None or edition.form == "long":
        return None
    refuse_other_than_text(path, edition)
    return edition


def _tuned(run: Run | DenseRun, truth: Path) -> TunedCut:
    if isinstance(run, DenseRun):
        raise UsageError(
            f"--tune takes lists, and {printable(run.path)} is a matrix.",
            "Convert it first: glckit convert RUN run.csv --max-rows 150.",
        )
    return tuned(_in_order(run), run.occurrence_ids, read_truth_sets(truth))


def _written(
    run: Run | DenseRun, path: Path, cut: Cut, options: ConversionOptions, edition: Edition | None
) -> Conversion:
    if edition is not None:
        lists = _rows_of(run, cut, options) if isinstance(run, DenseRun) else _lists_of(run, cut, options)
        return _write_board(lists, path, options, edition)
    if isinstance(run, DenseRun):
        return _write_dense(run, path, cut, options)
    return _write_pairs(run, path, cut, options)


def _write_pairs(run: Run, path: Path, cut: Cut, options: ConversionOptions) -> Conversion:
    is_cut = cut != Cut()
    kept = cut.of(_in_order(run)) if is_cut else run.pairs
    lists = np.flatnonzero(np.diff(kept.offsets))
    ids, pairs = run.occurrence_ids[lists], kept if len(lists) == kept.n_lists else kept.select(lists)
    # Old ranks still break ties of scores before the new ones replace them.
    pairs = replace(best_first(pairs), ranks=None) if options.rerank else pairs
    write = write_matrix if path.suffix.lower() == ".npy" else write_run
    write(path, ids, pairs, max_rows=options.max_rows, new=not options.force)
    lengths = np.diff(pairs.offsets).tolist()
    n_pairs = sum(min(length, options.max_rows or length) for length in lengths)
    n_unsaid = len(run.occurrence_ids) - len(ids) + len(run.empty)
    return Conversion(len(ids), n_pairs, n_unsaid=n_unsaid)


def _write_board(
    lists: Iterable[_Lists], path: Path, options: ConversionOptions, edition: Edition
) -> Conversion:
    """Write lists, each from best to worst, as a board takes them."""
    n_occurrences = n_pairs = n_unsaid = n_beyond = 0
    with board_writer(path, edition, new=not options.force) as writer:
        for ids, pairs in lists:
            allowed = pairs if edition.max_rows is None else first_of_each(pairs, edition.max_rows)
            n_beyond += len(pairs.scores) - len(allowed.scores)
            filled = np.flatnonzero(np.diff(allowed.offsets))
            if not has_lists(edition):
                n_unsaid += len(ids) - len(filled)
                ids, allowed = ids[filled], allowed.select(filled)
            writer.add(ids, _by_species(allowed) if edition.sorted_sets else allowed)
            n_occurrences += len(ids)
            n_pairs += len(allowed.scores)
    return Conversion(n_occurrences, n_pairs, n_unsaid=n_unsaid, n_beyond=n_beyond)


def _lists_of(run: Run, cut: Cut, options: ConversionOptions) -> Iterator[_Lists]:
    """Yield the lists of a run by ascending id, empty ones among them."""
    pairs = cut.of(_in_order(run))
    if options.max_rows is not None:
        pairs = first_of_each(pairs, options.max_rows)
    ids = np.concatenate([run.occurrence_ids, run.empty])
    ends = np.full(len(run.empty), pairs.offsets[-1])
    order = np.argsort(ids)
    pairs = replace(pairs, offsets=np.concatenate([pairs.offsets, ends])).select(order)
    for lists in pairs.chunks():
        yield ids[order][lists], pairs.within(lists)


def _rows_of(run: DenseRun, cut: Cut, options: ConversionOptions) -> Iterator[_Lists]:
    """Yield the rows of a matrix as `_lists_of` does lists."""
    order = np.argsort(run.occurrence_ids)
    for rows, pairs in _blocks(run, options.max_rows, order):
        yield run.occurrence_ids[rows], cut.of(best_first(pairs))


def _by_species(pairs: Pairs) -> Pairs:
    lists = np.repeat(np.arange(pairs.n_lists), np.diff(pairs.offsets))
    return pairs.taken(np.lexsort([pairs.species, lists]), pairs.offsets)


def _in_order(run: Run) -> Pairs:
    """Return the pairs of a run from best to worst: by rank where that decides, else by score."""
    if not run.rank_decides or run.pairs.ranks is None:
        return best_first(run.pairs)
    lists = np.repeat(np.arange(run.pairs.n_lists), np.diff(run.pairs.offsets))
    return run.pairs.taken(np.lexsort([run.pairs.ranks, lists]), run.pairs.offsets)


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


def _write_dense(run: DenseRun, path: Path, cut: Cut, options: ConversionOptions) -> Conversion:
    n_occurrences = n_pairs = n_emptied = 0
    with _dense_writer(run, path, new=not options.force) as add:
        for rows, pairs in _blocks(run, options.max_rows):
            kept = pairs if cut == Cut() else cut.of(best_first(pairs))
            add(rows, kept)
            n_filled = int(np.count_nonzero(np.diff(kept.offsets)))
            n_emptied += int(np.count_nonzero(np.diff(pairs.offsets))) - n_filled
            n_occurrences += n_filled
            n_pairs += len(kept.scores)
    return Conversion(n_occurrences, n_pairs, n_unsaid=0 if path.suffix.lower() == ".npy" else n_emptied)


@contextmanager
def _dense_writer(run: DenseRun, target: Path, *, new: bool) -> Iterator[Callable[[_Rows, Pairs], None]]:
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
