"""Converting runs that are lists of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.conversion.cutting import Cut
from submissions.conversion.options import ConversionOptions
from submissions.conversion.results import Conversion
from submissions.run import Run
from submissions.writing import best_first, first_of_each, write_matrix, write_run

#: Some occurrences with their pairs, from best to worst.
Lists = tuple[NDArray[np.integer], Pairs]


def best_to_worst(run: Run) -> Pairs:
    """Return the pairs of a run in order: by rank where that decides, else by score."""
    if not run.rank_decides or run.pairs.ranks is None:
        return best_first(run.pairs)
    order = np.lexsort([run.pairs.ranks, run.pairs.owners])
    return run.pairs.taken(order, run.pairs.offsets)


def write_lists_of(run: Run, path: Path, options: ConversionOptions) -> Conversion:
    """Write a run as the suffix says: ours, or a matrix."""
    kept = run.pairs if options.cut == Cut() else options.cut.of(best_to_worst(run))
    lists = np.flatnonzero(np.diff(kept.offsets))
    ids, pairs = run.occurrence_ids[lists], kept if len(lists) == kept.n_lists else kept.select(lists)
    # Old ranks still break ties of scores before the new ones replace them.
    pairs = replace(best_first(pairs), ranks=None) if options.rerank else pairs
    write = write_matrix if path.suffix.lower() == ".npy" else write_run
    write(path, ids, pairs, max_rows=options.max_rows, new=not options.force)
    lengths = np.diff(pairs.offsets).tolist()
    n_pairs = sum(min(length, options.max_rows or length) for length in lengths)
    return Conversion(len(ids), n_pairs, n_unsaid=len(run.occurrence_ids) - len(ids) + len(run.empty))


def lists_of(run: Run, options: ConversionOptions) -> Iterator[Lists]:
    """Yield the lists of a run by ascending id, empty ones among them."""
    pairs = options.cut.of(best_to_worst(run))
    if options.max_rows is not None:
        pairs = first_of_each(pairs, options.max_rows)
    ids = np.concatenate([run.occurrence_ids, run.empty])
    ends = np.full(len(run.empty), pairs.offsets[-1])
    order = np.argsort(ids)
    pairs = replace(pairs, offsets=np.concatenate([pairs.offsets, ends])).select(order)
    for lists in pairs.chunks():
        yield ids[order][lists], pairs.within(lists)
